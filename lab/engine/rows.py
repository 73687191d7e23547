"""Settings as lines of a form: a label, an editor, a value and its range, from the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.engine.experiment import needs_reset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lab.engine.experiment import Part
    from lab.engine.kinds import Kind, Parameter

BEGINS_ANEW = "Changing this begins the run anew; undo brings the old one back."
TAKEN_OVER = "May change while the run goes on; the change is logged."
OPEN_CHOICES = {"": "Recognised"}
OPEN_TICK = {"": "As it is", "yes": "Yes", "no": "No"}
NO_LIMIT = 1e30


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the form.

    ``editor`` is ``heading``, ``number``, ``whole``, ``choice``, ``tick``, ``file`` or what
    else the form at hand knows; ``choices`` maps the names in the description to those on
    screen.
    """

    path: str
    label: str
    editor: str
    value: Any = None
    choices: Mapping[str, str] = field(default_factory=dict)
    low: float = -NO_LIMIT
    high: float = NO_LIMIT
    meaning: str = ""

    @property
    def shape(self) -> tuple[Any, ...]:
        """What the form is rebuilt for: fields can be told another value, range or meaning."""
        return (self.path, self.label, self.editor, tuple(self.choices.items()))

    @property
    def begins_anew(self) -> bool:
        """Whether a change begins the run anew."""
        return needs_reset(self.path)

    @property
    def tooltip(self) -> str:
        """What the setting means, and what changing it does."""
        return f"{self.meaning}\n{BEGINS_ANEW if self.begins_anew else TAKEN_OVER}".strip()


def kind_row(path: str, label: str, part: Part, table: Mapping[str, Kind]) -> Row:
    """Return the line in which a kind is chosen from its table."""
    titles = {name: kind.title for name, kind in table.items()}
    meaning = table[part.kind].summary
    return Row(f"{path}.kind", label, "choice", part.kind, titles, meaning=meaning)


def option_rows(path: str, part: Part, kind: Kind) -> Iterator[Row]:
    """Yield a line for each option of a part that a form can show."""
    for parameter in kind.parameters:
        row = option_row(f"{path}.{parameter.name}", parameter, part[parameter.name])
        if row:
            yield row


def option_row(path: str, parameter: Parameter, value: Any) -> Row | None:
    """Return the line of an option; tuples (points, columns) have gestures of their own."""
    label, meaning, wanted = _label(parameter), parameter.meaning, parameter.value_type
    if parameter.name == "path":
        return Row(path, "File", "file", value, meaning=meaning)
    if parameter.choices:
        names = {c: c.replace("_", " ").capitalize() for c in parameter.choices}
        names = (OPEN_CHOICES if parameter.default is None else {}) | names
        return Row(path, label, "choice", value or "", names, meaning=meaning)
    if parameter.default is None and wanted is bool:
        return Row(path, label, "choice", _OPEN[value], OPEN_TICK, meaning=meaning)
    field_name = {bool: "tick", int: "whole", float: "number"}.get(wanted)
    if field_name is None:
        return None
    low, high = max(parameter.low, -NO_LIMIT), min(parameter.high, NO_LIMIT)
    if parameter.default is None:
        low, value, meaning = 0, value or 0, meaning.replace("empty", "0")
    return Row(path, label, field_name, value, {}, low, high, meaning)


_OPEN = {None: "", True: "yes", False: "no"}
_SHORT_LABELS = {
    "Beta1": "Mean",
    "Beta2": "Square",
    "Eps": "Epsilon",
    "Label smoothing": "Smoothing",
    "Momentum decay": "Decay of μ",
}


def _label(parameter: Parameter) -> str:
    """Return a label that leaves room for the field beside it in a narrow dock."""
    words = parameter.name.replace("_", " ").capitalize()
    words = _SHORT_LABELS.get(words, words)
    return f"{words} {parameter.symbol}" if parameter.symbol else words


def described(parameter: Parameter, value: Any) -> Any:
    """Return a field's value as the description has it: what was left open is None there."""
    if parameter.default is not None:
        return value
    return {"": None, 0: None, "yes": True, "no": False}.get(value, value)
