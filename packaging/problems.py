"""The one way in which set-up gives up: a sentence for the person at the keyboard."""

from __future__ import annotations


class SetupError(Exception):
    """What is wrong, where, and what to do; printed as it stands, without a traceback."""
