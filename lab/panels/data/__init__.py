"""Data and answer: what the network is asked, and what it answers at the step looked at.

For points in a plane the answer is a map with its boundary, for curves a fitted line, for
images a grid of samples, for tables confusion, confidence and residuals. Probabilities are
softmax(o)ₖ = exp(oₖ) / Σⱼ exp(oⱼ) or σ(o) = 1 / (1 + exp(−o)) where the loss means them so;
otherwise outputs are shown as they are.
"""
