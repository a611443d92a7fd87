"""How does a child come from one point of its life to the next?"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from returns.result import Failure

from interpreters.machine.children import close_child, leave_child
from interpreters.machine.entries.moves import decoded, decoded_own, gone_on, mismatch, stayed
from interpreters.machine.execution import Active, Bond, ChildLink, Execution, GaveUp
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.recorded import ChildEnd, ChildEnded, ChildStarted
from interpreters.machine.trying import gives_up
from interpreters.machine.words import expectation
from journals.entries import Entry, Kind
from wio.nodes import RunChild
from wio.retries import GivenUp


def on_child(execution: Execution, active: Active, node: RunChild, entry: Entry, observe: Observer | None) -> Execution:
    """Return the execution after one event in the life of a child, as far as it is at that point."""
    link, kind = active.standing, entry.kind
    if not isinstance(link, ChildLink):
        if kind is not Kind.CHILD_STARTED or entry.response is None:
            raise mismatch(execution, entry, expectation(execution))
        started = decoded_own(execution, entry, ChildStarted)
        link = ChildLink(started.id, started.workflow, started.version, entry.response, active.address)
        return stayed(execution, replace(active, standing=link))
    awaits_end = node.waits if link.bond is Bond.STEP else link.bond is Bond.WATCH
    if kind is not (Kind.CHILD_ENDED if awaits_end else Kind.CHILD_LEFT):
        raise mismatch(execution, entry, expectation(execution))
    moving = Moving(execution, active, observe)
    if link.bond is not Bond.STEP:
        close_child(moving, active)
        return moving.moved()
    if not awaits_end:
        leave_child(moving, active, node, link)
        return gone_on(moving, active, active.value, None)
    return gone_on(moving, active, *_child_outcome(execution, active, node, entry))


def _child_outcome(
    execution: Execution, active: Active, node: RunChild, entry: Entry
) -> tuple[Any, Failure[Any] | None]:
    ended = decoded_own(execution, entry, ChildEnded)
    match ended.end:
        case ChildEnd.COMPLETED:
            return decoded(execution.codec, replace(entry, payload=entry.response), node.result), None
        case ChildEnd.FAILED if node.error is not None:
            error = decoded(execution.codec, replace(entry, payload=entry.response), node.error)
            return active.value, Failure(error)
        case ChildEnd.CANCELLED | ChildEnd.GIVEN_UP if gives_up(execution.joints, active):
            given_up = GivenUp("ChildWithoutResult", f"Child {ended.id!r} {ended.end.value}.", 1)
            return active.value, Failure(GaveUp(given_up))
        case _:
            raise mismatch(execution, entry, expectation(execution))
