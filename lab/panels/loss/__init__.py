"""Loss: how wrong the network is, step by step, in training and in test.

The faint curve is the loss of each step's batch, the solid one its running mean over the last
w steps, m(s) = (ℓ(s − w + 1) + … + ℓ(s)) / w, the dashed one the loss over the whole test set.
"""
