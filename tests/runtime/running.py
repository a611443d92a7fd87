"""What do the tests of the runtime run, and on what? A few small workflows, and journals that misbehave on demand."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import attrs

from interpreters import Runtime
from interpreters.machine.recorded import AttemptFailed, AttemptLost, Paused
from interpreters.testing import VirtualClock
from journals.codecs import JsonCodec
from journals.entries import Commit, Entry, InstanceRecord, Kind, Message, Payload, Status
from journals.ports import Journal, Listener, Member
from journals.sharing import LEASE, Claimed, Claims, Hear, MemberRecord, Posted, Released
from wio import WIO, Early, Query, Signal, Workflow, handle_signal, query

T = TypeVar("T")

PATIENCE_SECONDS = 20
NO_GRACE = timedelta(0)
DAY = timedelta(days=1)


@attrs.frozen
class Approval:
    """Is a request."""

    by: str


APPROVE = Signal("approve", request=Approval, response=str)
NOTE = Signal("note", request=str, response=str, early=Early.KEEP)
STATE = Query("state", response=str)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a test in an event loop of its own; a test that hangs fails."""

    async def patiently() -> T:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await coroutine

    return asyncio.run(patiently())


def workflow(
    root: WIO[Any, Any, Any], *, version: int = 1, input: type = int, name: str = "flow"
) -> Workflow[Any, Any, Any]:
    """Return a workflow that takes an int, unless told otherwise."""
    return Workflow(name, version=version, input=input, root=root)


def approved(value: int, request: Approval) -> str:
    """Return the event of an approval."""
    return f"{value} by {request.by}"


def noted(value: object, request: str) -> str:
    """Return the event of a note."""
    return f"{value} {request}"


def approval(effect: Callable[[Any, Approval], Any] = approved) -> WIO[Any, Any, Any]:
    """Return the step that waits for an approval and ends with who gave it."""
    return handle_signal(APPROVE, effect, lambda _, event: event, respond=lambda _, event: f"ok {event}", event=str)


def note(effect: Callable[[Any, str], Any] = noted) -> WIO[Any, Any, Any]:
    """Return the step that waits for a note."""
    return handle_signal(NOTE, effect, lambda _, event: event, respond=lambda _, event: f"noted {event}", event=str)


def answering(root: WIO[Any, Any, Any]) -> WIO[Any, Any, Any]:
    """Return the program with an answer to `STATE`."""
    return query(STATE, lambda state: f"at {state}", root)


class Effect:
    """Is an effect that counts its runs, and does what it is told to on each of them: return, raise or call."""

    def __init__(self, *answers: Any) -> None:
        self._answers = deque(answers)
        self.runs = 0

    def __call__(self, value: Any, *_: Any) -> Any:
        self.runs += 1
        answer = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer(value) if callable(answer) else answer


class Gate:
    """Is an effect that tells when it has begun, and ends when it is let."""

    def __init__(self, event: Any = 1) -> None:
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.runs = 0
        self.broken_off = 0
        self._event = event

    async def __call__(self, *_: Any) -> Any:
        self.runs += 1
        self.begun.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.broken_off += 1
            raise
        return self._event


class Call(Protocol):
    """Is how a faulty journal lets something happen around a call."""

    async def __call__(self, method: str, call: Callable[[], Awaitable[T]]) -> T: ...


class FaultyMember:
    """Passes everything on to a member, but fails where its journal was told to."""

    def __init__(self, member: Member, call: Call) -> None:
        self.member = member
        self._call = call

    @property
    def epoch(self) -> int:
        """See `Member`."""
        return self.member.epoch

    def now(self) -> datetime:
        """See `Member`."""
        return self.member.now()

    async def claim(self, most: int, *, now: datetime | None = None) -> Claims:
        """See `Member`."""
        return await self._call("claim", lambda: self.member.claim(most, now=now))

    async def claim_instance(self, instance_id: str) -> Claimed:
        """See `Member`."""
        return await self._call("claim_instance", lambda: self.member.claim_instance(instance_id))

    async def release(self, released: Sequence[Released]) -> None:
        """See `Member`."""
        await self._call("release", lambda: self.member.release(released))

    async def messages(self, instance_ids: Sequence[str]) -> tuple[Message, ...]:
        """See `Member`."""
        return await self._call("messages", lambda: self.member.messages(instance_ids))

    async def answer(self, answers: Sequence[tuple[int, Payload]]) -> None:
        """See `Member`."""
        await self._call("answer", lambda: self.member.answer(answers))

    async def leave(self) -> None:
        """See `Member`."""
        await self._call("leave", self.member.leave)


