"""Flow: how large signals, gradients and updates are in every layer, and what to do about it.

Measured by `lab.engine.flow` of the iteration at hand: √(Σv²/n) over the n numbers of a layer,
by depth and over time (NN9, NN10); what backpropagation saves, by `lab.engine.backprop_cost`
(NN15).
"""
