"""How does an instance go back to an earlier place? An entry says so, and whoever owns it then reads it anew."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from interpreters.errors import CannotGoBack, MoveRefused
from interpreters.machine.going_back import went_back_entry
from interpreters.machine.recorded import Note
from interpreters.machine.recovery import recover
from interpreters.runtime.requests.commands import Command
from journals.codecs import Codec
from journals.entries import Commit, Entry, InstanceRecord, Status
from journals.ports import Journal
from journals.run_states import MOVES, RunState, run_state
from wio.workflow import Workflow

_PAGE = 5_000


async def go_back(
    journal: Journal,
    workflow: Workflow[Any, Any, Any],
    codec: Codec,
    record: InstanceRecord,
    owner: int | None,
    command: Command,
    now: datetime,
) -> None:
    """Record that an instance goes back to the address of a command. `owner` is whose it is; None of one that failed.

    Raises `MoveRefused`, `CannotGoBack`, and what the journal raises.
    """
    state = run_state(record.status)
    if state is not RunState.RUNNING and RunState.RUNNING not in MOVES[state]:
        raise MoveRefused(record.id, state, RunState.RUNNING)
    entries = await _all_entries(journal, record)
    if state is RunState.FAILED and entries[0].response is not None:
        raise CannotGoBack(record.id, command.address, "its parent has been told that it has failed")
    note = command.note or Note()
    entry = went_back_entry(workflow, entries, codec, command.address, now, note, id=record.id)
    try:
        recover(workflow, (*entries, entry), codec, id=record.id)
    # Code of the user runs in there: pure functions, codecs.
    except Exception as error:
        raise CannotGoBack(record.id, command.address, f"what comes before it does not fit: {error}") from error
    await journal.commit(_commit(record, replace(entry, key=command.key), owner, command.address))


async def _all_entries(journal: Journal, record: InstanceRecord) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    while len(entries) < record.last_seq:
        most = min(_PAGE, record.last_seq - len(entries))
        entries.extend(await journal.read(record.id, after=len(entries), most=most))
    return tuple(entries)


def _commit(record: InstanceRecord, entry: Entry, owner: int | None, address: str) -> Commit:
    """Return the commit after which the instance is to be read anew, by its owner or by whoever claims it."""
    return Commit(
        record.id,
        record.workflow,
        record.version,
        record.last_seq,
        (entry,),
        Status.WAITING,
        entry.recorded_at,
        uuid.uuid4().hex,
        entry.recorded_at,
        f"goes back to {address}"[:1_000],
        owner,
    )
