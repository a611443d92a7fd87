"""Was an instance started as somebody wants to start it now? Then they get that one; else the id is taken."""

from __future__ import annotations

from typing import Any

from interpreters.errors import InstanceExists
from interpreters.runtime.journal.storing import check_has_data
from journals.codecs import Codec, CodecError
from journals.entries import Entry, InstanceRecord, Payload
from journals.ports import Journal
from journals.transactions import Begun
from wio.workflow import Workflow


async def existing(
    journal: Journal, codec: Codec, id: str, workflow: Workflow[Any, Any, Any], started: Entry
) -> InstanceRecord:
    """Return the record of an instance that was started as `started` would start it. Raises `InstanceExists`."""
    record = await journal.find(id)
    check_has_data(record)
    (recorded,) = await journal.read(id, most=1)
    check_same(Begun(record, recorded), codec, workflow, started)
    return record


def check_same(begun: Begun, codec: Codec, workflow: Workflow[Any, Any, Any], started: Entry) -> None:
    """Raise `InstanceExists` when an instance was not started as `started` would start it."""
    id, recorded = begun.record.id, begun.started
    if begun.record.workflow != workflow.name:
        raise InstanceExists(id, f"workflow {begun.record.workflow!r}, not {workflow.name!r}")
    if started.response is not None and recorded.response != started.response:
        raise InstanceExists(id, f"another parent, {_shown(recorded.response)}")
    if recorded.payload != started.payload and not _is_same_input(codec, workflow, recorded, started):
        raise InstanceExists(id, f"another input, {_shown(recorded.payload)}")


def _is_same_input(codec: Codec, workflow: Workflow[Any, Any, Any], recorded: Entry, started: Entry) -> bool:
    """Compare values: the texts of equal ones may differ, for instance in the order of a set."""
    if recorded.payload is None or started.payload is None:
        return False
    try:
        before = codec.decode(recorded.payload, workflow.input)
    except CodecError:
        return False
    return before == codec.decode(started.payload, workflow.input)


def _shown(payload: Payload | None) -> str:
    return "none" if payload is None else f"{payload.text:.200}"
