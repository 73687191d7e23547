"""One sample's way through the network, forward and back, each number with its proof.

Formulas: `lab.maths.layers`, `lab.maths.losses`, `lab.maths.updates`.
"""