class FaultyJournal:
    """Passes everything on to a journal, but fails where it was told to.

    `before` and `after` have for each method what happens on its next calls, before or after the real call: None
    for nothing, an error to raise, or something to wait for. `calls` counts.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.before: dict[str, deque[Any]] = {}
        self.after: dict[str, deque[Any]] = {}
        self.calls: Counter[str] = Counter()
        self.commits: list[Commit] = []

    def fail(self, method: str, *faults: Any, late: bool = False) -> None:
        """Let the next calls of a method fail, before it has done its work or after."""
        (self.after if late else self.before).setdefault(method, deque()).extend(faults)

    async def _call(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        self.calls[method] += 1
        await _happens(self.before.get(method))
        returned = await call()
        await _happens(self.after.get(method))
        return returned

    async def open(self) -> None:
        """See `Journal`."""
        await self._call("open", self.journal.open)

    async def close(self) -> None:
        """See `Journal`."""
        await self._call("close", self.journal.close)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def commit(self, commit: Commit) -> None:
        """See `Journal`."""
        self.commits.append(commit)
        await self._call("commit", lambda: self.journal.commit(commit))

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        """See `Journal`."""
        return await self._call("read", lambda: self.journal.read(instance_id, after=after, most=most))

    async def find(self, instance_id: str) -> InstanceRecord:
        """See `Journal`."""
        return await self._call("find", lambda: self.journal.find(instance_id))

    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        """See `Journal`."""
        return await self._call("find_key", lambda: self.journal.find_key(instance_id, key))

    async def find_all(
        self, *, statuses: frozenset[Status] | None = None, after: str = "", most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        """See `Journal`."""
        return await self._call("find_all", lambda: self.journal.find_all(statuses=statuses, after=after, most=most))

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> Member:
        """See `Journal`."""
        member = await self._call("join", lambda: self.journal.join(name, knows, hear, lease=lease))
        return FaultyMember(member, self._call)

    async def listen(self, hear: Hear) -> Listener:
        """See `Journal`."""
        return await self._call("listen", lambda: self.journal.listen(hear))

    async def members(self) -> tuple[MemberRecord, ...]:
        """See `Journal`."""
        return await self._call("members", self.journal.members)

    async def owner(self, instance_id: str) -> int | None:
        """See `Journal`."""
        return await self._call("owner", lambda: self.journal.owner(instance_id))

    async def post(self, message: Message) -> Posted:
        """See `Journal`."""
        return await self._call("post", lambda: self.journal.post(message))

    async def answer_to(self, message_id: int) -> Payload | None:
        """See `Journal`."""
        return await self._call("answer_to", lambda: self.journal.answer_to(message_id))


async def _happens(faults: deque[Any] | None) -> None:
    fault = faults.popleft() if faults else None
    if isinstance(fault, BaseException):
        raise fault
    if fault is not None:
        await fault()


def virtual(
    journal: Any, *workflows: Workflow[Any, Any, Any], clock: VirtualClock | None = None, **options: Any
) -> Runtime:
    """Return a runtime in virtual time."""
    return Runtime(journal, workflows, clock=clock or VirtualClock(), **options)


async def rounds(number: int = 20) -> None:
    """Let everything that can happen at once happen: that many rounds of the event loop."""
    for _ in range(number):
        await asyncio.sleep(0)


async def kinds(instance: Any) -> list[Kind]:
    """Return the kinds of an instance's entries, in order."""
    return [entry.kind for entry in await instance.history()]


def told(entry: Entry) -> Any:
    """Return what the machine has recorded in an entry of its own."""
    forms: dict[Kind, type] = {
        Kind.ATTEMPT_FAILED: AttemptFailed,
        Kind.ATTEMPT_LOST: AttemptLost,
        Kind.PAUSED: Paused,
    }
    assert entry.payload is not None
    return JsonCodec().decode(entry.payload, forms[entry.kind])
