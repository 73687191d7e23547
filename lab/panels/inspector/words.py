"""An explanation, and what is in sight, in plain words: for command line and clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.numerals import shown

if TYPE_CHECKING:
    from lab.engine.data import Data
    from lab.engine.microscope import Iteration
    from lab.maths.explanations import Check, Explanation
    from lab.panels.inspector.asking import Seen
    from lab.panels.inspector.choices import InspectorState


def explained(made: Explanation) -> str:
    """Return an explanation as lines of text."""
    lines = [f"{made.title}: {shown(made.value, 10)}", f"  {made.latex}", f"  {made.numbers}"]
    largest, rest, others = made.largest()
    for term in largest:
        factors = " · ".join(shown(v, 6) for v in term.factors)
        told = f"{factors} = " if factors else ""
        lines.append(f"    {term.label:<10} {told}{shown(term.value, 6)}")
    if others:
        lines.append(f"    {others:,} more     {shown(rest, 6)}")
    if made.terms:
        lines.append(f"    Sum        {shown(made.total, 10)}")
    lines += [_check_words(made.value, check) for check in made.checks]
    if made.slope is not None:
        lines.append(f"  {made.slope_title}: {shown(made.slope, 10)}")
        lines += [_check_words(made.slope, check) for check in made.slope_checks]
    return "\n".join([*lines, *(f"  {note}" for note in made.notes)])


def _check_words(value: float, check: Check) -> str:
    verdict = {True: "agrees", False: "DIFFERS", None: ""}[check.is_good]
    return f"  {check.words:<28}{check.value:>20.11g}{check.error:>12.1e}  {verdict}".rstrip()


def as_plain(made: Explanation) -> dict[str, Any]:
    """Return an explanation as plain values, for ``--json``."""

    def plain(checks: tuple[Check, ...]) -> list[dict[str, Any]]:
        return [
            {"by": c.words, "value": c.value, "relative_error": _finite(c.error),
             "agrees": c.is_good}
            for c in checks
        ]  # fmt: skip

    return {
        "title": made.title,
        "latex": made.latex,
        "latex_with_numbers": made.numbers,
        "value": made.value,
        "factor": made.factor,
        "terms": [
            {"of": t.label, "factors": list(t.factors), "value": t.value} for t in made.terms
        ],
        "checks": plain(made.checks),
        "slope": made.slope,
        "slope_checks": plain(made.slope_checks),
        "notes": list(made.notes),
    }


def _finite(value: float) -> float | None:
    return value if value == value and abs(value) != float("inf") else None


def reading(seen: Seen, state: InspectorState, data: Data) -> str:
    """One sentence of what is in sight: whose pass, the loss, and how sure the numbers are."""
    it = seen.iteration
    at = f"Step {it.step:,}"
    at += f", iteration {it.step + 1:,} just done" if seen.is_done else ""
    whose = (
        f"batch of {len(it.rows):,} in training"
        if it.is_batch
        else f"sample {int(it.rows[0]):,}{_class_words(it, data)}"
    )
    return (
        f"{at}, {whose}, loss {shown(it.found.loss, 4)}; {_agreement(seen)}{_own(it, state)}."
    )


def _class_words(it: Iteration, data: Data) -> str:
    from lab.maths.worked_losses import probabilities

    if not data.class_names:
        return ""
    code = int(data.labels[int(it.rows[0])])
    name = data.class_names[code]
    p = probabilities(it.loss.kind, it.found.output)
    if p is None:
        return f": class {name}"
    share = p[0, code] if p.shape[1] > 1 else (p[0, 0] if code else 1 - p[0, 0])
    return f": class {name}, p({name}) = {shown(float(share), 3)}"


def _agreement(seen: Seen) -> str:
    if seen.error <= 1e-10:
        return f"autograd agrees to {shown(seen.error, 2)}"
    if seen.has_lost_digits:
        return (
            f"autograd differs by {shown(seen.error, 2)}: the network is so sure that p − y "
            "has lost digits"
        )
    return f"autograd differs by {shown(seen.error, 2)}"


def _own(it: Iteration, state: InspectorState) -> str:
    """Say how far the run's own tensor is from the one in sight."""
    from lab.engine.microscope import beside, tensor

    try:
        own = beside(it, state.layer, state.tensor, own=True)
        if own is None:
            return ""
        mine = tensor(it, state.layer, state.tensor)
    except LookupError:
        return ""
    size = float(abs(mine).max())
    if own.shape != mine.shape or not size:
        return ""
    return f", the {it.precision} run to {shown(float(abs(own - mine).max()) / size, 2)}"
