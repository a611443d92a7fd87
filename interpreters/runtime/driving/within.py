"""How does an instance begin together with what its caller writes? In the caller's own transaction of the database.

It is there when they commit, and any process that can run it takes it then; when they roll back, it never was.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable
from typing import Any, TypeVar

from interpreters.machine.attributes import set_in
from interpreters.machine.transition import JSON
from interpreters.machine.turn import Turn, first_turn
from interpreters.runtime.arguments import tags_given
from interpreters.runtime.driving.agenda import Agenda
from interpreters.runtime.driving.same_start import check_same
from interpreters.runtime.telling.hooks import with_call
from interpreters.runtime.telling.publishing import published_in
from journals.codecs import Codec
from journals.entries import Commit, Status
from journals.errors import NoTransactions
from journals.ports import Journal
from journals.transactions import StartsWithin, starts_within_of
from journals.validation import validate_id
from wio.workflow import Workflow

A = TypeVar("A")


def start_within(
    connection: object,
    workflow: Workflow[A, Any, Any],
    *,
    id: str,
    input: A,
    journal: Journal,
    codec: Codec | None = None,
    tags: Iterable[str] = (),
) -> None:
    """Start an instance within the transaction that is open on a blocking connection: for code without an event loop.

    `connection` is psycopg's `Connection`, or SQLAlchemy's `Connection` or `Session` over one; with a journal in SQLite
    one of `sqlite3` to the same file. `journal` says in which tables; it need not be open. `codec` is the one of the
    runtimes. The same start again changes nothing. Raises `InstanceExists`, `NoTransactions`, `WrongConnection`,
    `NotAJournal`, `WorkflowDisabled`, `WrongPayload`, and what the driver raises.
    """
    validate_id(id)
    starts = _starts(journal, id)
    codec = codec or JSON
    first = first_turn(workflow, input, starts.now(connection), codec, random.random, id=id)
    begun = starts.start(connection, start_of(id, first, tags_given(tags)))
    if begun is not None:
        check_same(begun, codec, workflow, first.entries[0])


async def begin_within(
    journal: Journal,
    connection: object,
    workflow: Workflow[Any, Any, Any],
    id: str,
    first: Turn,
    codec: Codec,
    tags: tuple[str, ...],
) -> None:
    """Store the first turn of an instance within the caller's transaction. Raises like `start_within`."""
    start = await with_call(journal, start_of(id, first, tags))
    begun = await _starts(journal, id).start_async(connection, start)
    if begun is not None:
        check_same(begun, codec, workflow, first.entries[0])


def _starts(journal: Journal, id: str) -> StartsWithin:
    starts = starts_within_of(journal)
    if starts is None:
        raise NoTransactions(repr(journal), f"the start of {id!r} within one")
    return starts


def start_of(id: str, first: Turn, tags: tuple[str, ...] = ()) -> Commit:
    """Return the commit that starts an instance which nobody owns yet; who claims it goes on with it."""
    execution, at = first.execution, first.entries[-1].recorded_at
    agenda, _ = Agenda.of(execution)
    status = agenda.status(execution)
    is_ready = status is Status.RUNNING
    return Commit(
        id,
        execution.workflow.name,
        execution.workflow.version,
        0,
        first.entries,
        Status.INITIATED if is_ready else status,
        at,
        uuid.uuid4().hex,
        at if is_ready else agenda.look_at(at),
        agenda.detail(execution),
        tags=tags,
        attributes=set_in(first.entries, execution.codec),
        published=published_in(id, first.entries, execution.codec),
    )
