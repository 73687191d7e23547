"""Run: what is trained on what and how, as a form made from the engine's tables.

What may change while training goes on is taken over at once and logged; a setting that needs
the run to begin anew says so. Nothing here knows a formula: the tables belong to the engine.
"""
