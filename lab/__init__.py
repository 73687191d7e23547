"""A desktop visual lab for the mathematics of neural networks.

Numeric libraries are asked for one thread before any of them is imported: beside a busy window
two threads are slower than one, and other counts change the bits of a sum. An experiment that
wants more says so (``threads``), and gets them from torch.
"""

import os

__version__ = "0.1.0"

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
