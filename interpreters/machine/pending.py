"""What can happen next, and what can be asked? Pure questions; after a recovery they answer as before the crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias, TypeVar, cast

import attrs
from returns.result import Result

from interpreters.errors import UnexpectedQuery, UserFunctionRaised, WrongPayload
from interpreters.machine.execution import Active, Attempts, Closed, Deadline, Ended, Execution, Kept, Problem
from interpreters.machine.frames import Answering, Frames
from journals.codec_errors import form_name
from journals.codecs import CodecError, UnsupportedType
from wio.names import name_of
from wio.nodes import HandleSignal, RunIO, Wait
from wio.signals import Query

R = TypeVar("R")


@attrs.frozen
class EffectToRun:
    """Is an effect that the instance wants to be run, with its arguments, at or after `not_before` (None: now).

    `attempt` counts from 1. `kept` is the signal that came early and is handled by this effect, or None.
    """

    address: str
    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    attempt: int
    not_before: datetime | None = None
    kept: Kept | None = None


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
class PausedAt:
    """Is an instance that waits for an operator, and why."""

    address: str
    problem: Problem


@attrs.frozen
class Outcome:
    """Is the end of an instance. `recorded` tells whether the journal holds it already."""

    result: Result[Any, Any]
    recorded: bool


Pending: TypeAlias = EffectToRun | SignalExpected | TimerRunning | PausedAt | Outcome
"""Is what an execution waits for: one thing at a time, as long as a workflow has one active place."""


def pending(execution: Execution) -> Pending:
    """Return what the execution waits for. Raises `WrongPayload` when a kept signal cannot be decoded."""
    position = execution.position
    if isinstance(position, Ended):
        return Outcome(position.outcome, position.recorded)
    if position.problem is not None:
        return PausedAt(position.address, position.problem)
    node, standing = position.node, position.standing
    match node:
        case RunIO(effect):
            return _effect(position, effect, (position.value,), None)
        case HandleSignal(signal, effect):
            for kept in execution.mailbox:
                if kept.signal == signal.name:
                    request = _request(execution, position, node, kept)
                    return _effect(position, effect, (position.value, request), kept)
            return SignalExpected(position.address, node)
        case Wait():
            return TimerRunning(position.address, standing.due if isinstance(standing, Deadline) else None)


def _effect(active: Active, function: Callable[..., Any], arguments: tuple[Any, ...], kept: Kept | None) -> EffectToRun:
    attempts = cast(Attempts, active.standing)
    return EffectToRun(
        active.address, active.node.name, function, arguments, attempts.ended + 1, attempts.retry_at, kept
    )


def _request(execution: Execution, active: Active, node: HandleSignal, kept: Kept) -> object:
    try:
        return execution.codec.decode(kept.request, node.signal.request)
    except CodecError as error:
        raise WrongPayload(f"The kept signal {kept.signal!r} for {active.address!r}", str(error)) from error


def expected_signals(execution: Execution) -> tuple[str, ...]:
    """Return the names of the signals that the execution takes now."""
    waiting = pending(execution)
    return (waiting.node.signal.name,) if isinstance(waiting, SignalExpected) else ()


def answer(execution: Execution, question: Query[R]) -> R:
    """Return the answer of the nearest enclosing query node, from the latest value in its part.

    After the part has ended, the node that ended last answers. Raises `UnexpectedQuery` when there is none, and
    `UserFunctionRaised` when the answer function raises, and `WrongPayload` when it returns another type than declared.
    """
    position = execution.position
    address = position.address if isinstance(position, Active) else ""
    found = _open_query(position, question.name) or execution.closed.get(question.name)
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


def _open_query(position: Active | Ended, name: str) -> Closed | None:
    if isinstance(position, Ended):
        return None
    frames: Frames = position.frames
    while frames is not None:
        if isinstance(frames, Answering) and frames.node.query.name == name:
            return Closed(frames.node, position.value)
        frames = frames.below
    return None
