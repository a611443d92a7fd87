"""How is an instance used that another process owns? Its journal is read, and its owner is asked by messages.

Nothing here disturbs the owner: a question is answered from the journal, by replay.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections import deque
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import attrs
import msgspec
from returns.result import Result

from interpreters.errors import (
    InstanceCancelled,
    InstanceFailed,
    InstancePaused,
    InstanceStuck,
    JournalMismatch,
    RuntimeStopped,
    SignalRefusal,
    TaskRefused,
    UnexpectedSignal,
    WrongPayload,
)
from interpreters.machine.execution import Execution
from interpreters.machine.pending import Pending, answer, pending
from interpreters.machine.places import place_at
from interpreters.machine.recording import request_payload
from interpreters.runtime.driving.agenda import Agenda
from interpreters.runtime.driving.driver import NotHandled
from interpreters.runtime.driving.live import check_not_held
from interpreters.runtime.journal.reading import read_execution
from interpreters.runtime.journal.storing import check_has_data, is_parked
from interpreters.runtime.patience import delays
from interpreters.runtime.registry import Workflows, registered_as
from interpreters.runtime.requests.commands import Command, ended, message_of
from interpreters.runtime.requests.going_back import go_back
from interpreters.runtime.requests.tasking import OfferedTask, Report, entry_of, offered_in, what_became
from interpreters.runtime.rounds import LOOK_AGAIN, LookAgain, seconds_of
from interpreters.runtime.sharing.answers import value_of
from interpreters.runtime.sharing.deadly import is_deadly
from interpreters.runtime.telling.following import News
from journals.codecs import Codec, CodecError
from journals.entries import UNFINISHED, WITHOUT_DATA, InstanceRecord, Kind, Message, Payload, Status
from journals.errors import Conflict, JournalClosed, JournalUnavailable
from journals.ports import Journal
from journals.run_states import run_state
from journals.sharing import Answered, Changed, Missed, Notice, Rested
from wio.errors import WioError
from wio.signals import Query, Signal

R = TypeVar("R")
Req = TypeVar("Req")
Resp = TypeVar("Resp")

_MOST_HEARD = 1_000
_LOG = logging.getLogger("wio.runtime")
_WITH_A_VALUE = frozenset({Kind.TASK_COMPLETED, Kind.TASK_FAILED, Kind.TASK_SKIPPED, Kind.TASK_DELEGATED})


class UnknownOperation(WioError):
    """Says that a message asks for something that this release of wio does not know."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"The process that owns the instance cannot do {operation!r}. Let it run a newer release.")
        self.operation = operation


