"""Which workflows are measured? Steps that do nothing but return, composed in each way that makes long chains."""

from __future__ import annotations

import attrs

from wio import WIO, Workflow, loop, pure, run_io


@attrs.frozen
class Count:
    """Is the value that flows: how many steps are behind, and how many there are."""

    done: int
    of: int


@attrs.frozen
class Counted:
    """Is the event of one step."""

    number: int


async def count(state: Count) -> Counted:
    """Do nothing, as an effect."""
    return Counted(state.done + 1)


def counted(state: Count, event: Counted) -> Count:
    """Fold the event."""
    return Count(event.number, state.of)


def is_done(state: Count) -> bool:
    """Tell whether the last step is behind."""
    return state.done >= state.of


STEP = run_io(count, counted)


def chained(steps: int) -> Workflow[Count, object, Count]:
    """Return a workflow of steps composed by `>>`."""
    program = STEP
    for _ in range(steps - 1):
        program = program >> STEP
    return Workflow("chained", version=1, input=Count, root=program)


def looped() -> Workflow[Count, object, Count]:
    """Return a workflow that repeats one step until all are done."""
    return Workflow("looped", version=1, input=Count, root=loop(STEP, until=is_done))


def recursive() -> Workflow[Count, object, Count]:
    """Return a workflow that goes on by `flat_map` until all steps are done."""
    return Workflow("recursive", version=1, input=Count, root=STEP.flat_map(_go_on))


def _go_on(state: Count) -> WIO[Count, object, Count]:
    return pure(state) if is_done(state) else STEP.flat_map(_go_on)
