"""How does the journal of an instance begin, and end?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from interpreters.machine.entries.ends import end_kind
from interpreters.machine.execution import (
    Execution,
)
from interpreters.machine.recorded import (
    Parent,
)
from interpreters.machine.recording.payloads import given_payload, outcome_payload, told
from interpreters.machine.transition import JSON
from journals.codecs import Codec
from journals.entries import Entry, Kind
from wio.workflow import Workflow


def started_entry(
    workflow: Workflow[Any, Any, Any], input: object, at: datetime, codec: Codec = JSON, parent: Parent | None = None
) -> Entry:
    """Return the first entry of an instance. Raises `WrongPayload` when the input cannot be kept."""
    payload = given_payload(codec, input, workflow.input, f"The input of workflow {workflow.name!r}")
    return Entry(1, Kind.STARTED, "", payload, at, response=None if parent is None else codec.encode(parent, Parent))


def end_entry(execution: Execution, at: datetime) -> Entry | None:
    """Return the entry of the outcome, when there is one that is not recorded yet."""
    ended = execution.outcome
    if ended is None or ended.recorded:
        return None
    kind = end_kind(ended)
    if kind is Kind.CANCELLED:
        return Entry(execution.seq + 1, kind, "", None, at)
    value = ended.outcome.unwrap() if kind is Kind.COMPLETED else told(ended.outcome.failure())
    return Entry(execution.seq + 1, kind, "", outcome_payload(execution.codec, value), at)