class Remote:
    """Reads the instances of a store, and asks their owners. `hear` takes the notices of the store, and
    tells who waits for `news` of changes.

    `look_again` is after how long, at least and at most, it looks by itself: a notice may be lost.
    """

    def __init__(
        self,
        journal: Journal,
        workflows: Workflows,
        codec: Codec,
        news: News | None = None,
        *,
        look_again: LookAgain = LOOK_AGAIN,
    ) -> None:
        self._journal = journal
        self._workflows = workflows
        self._codec = codec
        self._news = news or News()
        self._look_again = look_again
        self._answers: dict[int, set[asyncio.Future[None]]] = {}
        self._rests: dict[str, set[asyncio.Future[None]]] = {}
        self._heard: deque[int] = deque(maxlen=_MOST_HEARD)
        self._stopped: WioError | None = None

    def hear(self, notice: Notice) -> None:
        """Wake whoever waits for what a notice tells of."""
        match notice:
            case Answered(number):
                self._heard.append(number)
                _wake(self._answers.pop(number, set()))
            case Rested(instance_id):
                _wake(self._rests.pop(instance_id, set()))
            case Changed():
                self._news.tell()
            case Missed():
                self._news.tell()
                self._wake_all()
            case _:
                pass

    def stop(self, why: WioError | None = None) -> None:
        """Let nobody wait any more; those who do are told why."""
        self._stopped = why or RuntimeStopped()
        self._news.tell()
        self._wake_all()

    def _wake_all(self) -> None:
        for waiters in (*self._answers.values(), *self._rests.values()):
            _wake(waiters)

    # Asking

    async def deliver(self, id: str, signal: Signal[Req, Resp], request: Req, key: str | None) -> Resp:
        """Send a signal and return the response; see `Instance.signal`."""
        key = key or uuid.uuid4().hex
        payload = request_payload(self._codec, signal, request)
        sent = Message(id, "signal", signal.name, payload, _of_call(f"signal:{signal.name}:{key}"))
        response = await self._ask(sent)
        if response is None:
            response = await self._response_of_ended(id, signal, key)
        try:
            return cast(Resp, self._codec.decode(response, signal.response))
        except CodecError as error:
            raise WrongPayload(f"The response to signal {signal.name!r}", str(error)) from error

    async def send(self, id: str, signal: Signal[Req, Any], request: Req, key: str | None) -> None:
        """Send a signal; see `Instance.send`."""
        key = key or uuid.uuid4().hex
        payload = request_payload(self._codec, signal, request)
        sent = Message(id, "send", signal.name, payload, _of_call(f"send:{signal.name}:{key}"))
        if not await self._is_taken(sent):
            known = await self._journal.find_key(id, f"{signal.name}:{key}")
            if known is None:
                raise UnexpectedSignal(signal.name, SignalRefusal.ENDED, ())

    async def steer(self, id: str, command: Command, now: datetime) -> None:
        """Let an instance be paused, resumed and so on; see `Instance.pause` and what follows there."""
        message = message_of(id, command)
        while not await self._is_taken(message) and await self._journal.find_key(id, message.key) is None:
            record = await self._journal.find(id)
            if not command.address:
                raise ended(id, run_state(record.status), command.verb)
            workflow = registered_as(self._workflows, record.workflow, record.version)
            try:
                await go_back(self._journal, workflow, self._codec, record, None, command, now)
            except Conflict:
                continue  # somebody else has moved it on: its owner is asked, if it has one now
            return

    async def report(self, id: str, report: Report) -> None:
        """Let what somebody reports of a task be recorded; see `Instance.claim` and what follows there."""
        given = attrs.evolve(report, key=report.key or uuid.uuid4().hex)
        execution = await self.execution(id)
        value: Payload | None = None
        is_there = place_at(execution, report.address) is not None  # else its owner says what has become of it
        if is_there and report.kind in _WITH_A_VALUE:
            value = entry_of(execution, given, datetime.now(UTC)).payload
        payload = Payload("wio.Report", 1, msgspec.json.encode(_Sent.of(given, value)).decode())
        key = _of_call(f"task:{report.kind.value}:{report.address}:{given.key}")
        is_taken = await self._is_taken(Message(id, "task", report.kind.value, payload, key))
        if not is_taken and await self._journal.find_key(id, given.stored_key or "") is None:
            raise TaskRefused(report.address, await what_became(self._journal, id, report.address))

    async def _is_taken(self, message: Message) -> bool:
        """Return whether an owner has done what a message asks; False when the instance has ended before."""
        answered = await self._answer_to(message)
        if answered is None:
            return False
        value_of(answered)
        return True

    async def _ask(self, message: Message) -> Payload | None:
        """Return what the owner of an instance returns for a message; None when the instance has ended."""
        answered = await self._answer_to(message)
        return None if answered is None else value_of(answered)

    async def _answer_to(self, message: Message) -> Payload | None:
        with self._stop_told():
            return await self._awaited(message)

    async def _awaited(self, message: Message) -> Payload | None:
        posted = await self._journal.post(message)
        if posted.is_over:
            return None
        while True:
            is_told = posted.id in self._heard or await self._is_heard_of(posted.id)
            self._check_running()
            # Who owned it may be gone since it has ended: then nobody answers any more.
            is_over = not is_told and _is_over(await self._journal.find(message.instance_id))
            answered = await self._journal.answer_to(posted.id)
            if answered is not None or is_over:
                return answered
            self._forget(posted.id)

    async def _is_heard_of(self, number: int) -> bool:
        """Return whether a notice has told of a message; False after a while without any."""
        waiter = _waiter(self._answers, number)
        try:
            await self._in_time(waiter)
        finally:
            _leave(self._answers, number, waiter)
        return waiter.done()

    async def _in_time(self, waiter: asyncio.Future[None]) -> None:
        await asyncio.wait({waiter}, timeout=seconds_of(self._look_again))

    def _forget(self, number: int) -> None:
        while number in self._heard:
            self._heard.remove(number)

    async def _response_of_ended(self, id: str, signal: Signal[Any, Any], key: str) -> Payload:
        """Return the response that a signal got before the instance ended. Raises when it got none."""
        known = await self._journal.find_key(id, f"{signal.name}:{key}")
        if known is None:
            raise UnexpectedSignal(signal.name, SignalRefusal.ENDED, ())
        if known.kind is not Kind.SIGNAL or known.response is None:
            raise NotHandled(id)
        return known.response

    # Reading

    async def answer(self, id: str, question: Query[R]) -> R:
        """Return the answer to a question; see `Instance.query`."""
        return answer(await self.execution(id), question)

    async def pending(self, id: str) -> tuple[Pending, ...]:
        """Return all that an instance waits for. Raises `InstancePaused` when it is parked."""
        record = await self._journal.find(id)
        if is_deadly(record):
            raise InstancePaused(id, "", record.detail)
        execution = await self._execution(record)
        if is_parked(record, Agenda.of(execution)[0], execution):
            raise InstancePaused(id, "", record.detail)
        return pending(execution)

    async def tasks(self, id: str) -> tuple[OfferedTask[Any], ...]:
        """Return the tasks of an instance; see `Instance.tasks`."""
        return offered_in(await self.execution(id), id)

    async def execution(self, id: str) -> Execution:
        """Return where an instance stands, by its journal."""
        return await self._execution(await self._journal.find(id))

    async def _execution(self, record: InstanceRecord) -> Execution:
        check_has_data(record)
        workflow = registered_as(self._workflows, record.workflow, record.version)
        try:
            return await read_execution(self._journal, record.id, workflow, self._codec)
        except (JournalMismatch, WrongPayload):
            check_has_data(await self._journal.find(record.id))  # it may have been deleted meanwhile
            raise

    async def result(self, id: str) -> Result[Any, Any]:
        """Wait for the end of an instance, also while the store is away; see `Instance.result`."""
        with self._stop_told():
            return await self._ended(id)

    async def _ended(self, id: str) -> Result[Any, Any]:
        waits = delays()
        while True:
            self._check_running()
            rested = _waiter(self._rests, id)
            try:
                record = await self._journal.find(id)
                check_has_data(record)
                if record.status not in UNFINISHED:
                    return _result(id, await self._execution(record))
                if record.status in (Status.PAUSED, Status.STUCK):
                    await self._raise_rest(record)
                waits = delays()
                await self._in_time(rested)
            except JournalUnavailable as error:
                delay = next(waits)
                _LOG.warning("The result of instance %s: %s Trying again in %.1f s.", id, error, delay)
                await asyncio.wait({rested}, timeout=delay)
            finally:
                _leave(self._rests, id, rested)

    @contextlib.contextmanager
    def _stop_told(self) -> Generator[None]:
        """Raise `RuntimeStopped` where the journal was closed by a stop while something was waited for."""
        try:
            yield
        except JournalClosed:
            self._check_running()
            raise

    def _check_running(self) -> None:
        if self._stopped is not None:
            raise self._stopped.with_traceback(None)

    async def _raise_rest(self, record: InstanceRecord) -> None:
        """Raise what says why an instance does not go on."""
        if record.status is Status.STUCK:
            raise InstanceStuck(record.id, record.detail)
        if is_deadly(record):
            raise InstancePaused(record.id, "", record.detail)
        execution = await self._execution(record)
        check_not_held(record.id, execution)
        problem = Agenda.of(execution)[0].first_problem
        if problem is None:
            raise InstancePaused(record.id, "", record.detail)
        raise InstancePaused(record.id, problem.address, str(problem.problem), problem.remaining)


