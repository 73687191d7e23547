"""How well typed letters match the text of a command: no Qt, no state."""

from __future__ import annotations


def score(typed: str, text: str) -> float | None:
    """Return how well ``typed`` matches, larger is better; None if it does not.

    Each typed word must be found: at the start of a word of the text (best), inside it, or as
    letters in order (worst). Shorter texts win a tie.

    >>> score("exw", "Export weights") is not None, score("zz", "Export weights") is None
    (True, True)
    """
    lowered = text.lower()
    total = 0.0
    for word in typed.lower().split():
        found = _word_score(word, lowered)
        if found is None:
            return None
        total += found
    return total - len(text) / 1000


def _word_score(word: str, text: str) -> float | None:
    if text.startswith(word):
        return 4.0
    if any(part.startswith(word) for part in text.replace("(", " ").split()):
        return 3.0
    if word in text:
        return 2.0
    return 1.0 if _in_order(word, text) else None


def _in_order(word: str, text: str) -> bool:
    """Whether the letters stand in the text in this order, the first one beginning a word."""
    starts = [i for i, c in enumerate(text) if c == word[0] and (i == 0 or text[i - 1] == " ")]
    for start in starts:
        letters = iter(text[start:])
        if all(letter in letters for letter in word):
            return True
    return False
