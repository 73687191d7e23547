"""Making a description fit other data: another loss, another end or beginning of the network.

Whoever swaps the data wants to see it learned, not to be told first that cross-entropy cannot
judge numbers. What was changed is said, and what fits is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.engine.datasets import DATASETS, load
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.losses import LOSSES
from lab.engine.networks import checked_sizes
from lab.engine.preflight import check_batches, check_tokens
from lab.engine.preparation import statistics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.engine.experiment import Experiment, Part
    from lab.engine.preparation import FloatArray
    from lab.engine.shapes import Shape

_PLAIN = [{"kind": "linear", "units": 32}, {"kind": "relu"}, {"kind": "linear"}]


def adapted(wish: Experiment) -> tuple[Experiment, str]:
    """Return the description nearest to a wish that its data can be learned with, and why.

    The second value is empty where nothing had to change.

    Raises
    ------
    ExperimentError
        If the data cannot be read.
    """
    raw = load(DATASETS[wish.data.kind], wish.data.as_dict(), wish.seed)
    fitted, said = _fitting_loss(wish, len(raw.class_names))
    outputs = LOSSES[fitted.loss.kind].encoding(len(raw.class_names)).outputs
    fitted, more = _fitting_network(fitted, raw.x, outputs)
    fitted, last = _fitting_batches(fitted, len(raw.x))
    return fitted, " ".join(filter(None, (said, more, last)))


def _fitting_loss(wish: Experiment, classes: int) -> tuple[Experiment, str]:
    try:
        LOSSES[wish.loss.kind].encoding(classes)
    except ExperimentError:
        name = "cross_entropy" if classes else "mse_loss"
        return wish.changed(
            {"loss.kind": name}
        ), f"The loss is now {LOSSES[name].title.lower()}."
    return wish, ""


def _fitting_network(wish: Experiment, x: FloatArray, outputs: int) -> tuple[Experiment, str]:
    shape: Shape = tuple(x.shape[1:])
    for layers, said in _networks(wish):
        described = wish.model_dump() | {"layers": layers}
        candidate = type(wish).model_validate(described)
        try:
            checked_sizes(candidate.layers, shape, outputs, 0, 4)
            check_tokens(candidate.layers, _standardised(x, wish.split.standardise))
        except ExperimentError:
            continue
        return candidate, said
    raise ExperimentError(f"layers: no network could be fitted to samples of shape {shape}.")


def _standardised(x: FloatArray, is_asked_for: bool) -> FloatArray:
    mean, deviation = statistics(x)
    return (x - mean) / deviation if is_asked_for else x


def _networks(wish: Experiment) -> Iterator[tuple[list[Any], str]]:
    """Yield networks to be tried, the nearest to the wish first."""
    layers: list[Any] = [p.model_dump() for p in wish.layers]
    yield layers, ""
    open_ended = _with_open_end(wish.layers)
    yield open_ended, "The last layer has as many outputs as the loss needs."
    yield [{"kind": "flatten"}, *open_ended], "A flatten layer makes features of the images."
    network = "The network is now a plain one of 32 units, which fits these samples."
    yield _PLAIN, network
    yield [{"kind": "flatten"}, *_PLAIN], network


def _with_open_end(layers: tuple[Part, ...]) -> list[Any]:
    dumped: list[Any] = [p.model_dump() for p in layers]
    for index in reversed(range(len(layers))):
        closing = LAYERS[layers[index].kind].closing
        if closing:
            dumped[index].pop(closing, None)
            break
    return dumped


def _fitting_batches(wish: Experiment, samples: int) -> tuple[Experiment, str]:
    training = samples - min(round(samples * wish.split.test_share), samples - 1)
    if wish.batches.size > training:
        wish = wish.changed({"batches.size": 0})
        return wish, "A batch is now the whole training set."
    try:
        check_batches(wish, training)
    except ExperimentError:
        return wish.changed(
            {"batches.drop_last": True}
        ), "A last batch of one sample is left out."
    return wish, ""
