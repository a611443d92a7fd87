"""How is a whole instance paused by a command, and how does it go on?

While it is held, what was under way may end and is recorded; nothing follows from it. A resume lets all that follow.
Where nothing is held, a resume changes nothing. It says who let an instance go on that was parked, as no entry says.
"""

from __future__ import annotations

from msgspec.structs import replace

from interpreters.machine.entries.moves import decoded_own
from interpreters.machine.execution import Execution, Held
from interpreters.machine.recorded import Note
from journals.entries import Entry, Kind

WHILE_HELD = frozenset(
    {
        Kind.EVENT,
        Kind.SIGNAL,
        Kind.ATTEMPT_FAILED,
        Kind.ATTEMPT_LOST,
        Kind.TASK_HEARTBEAT,
        Kind.TASK_RELEASED,
        Kind.TASK_COMPLETED,
        Kind.TASK_FAILED,
        Kind.PAUSED,
    }
)
"""Are the entries that a place may get meanwhile: each ends, or keeps alive, what had begun before."""


def hold(execution: Execution, entry: Entry) -> Execution:
    """Let nothing begin any more."""
    note = Note() if entry.payload is None else decoded_own(execution, entry, Note)
    held = Held(note.by, note.text, entry.recorded_at)
    return replace(execution, seq=entry.seq, held=held, touched=())


def let_go(execution: Execution) -> Execution:
    """Return the execution in which everything may go on. Whatever stands somewhere is touched too: it may owe
    entries."""
    touched = dict.fromkeys((*execution.touched, *sorted(execution.threads)))
    return replace(execution, held=None, touched=tuple(touched))
