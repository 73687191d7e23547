"""Outputs read as answers, and answers counted: arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    Float32Array = npt.NDArray[np.float32]
    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]


def softmax(outputs: FloatArray) -> FloatArray:
    """Probabilities ``exp(o_k) / sum_j exp(o_j)`` of each row, shape (N, C)."""
    shifted = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def sigmoid(outputs: FloatArray) -> FloatArray:
    """``1 / (1 + exp(-o))``, without overflow at either end."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * outputs)))


def class_scores(outputs: FloatArray, answer: str) -> FloatArray:
    """One number for each class, the greatest wins, shape (N, C).

    ``softmax`` and ``sigmoid`` give probabilities; a single ``score`` o speaks for the second
    class and −o for the first; several scores stand for themselves.

    Parameters
    ----------
    outputs : ndarray, shape (N, K)
        K is 1 where one output parts two classes.
    answer : {"softmax", "sigmoid", "score"}
    """
    if answer == "softmax":
        return softmax(outputs)
    if answer == "sigmoid":
        second = sigmoid(outputs[:, :1])
        return np.concatenate([1.0 - second, second], axis=1)
    if outputs.shape[1] == 1:
        return np.concatenate([-outputs, outputs], axis=1)
    return outputs


def predicted(outputs: FloatArray) -> IntArray:
    """The class that each row names: of one output its sign, of several the greatest, (N,)."""
    if outputs.shape[1] == 1:
        return np.asarray(outputs[:, 0] > 0, dtype=np.int64)
    return np.asarray(outputs.argmax(axis=1), dtype=np.int64)


def certainty(scores: FloatArray, answer: str) -> FloatArray:
    """How sure each row is, shape (N,): the winner's probability, or its lead in scores."""
    if answer in {"softmax", "sigmoid"}:
        return np.asarray(scores.max(axis=1))
    ordered = np.sort(scores, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])


def lead_of_truth(scores: FloatArray, labels: IntArray) -> FloatArray:
    """The true class's score less the best of the others, (N,): below zero where wrong."""
    rows = np.arange(len(scores))
    others = scores.copy()
    others[rows, labels] = -np.inf
    return np.asarray(scores[rows, labels] - others.max(axis=1))


def confusion(labels: IntArray, answers: IntArray, classes: int) -> IntArray:
    """How many samples of each true class (rows) got each answer (columns), (C, C)."""
    places = labels.astype(np.int64) * classes + answers
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def shares_of_rows(counts: IntArray) -> FloatArray:
    """Each row divided by its sum; rows without any samples stay zero."""
    sums = counts.sum(axis=1, keepdims=True)
    return np.asarray(counts / np.maximum(sums, 1))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the plane: outer edges."""

    x0: float
    x1: float
    y0: float
    y1: float


def axis_centres(box: Box, cells: int) -> tuple[FloatArray, FloatArray]:
    """Centres of the columns and of the rows of a map, shapes (cells,) each."""
    steps = (np.arange(cells) + 0.5) / cells
    return box.x0 + steps * (box.x1 - box.x0), box.y0 + steps * (box.y1 - box.y0)


def map_points(box: Box, cells: int) -> FloatArray:
    """Coordinates of all cells of a map, row by row from the least y, (cells², 2)."""
    x, y = axis_centres(box, cells)
    return np.stack([np.tile(x, cells), np.repeat(y, cells)], axis=1)


def enlarged(cells: FloatArray, factor: int) -> Float32Array:
    """A map with ``factor`` times as many rows and columns, linear between the centres.

    Beyond the outermost centres the value stays.
    """
    rows, columns = cells.shape
    narrow = cells.astype(np.float32)  # pixels need no more
    fine = _weights(rows, factor) @ narrow @ _weights(columns, factor).T
    return np.asarray(fine, np.float32)


@cache
def _weights(n: int, factor: int) -> Float32Array:
    """Matrix that interpolates n values at the centres of n · factor cells."""
    places = np.clip((np.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1)
    left = np.minimum(places.astype(np.int64), max(n - 2, 0))
    share = places - left
    weights = np.zeros((n * factor, n), np.float32)
    rows = np.arange(n * factor)
    weights[rows, left] = 1 - share
    weights[rows, np.minimum(left + 1, n - 1)] += share
    return weights


def histogram(values: FloatArray, edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Counts between edges as a staircase curve: x (2B,), y (2B,), with feet at both ends."""
    counts, _ = np.histogram(values, edges)
    x = np.repeat(edges, 2)
    y = np.concatenate([[0], np.repeat(counts, 2), [0]]).astype(float)
    return x, y
