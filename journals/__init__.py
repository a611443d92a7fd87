"""Where instances are kept. `journals.postgres` holds the adapter that needs the extra `wio[postgres]`."""

from journals.changes import Change
from journals.codecs import CannotDecode, CannotEncode, Codec, JsonCodec, UnsupportedType, Upcaster
from journals.entries import Commit, Entry, InstanceRecord, Kind, Payload, Published, Status
from journals.errors import (
    Conflict,
    CorruptEntry,
    InvalidCommit,
    JournalClosed,
    JournalError,
    JournalFull,
    JournalReadOnly,
    JournalUnavailable,
    NewerSchema,
    NotAJournal,
    PayloadTooLarge,
    UnknownInstance,
    WorkflowDisabled,
)
from journals.memory import InMemoryJournal
from journals.ports import Journal
from journals.run_states import RunState, run_state
from journals.sqlite import Durability, SqliteJournal
from journals.workflows import Disabled, Unfinished

__all__ = [
    "CannotDecode",
    "CannotEncode",
    "Change",
    "Codec",
    "Commit",
    "Conflict",
    "CorruptEntry",
    "Disabled",
    "Durability",
    "Entry",
    "InMemoryJournal",
    "InstanceRecord",
    "InvalidCommit",
    "Journal",
    "JournalClosed",
    "JournalError",
    "JournalFull",
    "JournalReadOnly",
    "JournalUnavailable",
    "JsonCodec",
    "Kind",
    "NewerSchema",
    "NotAJournal",
    "Payload",
    "PayloadTooLarge",
    "Published",
    "RunState",
    "SqliteJournal",
    "Status",
    "Unfinished",
    "UnknownInstance",
    "UnsupportedType",
    "Upcaster",
    "WorkflowDisabled",
    "run_state",
]
