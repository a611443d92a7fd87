"""May an instance go back to an earlier place, and which entry says so? A question asked of its whole journal.

Everything recorded from the first entry at that place on does not count any more. So nothing of it may have happened
beside the place, in another branch, and nothing may have reached out of the instance that cannot be begun anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from interpreters.errors import CannotGoBack
from interpreters.machine.entries.signals import MAILBOX
from interpreters.machine.execution import Active, Execution
from interpreters.machine.places import place_at
from interpreters.machine.recorded import Note, WentBack
from interpreters.machine.recovery import recover
from interpreters.machine.voided import Void, is_in, void_in
from journals.codecs import Codec
from journals.entries import Entry, Kind
from wio.workflow import Workflow

_UNDO = re.compile(r"\[undo \d+\](/|$)")
_MOST_NAMED = 8
_LASTING = {
    Kind.CHILD_STARTED: "a child was started at {!r}, which has a life of its own",
    Kind.CANCELLING: "it was told to cancel",
}


def went_back_entry(
    workflow: Workflow[Any, Any, Any],
    entries: Sequence[Entry],
    codec: Codec,
    address: str,
    at: datetime,
    note: Note,
    *,
    id: str,
) -> Entry:
    """Return the entry with which an instance goes back to an address. `entries` are all it has.

    Raises `CannotGoBack`.
    """
    void = void_in(entries, codec)
    count = [entry for entry in entries if not is_in(void, entry.seq)]
    first = next((entry for entry in count if _is_at(address, entry.address)), None)
    if first is None:
        raise CannotGoBack(id, address, _unknown(count))
    voided = [entry for entry in count if entry.seq >= first.seq]
    before = recover(workflow, _before(entries, first.seq), codec, id=id)
    reason = next(_reasons(before, first, voided), None)
    if reason is not None:
        raise CannotGoBack(id, address, reason)
    last = len(entries) + 1
    went_back = WentBack(address, _joined(void, first.seq, last), note.by, note.text)
    return Entry(last, Kind.WENT_BACK, "", codec.encode(went_back, WentBack), at)


def _is_at(address: str, other: str) -> bool:
    """Tell whether an entry is at an address, or inside the part that is there."""
    if other.startswith(MAILBOX) or not address:
        return False
    return other == address or other.startswith((f"{address}/", f"{address}["))


def _before(entries: Sequence[Entry], seq: int) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if entry.seq < seq)


def _joined(void: Void, first: int, last: int) -> Void:
    return (*(run for run in void if run[1] < first), (first, last))


def _unknown(entries: Sequence[Entry]) -> str:
    known = dict.fromkeys(
        entry.address for entry in reversed(entries) if entry.address and not entry.address.startswith(MAILBOX)
    )
    named = ", ".join(list(known)[:_MOST_NAMED]) or "nothing"
    return f"nothing is recorded there; recorded last is: {named}"


def _reasons(before: Execution, first: Entry, voided: Sequence[Entry]) -> Iterator[str]:
    """Yield why an instance cannot go back, if it cannot."""
    for entry in voided:
        if entry.kind in _LASTING:
            yield f"since then {_LASTING[entry.kind].format(entry.address)}"
        if _UNDO.search(entry.address):
            yield f"since then it has begun to undo what was done, at {entry.address!r}"
    standing = [place for place in before.threads.values() if isinstance(place, Active)]
    here = place_at(before, first.address)  # in a workflow that was mended it may have another name
    beside = [place.home.prefix for place in standing if place is not here and place.home.prefix]
    if here is None and len(standing) > 1:
        yield "the workflow has no such place beside the others any more"
    for entry in voided:
        if not entry.address.startswith(MAILBOX) and len(standing) > 1 and entry.address.startswith(tuple(beside)):
            yield f"it would undo what has happened beside it since then, at {entry.address!r}"
