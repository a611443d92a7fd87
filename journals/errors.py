"""Which errors does a journal raise? One class for each cause that a caller can act on."""

from __future__ import annotations

from journals.workflows import Disabled
from wio.errors import WioError


class JournalError(WioError):
    """Is the root of the errors of every journal.

    When one is raised by a commit, nothing of it was stored; after a `JournalUnavailable` that is not known, because
    the answer may have been lost. Repeat such a commit with its token: it is stored once.
    """


class Conflict(JournalError):
    """Says that somebody else has continued the instance since it was read (or has started it).

    `expected` is the number of the entry after which it was to go on, None where it was given up before that was known.
    """

    def __init__(self, instance_id: str, expected: int | None) -> None:
        happened = (
            "was given up here: another process goes on with it."
            if expected is None
            else f"no longer ends at entry {expected}: another writer was first."
        )
        super().__init__(
            f"Instance {instance_id!r} {happened} Nothing was stored. Read the new entries and decide again."
        )
        self.instance_id = instance_id
        self.expected = expected


class NotOwner(Conflict):
    """Says that the instance is another member's, or that the lease of the one that commits has run out."""

    def __init__(self, instance_id: str, expected: int, owner: int | None) -> None:
        super().__init__(instance_id, expected)
        who = "Nobody in particular" if owner is None else f"Member {owner}"
        self.args = (
            f"{who} does not own instance {instance_id!r}, or not any more: another process may go on with it."
            " Nothing was stored. Claim the instance, or ask its owner by a message.",
        )
        self.owner = owner


class OwnedElsewhere(JournalError):
    """Says that another member owns the instance."""

    def __init__(self, instance_id: str, owner: int) -> None:
        super().__init__(f"Instance {instance_id!r} is owned by member {owner}. Ask it by a message.")
        self.instance_id = instance_id
        self.owner = owner


class UnknownInstance(JournalError):
    """Says that the journal has no instance with this id."""

    def __init__(self, instance_id: str, journal: str) -> None:
        super().__init__(f"No instance {instance_id!r} in {journal}. Check the id, or start the instance first.")
        self.instance_id = instance_id


class PayloadTooLarge(JournalError):
    """Says that an entry's payload is over the journal's limit."""

    def __init__(self, instance_id: str, address: str, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"The payload at {address or 'the start'!r} of instance {instance_id!r} has {size_bytes:,} bytes; the limit"
            f" is {limit_bytes:,}. Nothing was stored. Record a reference to the data instead, or raise the"
            " journal's limit_bytes."
        )
        self.instance_id = instance_id
        self.address = address
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class WorkflowDisabled(JournalError):
    """Says that an instance cannot start, since its workflow is disabled. `disabled` says who did so, when and why."""

    def __init__(self, instance_id: str, disabled: Disabled) -> None:
        which = "" if disabled.version is None else f" version {disabled.version}"
        who = f" by {disabled.by}" if disabled.by else ""
        why = f": {disabled.reason}" if disabled.reason else ""
        super().__init__(
            f"Workflow {disabled.workflow!r}{which} is disabled{who} since {disabled.at:%Y-%m-%d %H:%M:%S} UTC{why}."
            f" Instance {instance_id!r} was not started. Instances that have begun go on. Enable the workflow first."
        )
        self.instance_id = instance_id
        self.disabled = disabled


class UnknownSubscriber(JournalError):
    """Says that nobody follows the feed under a name."""

    def __init__(self, name: str, journal: str) -> None:
        super().__init__(f"{journal} knows no subscriber {name!r}. Nothing was changed. Subscribe first.")
        self.name = name


class FollowedElsewhere(JournalError):
    """Says that somebody else has begun to follow the feed under the same name since. It follows now, from there on."""

    def __init__(self, name: str, journal: str) -> None:
        super().__init__(
            f"{journal}: somebody else has begun to follow as {name!r}. So this one follows no more, and has passed"
            " nothing since. Let one process at a time follow under a name, or give each a name of its own."
        )
        self.name = name


class InvalidCommit(JournalError):
    """Says that a commit breaks the rules of the port: a gap in `seq`, a naive time, an empty or too long id."""


class InvalidSearch(JournalError):
    """Says that nothing can be looked for like that: a time without a zone, an empty page, an impossible tag."""


class JournalClosed(JournalError):
    """Says that the journal was used before it was opened, or after it was closed."""

    def __init__(self, journal: str) -> None:
        super().__init__(f"{journal} is not open. Open it first, or use it inside `async with`.")


class JournalUnavailable(JournalError):
    """Says that the store cannot be reached, or cannot write, at present; the same call may succeed later."""


class JournalFull(JournalUnavailable):
    """Says that the store has no room left."""


class JournalReadOnly(JournalError):
    """Says that the store refuses writes: a read-only file, folder or server."""


class NotAJournal(JournalError):
    """Says that the file or schema exists, but was not written by wio."""


class NewerSchema(JournalError):
    """Says that a newer release of wio has changed the store's schema."""

    def __init__(self, journal: str, found: int, known: int) -> None:
        super().__init__(
            f"{journal} has schema version {found}; this release of wio knows versions up to {known}."
            " Nothing was changed. Install the newer release."
        )
        self.found = found
        self.known = known


class CorruptEntry(JournalError):
    """Says that what was read back is not what a journal writes: a gap, an unknown kind, a damaged file."""

    def __init__(self, instance_id: str, seq: int, reason: str) -> None:
        super().__init__(
            f"Entry {seq} of instance {instance_id!r} is corrupt: {reason}. Restore the store from a backup;"
            " the instance cannot go on from a damaged journal."
        )
        self.instance_id = instance_id
        self.seq = seq


class RolledBack(JournalError):
    """Says that a transaction was rolled back for a reason that passes, such as a conflict. Begin it anew."""


class SpoiledTransaction(JournalError):
    """Says that a transaction cannot be committed by what was done in it: it was ended, or has failed."""


class NoTransactions(JournalError):
    """Says that a journal does not lie in a database whose transactions others can use."""

    def __init__(self, journal: str, wanted: str) -> None:
        super().__init__(
            f"{journal} has no transactions for {wanted}. Use a journal in the database that you write to, such as"
            " PostgresJournal; in a test, Simulation(workflow, connect=...)."
        )


class WrongConnection(JournalError):
    """Says that an instance cannot be started within a transaction of this connection."""
