"""A built network written as the code that builds it."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING

from lab.engine.layers import LAYERS
from lab.engine.networks import inner_parts, is_drawn_anew

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import nn

    from lab.engine.experiment import Part


def layer_lines(layers: Sequence[Part], network: nn.Module) -> list[str]:
    """Return a line a layer, as arguments of ``nn.Sequential``; blocks take several."""
    lines: list[str] = []
    for part, module in zip(layers, network.children(), strict=True):
        if LAYERS[part.kind].wrap is not None:
            inner = layer_lines(inner_parts(part), module.inner)  # type: ignore[arg-type]
            name = type(module).__name__
            lines += [f"{name}(", *(f"    {line}" for line in inner), "),"]
        else:
            lines.append(f"{_call(part, module)},")
    return lines


def _call(part: Part, module: nn.Module) -> str:
    """Return the repr of a module as code: what torch takes by itself is left out.

    Why the repr: what is written is what was built, not what was asked for. That of the parts
    which a module makes by itself is no argument.
    """
    call = ast.parse(f"{type(module).__name__}({module.extra_repr()})", mode="eval").body
    assert isinstance(call, ast.Call)
    parameters = inspect.signature(type(module)).parameters
    given = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg}
    given |= {name: part[name] for name in LAYERS[part.kind].untold}
    arguments = [ast.unparse(a) for a in call.args]
    for name, value in given.items():
        default = parameters[name].default
        if value not in (default, (default, default)):  # a window is shown as (side, side)
            arguments.append(f"{name}={value!r}")
    own = "" if type(module).__module__.startswith("lab.") else "nn."
    return f"{own}{type(module).__name__}({', '.join(arguments)})"


def first_weights(layers: Sequence[Part], net: str = "net") -> Iterator[str]:
    """Yield the calls that draw weights otherwise than torch does, in the engine's order."""
    for index, part in enumerate(layers):
        if LAYERS[part.kind].wrap is not None:
            yield from first_weights(inner_parts(part), f"{net}[{index}].inner")
        elif is_drawn_anew(part):
            name, std, gain = part["init"], part["std"], part["gain"]
            yield f'initialise({net}[{index}], "{name}", std={std!r}, gain={gain!r})'
