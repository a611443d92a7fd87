"""Does an instance ever make a move that the table does not have, whatever is asked of it, in whatever order?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from interpreters import UnexpectedSignal
from interpreters.errors import CannotGoBack, InstanceDataDeleted, InstancePaused, MoveRefused, NothingToRetry
from interpreters.runtime.instance import Instance
from interpreters.testing import START, VirtualClock
from journals.entries import Commit, Status
from journals.memory import InMemoryJournal
from journals.run_states import MOVES, RunState, may_move, run_state
from tests.runtime.running import APPROVE, NO_GRACE, Approval, approval, run, virtual, workflow
from wio import Fixed, Retry, run_io, wait
from wio.errors import WioError

Command: TypeAlias = Callable[[Instance[Any, Any]], Awaitable[object]]

HOUR = timedelta(hours=1)
REFUSED = (MoveRefused, CannotGoBack, InstanceDataDeleted, InstancePaused, NothingToRetry, UnexpectedSignal)
COMMANDS: dict[str, Command] = {
    "pause": lambda instance: instance.pause(),
    "resume": lambda instance: instance.resume(),
    "retry": lambda instance: instance.retry(),
    "go back": lambda instance: instance.retry(from_address="work"),
    "cancel": lambda instance: instance.cancel(),
    "delete its data": lambda instance: instance.request_data_deletion(),
    "approve": lambda instance: instance.signal(APPROVE, Approval("Ada")),
}


class Moves(InMemoryJournal):
    """Is a journal that refuses a move which is not in the table, and keeps those that were made."""

    def __init__(self, made: set[tuple[RunState, RunState]]) -> None:
        super().__init__()
        self._made = made

    async def commit(self, commit: Commit) -> None:
        """Store a commit, and note the move."""
        before = (await self.find(commit.instance_id)).status if commit.expected else commit.status
        await super().commit(commit)
        assert may_move(before, commit.status)
        if run_state(before) is not run_state(commit.status):
            self._made.add((run_state(before), run_state(commit.status)))


EVERY_MOVE: tuple[tuple[list[str], int, bool], ...] = (
    (["approve", "an hour", "approve", "delete its data"], 0, True),
    (["an hour", "approve", "go back", "cancel"], 0, False),
    (["pause", "resume", "an hour", "approve", "delete its data"], 0, False),
    (["an hour", "retry", "an hour", "approve"], 2, True),
    (["pause", "cancel", "delete its data", "delete its data"], 0, True),
    (["cancel"], 0, True),
)
"""Is what can be asked in order to make the moves that the commands of this test lead to."""
MADE = frozenset(
    {
        (RunState.RUNNING, RunState.PAUSED),
        (RunState.RUNNING, RunState.COMPLETED),
        (RunState.RUNNING, RunState.FAILED),
        (RunState.RUNNING, RunState.CANCELLED),
        (RunState.PAUSED, RunState.RUNNING),
        (RunState.PAUSED, RunState.CANCELLED),
        (RunState.FAILED, RunState.RUNNING),
        (RunState.COMPLETED, RunState.REQUESTED_DATA_DELETED),
        (RunState.FAILED, RunState.REQUESTED_DATA_DELETED),
        (RunState.CANCELLED, RunState.REQUESTED_DATA_DELETED),
        (RunState.REQUESTED_DATA_DELETED, RunState.DATA_DELETED),
    }
)


def test_the_moves_of_the_table_are_really_made() -> None:
    """What follows would hold of a runtime that refuses everything, too."""
    made: set[tuple[RunState, RunState]] = set()
    for asked, errors, ends_well in EVERY_MOVE:
        run(_all_asked(asked, errors, ends_well, made))
    assert made >= MADE


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from((*COMMANDS, "an hour", "restart")), max_size=12), st.integers(0, 3), st.booleans())
def test_whatever_is_asked(asked: list[str], errors: int, ends_well: bool) -> None:
    """What is refused leaves the state as it was."""

    run(_all_asked(asked, errors, ends_well, set()))


async def _all_asked(asked: list[str], errors: int, ends_well: bool, made: set[tuple[RunState, RunState]]) -> None:
    left = [OSError("no")] * errors

    def work(value: int) -> int:
        if left:
            raise left.pop()
        return value

    flow = workflow(
        run_io(work, name="work", event=int, retry=Retry(attempts=2, backoff=Fixed(HOUR)))
        >> wait(HOUR, name="rest")
        >> approval().map(lambda _: 1)
        >> run_io(work, lambda _, n: Success(n) if ends_well else Failure("bad"), name="last", event=int)
    )
    journal, clock = Moves(made), VirtualClock(START)
    runtime = virtual(journal, flow, clock=clock, grace=NO_GRACE)
    await runtime.__aenter__()
    instance = await runtime.start(flow, id="a", input=7)
    for word in asked:
        await runtime.idle()
        if word == "an hour":
            clock.set(clock.now() + HOUR)
        elif word == "restart":
            await runtime.__aexit__(None, None, None)
            runtime = virtual(journal, flow, clock=clock, grace=NO_GRACE)
            await runtime.__aenter__()
            instance = await runtime.instance(flow, "a")
        else:
            await _asked(instance, COMMANDS[word])
    await runtime.idle()
    assert (await instance.record()).status is not Status.DATA_DELETION_REQUESTED
    await runtime.__aexit__(None, None, None)


async def _asked(instance: Instance[Any, Any], command: Command) -> None:
    before = await instance.record()
    refused: WioError | None = None
    try:
        await command(instance)
    except REFUSED as error:
        refused = error
    if refused is not None:
        after = await instance.record()
        assert (after.status, after.last_seq) == (before.status, before.last_seq)
    if isinstance(refused, MoveRefused):
        assert refused.before is run_state(before.status)
        assert refused.allowed == MOVES[refused.before]
