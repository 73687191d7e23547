"""The value of a formula as it is written: what a reader with a calculator would find."""

from __future__ import annotations

import math
import re

TOKENS = re.compile(r"@\d+@|\d+(?:\.\d+)?|\\[A-Za-z]+|\\[|]|[a-zA-Z]|\S")
SPACES = re.compile(r"\\[,;! ]")
FUNCTIONS = {
    r"\tanh": math.tanh,
    r"\log": math.log,
    r"\ln": math.log,
    r"\sigma": lambda z: 1 / (1 + math.exp(-z)),
    r"\Phi": lambda z: (1 + math.erf(z / math.sqrt(2))) / 2,
    r"\mathrm{sign}": lambda z: math.copysign(1.0, z) if z else 0.0,
    r"\mathrm{Mish}": lambda z: z * math.tanh(math.log1p(math.exp(z))),
    r"\abs": abs,
}
RELATIONS = {">": lambda a, b: a > b, r"\leq": lambda a, b: a <= b, "=": lambda a, b: a == b}
SIGNS = {"+", "-", ")", "}", "]", ",", *RELATIONS}


def evaluated(latex, symbols):
    """Return what a formula gives with the values of its symbols, longest names first."""
    known = []
    text = latex
    for name in sorted(symbols, key=len, reverse=True):
        known.append(float(symbols[name]))
        start = r"(?<![\\A-Za-z])" if name[0] != "\\" else ""
        end = r"(?![A-Za-z])" if name[-1].isalpha() else ""
        text = re.sub(start + re.escape(name) + end, f" @{len(known) - 1}@ ", text)
    text = text.replace(r"\left|", r"\abs(").replace(r"\right|", ")")
    text = SPACES.sub(" ", text).replace(r"\left", "").replace(r"\right", "")
    text = text.replace(r"\cdot", " * ").replace(r"\times", " * ")
    parser = _Parser(TOKENS.findall(text), known)
    made = parser.sum()
    assert parser.next is None, (latex, parser.rest)
    return made


class _Parser:
    def __init__(self, tokens, known):
        self.rest, self.known = tokens, known

    @property
    def next(self):
        return self.rest[0] if self.rest else None

    def take(self, wanted=None):
        token = self.rest.pop(0)
        assert wanted in (None, token), (wanted, token, self.rest)
        return token

    def sum(self):
        made = self.product()
        while self.next in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            made += sign * self.product()
        return made

    def product(self):
        made = self.signed()
        while self.next is not None and self.next not in SIGNS:
            if self.next == "/":
                self.take()
                made /= self.signed()
            elif self.next == "*":
                self.take()
                made *= self.signed()
            else:
                made *= self.power()
        return made

    def signed(self):
        if self.next in ("+", "-"):
            return (1 if self.take() == "+" else -1) * self.signed()
        return self.power()

    def power(self):
        base = self.one()
        if self.next == "^":
            self.take()
            return base ** self.argument()
        return base

    def argument(self):
        if self.next == "{":
            return self.within("{", "}")
        if self.next.isdigit():  # \frac12 and x^2 take one digit
            return float(self.take())
        return self.one()

    def within(self, start, end):
        self.take(start)
        made = self.sum()
        self.take(end)
        return made

    def one(self):
        token = self.take()
        if token[0] == "@":
            return self.known[int(token.strip("@"))]
        if token[0].isdigit():
            return float(token)
        if token in ("(", "{"):
            made = self.sum()
            self.take({"(": ")", "{": "}"}[token])
            return made
        if token == "[":
            left = self.sum()
            relation = RELATIONS[self.take()]
            right = self.sum()
            self.take("]")
            return float(relation(left, right))
        if token == "e":
            return math.e
        if token == r"\pi":
            return math.pi
        if token == r"\frac":
            above = self.argument()
            return above / self.argument()
        if token == r"\sqrt":
            return math.sqrt(self.argument())
        if token in (r"\max", r"\min"):
            return (max if token == r"\max" else min)(self.several())
        if token == r"\mathrm":
            token += "{" + "".join(self._word()) + "}"
        return FUNCTIONS[token](self.power())

    def _word(self):
        self.take("{")
        while self.next != "}":
            yield self.take()
        self.take("}")

    def several(self):
        self.take("(")
        made = [self.sum()]
        while self.next == ",":
            self.take()
            made.append(self.sum())
        self.take(")")
        return made
