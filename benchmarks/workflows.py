"""Which workflows are measured? Steps that do nothing but return, composed in each way that makes long chains."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import attrs

from wio import WIO, Workflow, for_each, interrupt, loop, parallel, pure, run_io, saga, scope, undoable, wait


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


def looped(*, checked: bool = False) -> Workflow[Count, object, Count]:
    """Return a workflow that repeats one step until all are done, with a checkpoint after each round if it is told."""
    repeated = loop(STEP, until=is_done, checkpoint=Count if checked else None)
    return Workflow("looped", version=1, input=Count, root=repeated)


def recursive() -> Workflow[Count, object, Count]:
    """Return a workflow that goes on by `flat_map` until all steps are done."""
    return Workflow("recursive", version=1, input=Count, root=STEP.flat_map(_go_on))


def _go_on(state: Count) -> WIO[Count, object, Count]:
    return pure(state) if is_done(state) else STEP.flat_map(_go_on)


# Everything else


def mixed() -> Workflow[Count, object, Count]:
    """Return a workflow that repeats a round of parallel branches, a for-each, a scope and a saga until it is done."""
    branches = parallel(STEP.named("a"), STEP.named("b"), STEP.named("c")).map(_furthest)
    elements = for_each(_five, STEP, element=Count).map(_furthest_of)
    watched = scope(STEP, interrupt(wait(timedelta(days=1))))
    undone = saga(undoable(STEP, pure(None)) >> STEP)
    body = branches >> elements >> watched >> undone
    return Workflow("mixed", version=1, input=Count, root=loop(body, until=is_done))


def wide_parallel(width: int) -> Workflow[Count, object, object]:
    """Return a workflow of so many branches at once."""
    branches = [STEP.named(f"b{number}") for number in range(width)]
    return Workflow("wide", version=1, input=Count, root=parallel(*branches))


def wide_each(*, asked: bool = False) -> Workflow[Count, object, object]:
    """Return a workflow of as many elements at once as there are steps; with a function that is asked after each."""
    join = _never if asked else None
    return Workflow("each", version=1, input=Count, root=for_each(_as_many, STEP, element=Count, join=join))


def _furthest(counts: tuple[Count, ...]) -> Count:
    return max(counts, key=lambda count: count.done)


def _furthest_of(counts: dict[str, Count]) -> Count:
    return _furthest(tuple(counts.values()))


def _five(state: Count) -> list[Count]:
    return [state] * 5


def _never(results: Mapping[str, object]) -> bool:
    return len(results) < 0


def _as_many(state: Count) -> list[Count]:
    return [state] * state.of
