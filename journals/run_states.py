"""Which states does a run go through? Eight, and only certain moves from one to another.

A `Status` is what the store holds, and finer: `Running` is `RUNNING`, `WAITING` or `STUCK`. Whatever is done to an
instance, and whoever dies meanwhile, it makes no move that is not in `MOVES`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from journals.entries import Status


class RunState(enum.Enum):
    """Says how far the run of an instance is.

    `INITIATED`: nobody has taken it up yet. `PAUSED`: by an operator, by a step that cannot go on, or because its
    journal does not fit. `REQUESTED_DATA_DELETED`: it has ended, and its data is about to be deleted.
    """

    INITIATED = "Initiated"
    RUNNING = "Running"
    PAUSED = "Paused"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    REQUESTED_DATA_DELETED = "RequestedDataDeleted"
    DATA_DELETED = "DataDeleted"


_OF_STATUS: Mapping[Status, RunState] = MappingProxyType(
    {
        Status.INITIATED: RunState.INITIATED,
        Status.RUNNING: RunState.RUNNING,
        Status.WAITING: RunState.RUNNING,
        Status.STUCK: RunState.RUNNING,
        Status.PAUSED: RunState.PAUSED,
        Status.COMPLETED: RunState.COMPLETED,
        Status.FAILED: RunState.FAILED,
        Status.CANCELLED: RunState.CANCELLED,
        Status.DATA_DELETION_REQUESTED: RunState.REQUESTED_DATA_DELETED,
        Status.DATA_DELETED: RunState.DATA_DELETED,
    }
)

_ENDS = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED})

MOVES: Mapping[RunState, frozenset[RunState]] = MappingProxyType(
    {
        RunState.INITIATED: _ENDS | {RunState.RUNNING, RunState.PAUSED},
        RunState.RUNNING: _ENDS | {RunState.PAUSED},
        RunState.PAUSED: _ENDS | {RunState.RUNNING},
        RunState.COMPLETED: frozenset({RunState.REQUESTED_DATA_DELETED}),
        RunState.FAILED: frozenset({RunState.RUNNING, RunState.REQUESTED_DATA_DELETED}),
        RunState.CANCELLED: frozenset({RunState.REQUESTED_DATA_DELETED}),
        RunState.REQUESTED_DATA_DELETED: frozenset({RunState.DATA_DELETED}),
        RunState.DATA_DELETED: frozenset({RunState.REQUESTED_DATA_DELETED}),
    }
)
"""Has all moves that a run may make: from each state, those to which it may go."""


def run_state(status: Status) -> RunState:
    """Return the state of a run whose record has a status.

    >>> run_state(Status.STUCK)
    <RunState.RUNNING: 'Running'>
    """
    return _OF_STATUS[status]


def statuses_of(state: RunState) -> frozenset[Status]:
    """Return the statuses that a run in a state may have.

    >>> sorted(each.value for each in statuses_of(RunState.RUNNING))
    ['running', 'stuck', 'waiting']
    """
    return frozenset(status for status, each in _OF_STATUS.items() if each is state)


def may_move(before: Status, after: Status) -> bool:
    """Return whether a run may go from one status to another; to stay in a state is no move.

    >>> may_move(Status.PAUSED, Status.WAITING), may_move(Status.CANCELLED, Status.RUNNING)
    (True, False)
    """
    return run_state(after) is run_state(before) or run_state(after) in MOVES[run_state(before)]
