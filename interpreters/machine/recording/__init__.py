"""Which entry records what has just happened? Stimuli become entries here; time and chance come in as data.

Each function returns the entry that would follow; nothing has moved until `apply` has taken it.
"""

from __future__ import annotations

from interpreters.machine.recording.attempts import (
    due_of_attempt,
    event_entry,
    event_entry_at,
    failure_entry,
    kept_entry,
    lost_entry,
    signal_entry,
)
from interpreters.machine.recording.children import child_deleted_entry, child_ended_entry, child_left_entry, shortened
from interpreters.machine.recording.commands import (
    cancel_entry,
    hold_entry,
    pause_entry,
    resume_entry,
    retry_entry,
    unparked_entry,
)
from interpreters.machine.recording.following import fired_entry, following_entry
from interpreters.machine.recording.payloads import problem_of, request_payload, told
from interpreters.machine.recording.starts import end_entry, started_entry
from interpreters.machine.recording.tasks import answered_entry, claimed_entry, delegated_entry, noted_entry

__all__ = [
    "answered_entry",
    "cancel_entry",
    "child_deleted_entry",
    "child_ended_entry",
    "child_left_entry",
    "claimed_entry",
    "delegated_entry",
    "due_of_attempt",
    "end_entry",
    "event_entry",
    "event_entry_at",
    "failure_entry",
    "fired_entry",
    "following_entry",
    "hold_entry",
    "kept_entry",
    "lost_entry",
    "noted_entry",
    "pause_entry",
    "problem_of",
    "request_payload",
    "resume_entry",
    "retry_entry",
    "shortened",
    "signal_entry",
    "started_entry",
    "told",
    "unparked_entry",
]
