"""The panels: one folder each, strangers to one another."""
