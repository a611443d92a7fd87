"""Which action did a run of an undo belong to, when several actions have the same undo?

A saga undoes its actions in the reverse order of their ends. So the walk is made twice when it finds such actions: the
first one tells which of them have ended, and where; the second gives each the run of its undo.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from interpreters.render.drawing import Body
from interpreters.render.inside import bodies
from interpreters.render.trail import Trail

UndoRuns: TypeAlias = Mapping[int, Mapping[str, str]]
"""Are the scopes in which the undos ran, by the identity of the undo and the place at which its action ended."""


@attrs.frozen
class Acted:
    """Is an action that has ended: its undo, by identity, the place at which it ended, and the sagas around it."""

    undo: int
    ended_at: str
    sagas: tuple[str, ...]


def shared_runs(acted: Sequence[Acted], trail: Trail) -> UndoRuns:
    """Return the runs of the undos that several actions share."""
    found: dict[int, Mapping[str, str]] = {}
    for undo in {each.undo for each in acted}:
        actions = sorted((each for each in acted if each.undo == undo), key=lambda each: -trail.moment(each.ended_at))
        runs = trail.undone(undo)
        if len(actions) > 1 and runs:
            found[undo] = dict(_paired(actions, runs))
    return found


def _paired(actions: Sequence[Acted], runs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield where each action ended, with the scope in which it was undone, "" for one that was not yet."""
    left = list(actions)
    for run in runs:
        saga = run.rpartition("[")[0]
        action = next((each for each in left if saga in each.sagas), None)
        if action is not None:
            left.remove(action)
            yield action.ended_at, run
    yield from ((each.ended_at, "") for each in left)


def ended_at(body: Body, trail: Trail) -> str:
    """Return the place in a body that was reached last, "" for none."""
    return max(_places(body), key=trail.moment, default="")


def _places(body: Body) -> Iterator[str]:
    for shape in body:
        if shape.place.at:
            yield shape.place.at
        for inner in bodies(shape):
            yield from _places(inner)
