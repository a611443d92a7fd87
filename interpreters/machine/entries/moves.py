"""How does a thread stay where it is, or go on, when an entry fits?"""

from __future__ import annotations

from typing import Any, TypeVar, cast

from msgspec.structs import replace
from returns.result import Failure, Success

from interpreters.errors import JournalMismatch, WrongPayload
from interpreters.machine.advance import advance, walk
from interpreters.machine.calling import call
from interpreters.machine.execution import Active, Execution
from interpreters.machine.joints import begin_work
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.words import expectation
from journals.codecs import Codec, CodecError
from journals.entries import Entry
from wio.nodes import HandleSignal, RunIO
from wio.workflow import Workflow

T = TypeVar("T")


def mismatch(execution: Execution, entry: Entry, expected: str) -> JournalMismatch:
    """Return the error that says that an entry does not fit."""
    return JournalMismatch(label(execution.workflow), entry.seq, entry.kind.value, entry.address, expected)


def label(workflow: Workflow[Any, Any, Any]) -> str:
    """Return a workflow as errors name it."""
    return f"workflow {workflow.name!r} version {workflow.version}"


def decoded(codec: Codec, entry: Entry, form: object | None) -> Any:
    """Return the payload of an entry as a value of a declared type. Raises `WrongPayload`."""
    if entry.payload is None:
        raise WrongPayload(f"Entry {entry.seq} at {entry.address!r}", "It has no payload.")
    try:
        return codec.decode(entry.payload, form)
    except CodecError as error:
        raise WrongPayload(f"Entry {entry.seq} at {entry.address!r}", str(error)) from error


def decoded_own(execution: Execution, entry: Entry, form: type[T]) -> T:
    """Decode what the machine itself wrote. Anything else is an entry of another kind, so it does not fit."""
    try:
        return cast(T, decoded(execution.codec, entry, form))
    except WrongPayload as error:
        raise mismatch(execution, entry, expectation(execution)) from error


def moved(
    execution: Execution, active: Active, value: Any, failure: Failure[Any] | None, observe: Observer | None
) -> Execution:
    """Return the execution in which a step has ended with a value, or with a failure, and its thread has gone on."""
    return gone_on(Moving(execution, active, observe), active, value, failure)


def gone_on(moving: Moving, active: Active, value: Any, failure: Failure[Any] | None) -> Execution:
    """Return the execution in which a thread has gone on from a place."""
    home = active.home
    if home.joint is not None:
        begin_work(moving, home)
    walk(moving, None, value, failure, active.scope, active.frames, home)
    if moving.todo or moving.over or moving.loose:
        advance(moving)
    return moving.moved()


def stayed(execution: Execution, active: Active) -> Execution:
    """Return the execution in which a thread still stands at its place, which has changed."""
    prefix = active.home.prefix
    threads = execution.threads.with_(prefix, active)
    return replace(execution, seq=execution.seq + 1, threads=threads, touched=(prefix,))


def folded(node: RunIO | HandleSignal, active: Active, event: Any) -> tuple[Any, Failure[Any] | None]:
    """Return what the handler of a step makes of its event: the output, or the present value and the failure."""
    if node.handler is None:
        return event, None
    return outcome_of(call(node.handler, active.address, active.value, event), active.value)


def outcome_of(folded: Any, value: Any) -> tuple[Any, Failure[Any] | None]:
    """Return what a handler has returned as an output, or as the present value and a failure."""
    # The classes are final, and isinstance is slow for them: their metaclass is that of abstract classes.
    if folded.__class__ is Failure:
        return value, folded
    return (folded.unwrap() if folded.__class__ is Success else folded), None
