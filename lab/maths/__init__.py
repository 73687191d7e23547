"""Formulas, arrays in, arrays out, no state; each beside its derivative."""
