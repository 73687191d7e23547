"""A trained network as an ONNX model: what it answers, for batches of any size.

The input is called ``input``, the output ``output``, their first axis ``batch``. The model is
in single precision whatever the run was in, as few runtimes take more. Inputs are those that
the network gets, so standardise them as the description in the metadata says.
"""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from lab.engine.kinds import ExperimentError
from lab.engine.lazy import LazyModule
from lab.engine.networks import blank_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import torch
    from torch import Tensor, nn

    from lab.engine.experiment import Experiment
    from lab.engine.shapes import Shape
else:
    torch = LazyModule("torch")

NEEDED = ("onnx", "onnxscript")


@dataclass(frozen=True)
class Described:
    """What of a run makes up a model: the network, and what the file says of the run.

    ``shape`` is that of one sample, ``outputs`` how many numbers the loss wants.
    """

    experiment: Experiment
    shape: Shape
    outputs: int
    metadata: Mapping[str, str]


def model_bytes(asked: Described, tensors: Mapping[str, Tensor]) -> bytes:
    """Return the serialised model of a network with these weights, in evaluation mode.

    The exporter sets switches that hold for the whole process: where anything trains in it,
    let `lab.engine.onnx_process` do this.

    Raises
    ------
    ExperimentError
        If the extra packages are missing, or ONNX has no words for the network.
    """
    _require_packages()
    network = blank_network(asked.experiment.layers, asked.shape, asked.outputs)
    network.to_empty(device="cpu")
    network.load_state_dict(dict(tensors))
    model = _exported(network.float().eval(), asked.shape)
    _forget_places(model)
    for key, value in asked.metadata.items():
        model.metadata_props.add(key=key, value=value)
    return bytes(model.SerializeToString())


def _require_packages() -> None:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ExperimentError(
            f"format: ONNX needs {' and '.join(missing)}, not installed here; "
            'type: pip install "nabla-lab[onnx]"'
        )


def _exported(network: nn.Module, shape: tuple[int, ...]) -> Any:
    """Return the model as a protocol buffer."""
    example = torch.zeros(2, *shape)  # not 1: that would be taken for a constant
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                (example,),
                dynamo=True,
                input_names=["input"],
                output_names=["output"],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                verbose=False,
            )
            assert program is not None
            return program.model_proto
    except Exception as error:
        cause = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ExperimentError(
            f"format: this network cannot be written as ONNX ({cause[:120]})."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's notes on its own progress and its own deprecations to itself."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.setLevel(logging.CRITICAL)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _forget_places(model: Any) -> None:
    """Remove the notes on which line of which file of this machine made each node."""
    for node in (*model.graph.node, *(n for f in model.functions for n in f.node)):
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
