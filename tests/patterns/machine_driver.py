"""How is a scenario played on the pure machine? Each stimulus becomes an entry, each entry a turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from returns.result import Success

from interpreters.errors import NotPaused, SignalRefusal, UnexpectedSignal
from interpreters.machine.execution import Execution
from interpreters.machine.mailbox import takes_request
from interpreters.machine.pending import (
    EffectToRun,
    Outcome,
    PausedAt,
    SignalExpected,
    Stuck,
    TaskOffered,
    TimerRunning,
    expected_signals,
    pending,
)
from interpreters.machine.places import place_at
from interpreters.machine.questions import nodes_in
from interpreters.machine.recording import (
    answered_entry,
    cancel_entry,
    claimed_entry,
    event_entry,
    fired_entry,
    kept_entry,
    resume_entry,
    signal_entry,
)
from interpreters.machine.transition import JSON
from interpreters.machine.turn import Turn, first_turn, turn
from journals.entries import Entry, Kind
from tests.patterns.driving import Item
from tests.patterns.notation import Ending
from wio import Early, Signal, Workflow
from wio.nodes import HandleSignal

UNIT = timedelta(seconds=1)
START = datetime(2026, 1, 1, tzinfo=UTC)

AfterTurn: TypeAlias = Callable[[Execution, tuple[Entry, ...]], Execution]
"""Is told of the execution after a turn, and of all entries so far; it returns the execution to go on with."""


class MachineDriver:
    """Drives an instance without a runtime. `after_turn` may look at it, or replace it, after every turn."""

    def __init__(self, workflow: Workflow[Any, Any, Any], value: object, after_turn: AfterTurn) -> None:
        self._workflow = workflow
        self._after_turn = after_turn
        self._now = START
        self._entries: tuple[Entry, ...] = ()
        self._adopt(first_turn(workflow, value, START))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Is the journal."""
        return self._entries

    def offered(self) -> tuple[Item, ...]:
        """Return the tasks that are offered now; each is called what went out with its offer."""
        sent = {entry.address: entry for entry in self._entries if entry.kind is Kind.TASK_OFFERED}
        waiting = [each for each in pending(self._execution) if isinstance(each, TaskOffered)]
        waiting.sort(key=lambda each: sent[each.address].seq)
        return tuple(Item(_label(sent[each.address]), each.address, each.by is not None) for each in waiting)

    def claim(self, item: Item) -> None:
        """Claim a task."""
        self._take(claimed_entry(self._execution, item.address, "somebody", self._now))

    def complete(self, item: Item, output: str) -> None:
        """Complete a claimed task."""
        self._take(answered_entry(self._execution, item.address, Kind.TASK_COMPLETED, output, self._now))

    def fail(self, item: Item, error: str) -> None:
        """Fail a claimed task."""
        self._take(answered_entry(self._execution, item.address, Kind.TASK_FAILED, error, self._now))

    def signal(self, name: str, value: str) -> None:
        """Send a signal to the first place that waits for it, or keep it if it may be kept."""
        for waiting in pending(self._execution):
            if isinstance(waiting, SignalExpected) and waiting.node.signal.name == name:
                active = place_at(self._execution, waiting.address)
                assert active is not None
                if takes_request(active, waiting.node, value):
                    event = waiting.node.effect(active.value, value)
                    self._take(signal_entry(self._execution, waiting.address, event, None, self._now))
                    return
        kept = self._keepable(name)
        if kept is None:
            raise UnexpectedSignal(name, SignalRefusal.NOT_NOW, expected_signals(self._execution))
        self._take(kept_entry(self._execution, kept, value, None, self._now))

    def advance(self, units: int) -> None:
        """Let time pass; what becomes due on the way happens in order."""
        until = self._now + units * UNIT
        while (timer := self._next_timer()) is not None and timer[0] <= until:
            self._now, address = timer
            self._take(fired_entry(self._execution, address, self._now))
        self._now = until

    def cancel(self) -> None:
        """Cancel the instance."""
        self._take(cancel_entry(self._execution, self._now))

    def resume(self) -> None:
        """Let go on what is paused."""
        paused = self._paused()
        if not paused:
            raise NotPaused("the instance")
        for each in paused:
            self._take(resume_entry(self._execution, each.address, self._now))

    def _paused(self) -> list[PausedAt]:
        return [each for each in pending(self._execution) if isinstance(each, PausedAt)]

    def ending(self) -> Ending:
        """Return how far the instance has come."""
        if self._paused():
            return Ending.FAILED
        match pending(self._execution)[0]:
            case Stuck():
                return Ending.STUCK
            case Outcome(Success()):
                return Ending.DONE
            case Outcome(is_cancelled=True):
                return Ending.CANCELLED
            case Outcome():
                return Ending.FAILED
            case _:
                return Ending.RUNNING

    def _keepable(self, name: str) -> Signal[Any, Any] | None:
        signals = [node.signal for node in nodes_in(self._workflow.root) if isinstance(node, HandleSignal)]
        return next((each for each in signals if each.name == name and each.early is Early.KEEP), None)

    def _next_timer(self) -> tuple[datetime, str] | None:
        timers = [each for each in pending(self._execution) if isinstance(each, TimerRunning)]
        return min(((each.due, each.address) for each in timers if each.due is not None), default=None)

    def _take(self, entry: Entry) -> None:
        self._adopt(turn(self._execution, entry, self._now))
        while (effect := self._next_effect()) is not None:
            event = effect.function(*effect.arguments)
            if effect.kept is None:
                done = event_entry(self._execution, effect.address, event, self._now)
            else:
                done = signal_entry(self._execution, effect.address, event, effect.kept.key, self._now)
            self._adopt(turn(self._execution, done, self._now))

    def _next_effect(self) -> EffectToRun | None:
        return next((each for each in pending(self._execution) if isinstance(each, EffectToRun)), None)

    def _adopt(self, made: Turn) -> None:
        self._entries += made.entries
        self._execution = self._after_turn(made.execution, self._entries)
        wrong = [each for each in self._paused() if each.problem.type != "UndoFailed"]
        assert not wrong, f"{wrong[0].address} is paused: {wrong[0].problem}"


def _label(offer: Entry) -> str:
    assert offer.payload is not None
    return str(JSON.decode(offer.payload, str))