def _is_over(record: InstanceRecord) -> bool:
    """Tell whether nobody answers for an instance any more. One whose data is to be deleted has ended too."""
    return record.status not in UNFINISHED or record.status in WITHOUT_DATA


def signal_key(message: Message) -> str:
    """Return the key with which the signal was sent that a message brings.

    >>> signal_key(Message("a", "signal", "approve", None, "signal:approve:click:1:0c5e"))
    'click:1'
    """
    return message.key.removeprefix(f"{message.operation}:{message.name}:").rpartition(":")[0]


def _of_call(key: str) -> str:
    """Return the key of a message that is this call's alone.

    What was refused, and so not recorded, is asked anew when it is sent again with its key; it does not get the old
    answer. What was recorded is found there by its key.
    """
    return f"{key}:{uuid.uuid4().hex}"


class _Sent(msgspec.Struct, frozen=True):
    """Is a report in JSON."""

    kind: str
    address: str
    by: str
    text: str
    key: str | None
    value: tuple[str, int, str] | None

    @classmethod
    def of(cls, report: Report, value: Payload | None) -> _Sent:
        """Return a report with its value as a payload."""
        encoded = None if value is None else (value.type, value.version, value.text)
        return cls(report.kind.value, report.address, report.by, report.text, report.key, encoded)


def report_in(payload: Payload) -> Report:
    """Return the report that another process has sent."""
    sent = msgspec.json.decode(payload.text, type=_Sent)
    value = None if sent.value is None else Payload(*sent.value)
    return Report(Kind(sent.kind), sent.address, sent.by, sent.text, value, sent.key)


def _result(id: str, execution: Execution) -> Result[Any, Any]:
    outcome = Agenda.of(execution)[0].outcome
    assert outcome is not None, "its record says that it has ended"
    if outcome.is_cancelled:
        raise InstanceCancelled(id)
    if outcome.given_up is not None:
        raise InstanceFailed(id, outcome.given_up)
    return outcome.result


_Key = TypeVar("_Key", int, str)


def _waiter(waiters: dict[_Key, set[asyncio.Future[None]]], key: _Key) -> asyncio.Future[None]:
    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiters.setdefault(key, set()).add(waiter)
    return waiter


def _leave(waiters: dict[_Key, set[asyncio.Future[None]]], key: _Key, waiter: asyncio.Future[None]) -> None:
    left = waiters.get(key, set())
    left.discard(waiter)
    if not left:
        waiters.pop(key, None)


def _wake(waiters: set[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
