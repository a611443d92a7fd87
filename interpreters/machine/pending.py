"""What can happen next, and what can be asked? Pure questions; after a recovery they answer as before the crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias, TypeVar, cast

import attrs
from msgspec import Struct
from returns.result import Failure, Result

from interpreters.errors import UnexpectedQuery, UserFunctionRaised, WrongPayload
from interpreters.machine.branch_order import live_in_order
from interpreters.machine.execution import (
    ROOT,
    Active,
    Attempts,
    Bond,
    Cancelled,
    ChildLink,
    Closed,
    Deadline,
    Execution,
    GaveUp,
    Going,
    Held,
    Joint,
    Kept,
    Offer,
    Unrecorded,
)
from interpreters.machine.frames import Answering, Frames
from interpreters.machine.latest import holder_of, latest
from interpreters.machine.locking import blocker, is_blocked
from interpreters.machine.places import places
from interpreters.machine.recorded import Problem
from interpreters.machine.trying import last_attempt
from interpreters.machine.undoing import undos_after
from journals.codec_errors import form_name
from journals.codecs import CodecError, UnsupportedType
from journals.entries import Payload
from wio.names import name_of
from wio.nodes import (
    Answer,
    Checkpoint,
    During,
    ForEach,
    HandleSignal,
    Loop,
    Machine,
    OfferTask,
    Publish,
    Record,
    Recovered,
    RunChild,
    RunIO,
    Saga,
    SetAttributes,
    Wait,
)
from wio.retries import GivenUp
from wio.signals import Query

R = TypeVar("R")


class EffectToRun(Struct, frozen=True):
    """Is an effect that the instance wants to be run, with its arguments, at or after `not_before` (None: now).

    `attempt` counts from 1. `kept` is the signal that came early and is handled by this effect, or None. Of an effect
    that was tried before, `attempts` is the number of the last attempt that its policy grants, None when it grants any
    number, and `error` is what the attempt before has failed with, None when it was lost or came before a resume.
    A `transactional` one also takes a connection, after its arguments.
    """

    address: str
    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    attempt: int
    not_before: datetime | None = None
    kept: Kept | None = None
    attempts: int | None = None
    error: Problem | None = None
    transactional: bool = False


@attrs.frozen
class SignalExpected:
    """Is a signal for which the instance waits."""

    address: str
    node: HandleSignal


@attrs.frozen
class TimerRunning:
    """Is a wait that is over at `due`; None says that the deadline is still to be recorded."""

    address: str
    due: datetime | None


@attrs.frozen
class TaskOffered:
    """Is a task that is offered. `to` says to whom, as JSON; `by` who has claimed it, or None."""

    address: str
    node: OfferTask
    to: Payload | None
    by: str | None


@attrs.frozen
class ChildToStart:
    """Is a child that must have begun before the instance leaves it behind."""

    address: str
    child: ChildLink


@attrs.frozen
class ChildRunning:
    """Is a child whose end the instance waits for. It has begun, or begins as soon as a runtime has the instance."""

    address: str
    child: ChildLink


@attrs.frozen
class ChildToCancel:
    """Is a child that is to be told to cancel."""

    address: str
    child: ChildLink


@attrs.frozen
class PausedAt:
    """Is a place that waits for an operator, and why. `remaining` names the undos that wait for the one it is in.

    `errors` is how many attempts in a row have failed there, 0 when it is not paused for that; `resume_at` is when it
    goes on by itself, None when it does not.
    """

    address: str
    problem: Problem
    remaining: tuple[str, ...] = ()
    errors: int = 0
    resume_at: datetime | None = None


@attrs.frozen
class ToRecord:
    """Is a step that only has to be recorded, such as attributes: whoever runs the instance does so when it reads it.

    A runtime records it in the commit that leads there. So it is seen only after an instance was told to go back.
    """

    address: str


@attrs.frozen
class Stuck:
    """Is an instance in which nothing can happen any more, although it has not ended, and why."""

    reason: str


@attrs.frozen
class Outcome:
    """Is the end of an instance. `recorded` tells whether the journal holds it already."""

    result: Result[Any, Any]
    recorded: bool

    @property
    def is_cancelled(self) -> bool:
        """Tell whether the instance was cancelled; then its result is no error of the workflow."""
        return isinstance(self.result, Failure) and isinstance(self.result.failure(), Cancelled)

    @property
    def given_up(self) -> GivenUp | None:
        """Is why a step has failed the instance; None when it ended otherwise."""
        error = self.result.failure() if isinstance(self.result, Failure) else None
        return error.given_up if isinstance(error, GaveUp) else None


ChildToSee: TypeAlias = ChildToStart | ChildRunning | ChildToCancel
"""Is a child that the instance has to see to."""

Pending: TypeAlias = (
    EffectToRun
    | SignalExpected
    | TimerRunning
    | TaskOffered
    | ChildToSee
    | ToRecord
    | PausedAt
    | Held
    | Stuck
    | Outcome
)
"""Is one thing that an execution waits for."""


def pending(execution: Execution) -> tuple[Pending, ...]:
    """Return all that the execution waits for, ordered by address; it is never empty.

    Raises `WrongPayload` when a kept signal cannot be decoded.
    """
    ended = execution.outcome
    if ended is not None:
        return (Outcome(ended.outcome, ended.recorded),)
    if execution.held is not None:
        return (execution.held,)
    standing = (pending_at(execution, place) or _to_record(place) for place in places(execution))
    found = tuple(waiting for waiting in standing if waiting is not None)
    return found or (Stuck(why_stuck(execution)),)


def pending_at(execution: Execution, active: Active) -> Pending | None:
    """Return what a place waits for; None when nothing can happen there before another part frees it."""
    if active.problem is not None:
        return _paused(execution, active, active.problem)
    node, standing = active.node, active.standing
    if active.gated:
        return None
    match node:
        case RunIO(effect, transactional=transactional):
            return _effect(execution, active, effect, (active.value,), None, transactional)
        case HandleSignal(_, effect):
            if active.kept is not None:
                request = _request(execution, active, node, active.kept)
                return _effect(execution, active, effect, (active.value, request), active.kept)
            return None if is_blocked(execution, active) else SignalExpected(active.address, node)
        case Wait():
            return TimerRunning(active.address, standing.due if isinstance(standing, Deadline) else None)
        case OfferTask():
            offer = cast(Offer, standing)
            return None if is_blocked(execution, active) else TaskOffered(active.address, node, offer.to, offer.by)
        case RunChild(waits=waits):
            return _child(active.address, standing, waits) if isinstance(standing, ChildLink) else None
        case Record() | SetAttributes() | Publish() | ForEach() | Checkpoint() | Loop() | Machine():
            return None
        case Recovered() | Saga():
            return None


def _paused(execution: Execution, active: Active, problem: Problem) -> PausedAt:
    remaining = undos_after(execution.joints, active.home)
    attempts = active.standing
    if isinstance(attempts, Attempts) and attempts.error == attrs.evolve(problem, traceback=""):
        return PausedAt(active.address, problem, remaining, attempts.failed, attempts.resume_at)
    return PausedAt(active.address, problem, remaining)


def _child(address: str, link: ChildLink, waits: bool) -> ChildToSee:
    match link.bond:
        case Bond.STEP:
            return ChildRunning(address, link) if waits else ChildToStart(address, link)
        case Bond.WATCH:
            return ChildRunning(address, link)
        case Bond.CANCEL:
            return ChildToCancel(address, link)
        case Bond.RELEASE:
            return ChildToStart(address, link)


def _to_record(active: Active) -> ToRecord | None:
    is_to_be = isinstance(active.standing, Unrecorded | Going) and not active.gated
    return ToRecord(active.address) if is_to_be else None


def why_stuck(execution: Execution) -> str:
    """Say why nothing can happen: which lock or milestone each part waits for."""
    reasons: list[str] = []
    for active in places(execution):
        holder = blocker(execution.joints, execution.shared.locks, active.home)
        if holder is not None:
            reasons.append(f"{active.address} waits for the lock of {holder.address}")
    for joint in execution.joints.values():
        if isinstance(joint.node, During) and joint.more == "waiting":
            reasons.append(f"{joint.address} waits for milestone {joint.node.milestone}, which nothing reaches")
    return "; ".join(sorted(reasons)) or "nothing can happen any more"


def _effect(
    execution: Execution,
    active: Active,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    kept: Kept | None,
    transactional: bool = False,
) -> EffectToRun:
    ended = cast(Attempts, active.standing)
    last = last_attempt(execution.joints, active) if ended.ended else None
    return EffectToRun(
        active.address,
        active.node.name,
        function,
        arguments,
        ended.ended + 1,
        ended.retry_at,
        kept,
        last,
        ended.error,
        transactional,
    )


def _request(execution: Execution, active: Active, node: HandleSignal, kept: Kept) -> object:
    try:
        return execution.codec.decode(kept.request, node.signal.request)
    except CodecError as error:
        raise WrongPayload(f"The kept signal {kept.signal!r} for {active.address!r}", str(error)) from error


def expected_signals(execution: Execution) -> tuple[str, ...]:
    """Return the names of the signals that the execution takes now."""
    waiting = pending(execution)
    return tuple(dict.fromkeys(each.node.signal.name for each in waiting if isinstance(each, SignalExpected)))


def answer(execution: Execution, question: Query[R]) -> R:
    """Return the answer of the nearest enclosing query node, from the latest value in its part.

    After the part has ended, the node that ended last answers. Raises `UnexpectedQuery` when there is none, and
    `UserFunctionRaised` when the answer function raises, and `WrongPayload` when it returns another type than declared.
    """
    found = _open_query(execution, ROOT.prefix, question.name) or _closed_query(execution, question.name)
    standing = places(execution)
    address = standing[0].address if standing else ""
    if found is None:
        raise UnexpectedQuery(question.name, address)
    try:
        answered = found.node.answer(found.state)
    except Exception as error:
        raise UserFunctionRaised(name_of(found.node.answer, "An answer"), address, error) from error
    _check_answer(execution, question, answered, found.state)
    return cast(R, answered)


def _check_answer(execution: Execution, question: Query[Any], answered: object, state: object) -> None:
    """Refuse an answer that is not of the declared type: an answer function that forgot a state returns None."""
    try:
        execution.codec.encode(answered, question.response)
    except UnsupportedType:
        return  # Answers are not stored, so they may be of types that a journal cannot keep.
    except CodecError as error:
        place = f"The answer to query {question.name!r} for a state of type {type(state).__name__}"
        reason = f"a {type(answered).__name__} where {form_name(question.response)} is declared: {error.reason}"
        raise WrongPayload(place, f"{reason}. Let the answer function cover this state") from error


def _open_query(execution: Execution, prefix: str, name: str) -> Closed | None:
    """Return the query node nearest to where a thread is active; of several branches, the first that has one."""
    threads, joints = execution.threads, execution.joints
    todo: list[str | Joint] = [prefix]  # a joint comes after all that is inside of it
    while todo:
        here = todo.pop()
        holder = holder_of(threads, joints, here) if isinstance(here, str) else here
        if isinstance(holder, Joint) and holder is not here:
            todo.append(holder)
            todo.extend(inside for _, inside in reversed(live_in_order(holder)))
        elif holder is not None:
            node = _in_frames(holder.frames, name)
            if node is not None:
                return Closed(node, latest(threads, joints, holder))
    return None


def _closed_query(execution: Execution, name: str) -> Closed | None:
    return next((closed for closed in execution.closed if closed.node.query.name == name), None)


def _in_frames(frames: Frames, name: str) -> Answer | None:
    while frames is not None:
        if isinstance(frames, Answering) and frames.node.query.name == name:
            return frames.node
        frames = frames.below
    return None
