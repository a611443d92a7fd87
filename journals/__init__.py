"""Where instances are kept. `journals.postgres` holds the adapter that needs the extra `wio[postgres]`."""

from journals.archives import Archive, FolderArchive, NoArchive, read_archived
from journals.changes import Change
from journals.codecs import CannotDecode, CannotEncode, Codec, JsonCodec, UnsupportedType, Upcaster
from journals.entries import Commit, Entry, InstanceRecord, Kind, Payload, Published, Status
from journals.errors import (
    Conflict,
    CorruptEntry,
    FollowedElsewhere,
    InvalidCommit,
    InvalidSearch,
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
from journals.labels import Labels
from journals.memory import InMemoryJournal
from journals.ports import Journal
from journals.run_states import RunState, run_state, statuses_of
from journals.search import Count, Cursor, Order, Search
from journals.sqlite import Durability, SqliteJournal
from journals.workflows import Disabled, Unfinished

__all__ = [
    "Archive",
    "CannotDecode",
    "CannotEncode",
    "Change",
    "Codec",
    "Commit",
    "Conflict",
    "CorruptEntry",
    "Count",
    "Cursor",
    "Disabled",
    "Durability",
    "Entry",
    "FolderArchive",
    "FollowedElsewhere",
    "InMemoryJournal",
    "InstanceRecord",
    "InvalidCommit",
    "InvalidSearch",
    "Journal",
    "JournalClosed",
    "JournalError",
    "JournalFull",
    "JournalReadOnly",
    "JournalUnavailable",
    "JsonCodec",
    "Kind",
    "Labels",
    "NewerSchema",
    "NoArchive",
    "NotAJournal",
    "Order",
    "Payload",
    "PayloadTooLarge",
    "Published",
    "RunState",
    "Search",
    "SqliteJournal",
    "Status",
    "Unfinished",
    "UnknownInstance",
    "UnsupportedType",
    "Upcaster",
    "WorkflowDisabled",
    "read_archived",
    "run_state",
    "statuses_of",
]
