"""What is seen and taken in the midst of an iteration is the state before it."""

from __future__ import annotations

import pytest
import torch

from lab.engine.exports import snapshot
from lab.engine.run import Run

PHASES = (1, 2, 3)


def halfway(experiment, phases):
    """Return a run some phases into its fourth step."""
    run = Run(experiment)
    run.advance(3)
    for _ in range(phases):
        run.advance_phase()
    return run


def equal(some, others):
    return some.keys() == others.keys() and all(torch.equal(some[n], others[n]) for n in some)


@pytest.mark.parametrize("phases", PHASES)
def test_answers_and_evaluation_use_the_statistics_before_the_iteration(noisy, phases):
    run, still = halfway(noisy(), phases), halfway(noisy(), 0)
    asked = run.trainer.answers(run.trainer.test_x)
    assert torch.equal(asked, still.trainer.answers(still.trainer.test_x))
    assert run.trainer.evaluate() == still.trainer.evaluate()


@pytest.mark.parametrize("phases", PHASES)
def test_an_export_takes_the_weights_before_the_iteration(noisy, phases):
    taken = snapshot(halfway(noisy(), phases).trainer)
    assert equal(taken, snapshot(halfway(noisy(), 0).trainer))


@pytest.mark.parametrize("micro", [1, 2])
@pytest.mark.parametrize("phases", PHASES)
def test_the_iteration_goes_on_to_the_bit_after_a_look_amid_it(noisy, phases, micro):
    wanted = noisy(batches={"size": 16, "micro": micro})
    run, alone = halfway(wanted, phases), Run(wanted)
    run.trainer.answers(run.trainer.test_x)
    snapshot(run.trainer)
    run.step()
    run.advance(2)
    alone.advance(run.newest)
    assert torch.equal(run.trainer.state.vector, alone.trainer.state.vector)
    assert equal(snapshot(run.trainer), snapshot(alone.trainer))
