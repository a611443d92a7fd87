"""What is said of the end of a child? A message to its parent, in the commit that ends it, until the parent has it.

the child's last commit: ..., and "child c has ended" to the parent
the parent's commit: child_ended c, and that message is done
"""

from __future__ import annotations

from collections.abc import Sequence

from interpreters.machine.recorded import ChildEnded, Parent
from journals.codecs import Codec
from journals.entries import Entry, Kind, Message

OPERATION = "child"

_PREFIX = f"{OPERATION}:"
_ENDED = Kind.CHILD_ENDED  # each look into an enumeration takes time


def end_message(parent: Parent, child_id: str, *, quiet: bool) -> Message:
    """Return the message that tells a parent that its child has ended."""
    return Message(parent.instance, OPERATION, parent.address, None, f"{_PREFIX}{child_id}", quiet=quiet)


def child_of(message: Message) -> str:
    """Return the id of the child whose end a message tells."""
    return message.key.removeprefix(_PREFIX)


def ends_in(entries: Sequence[Entry], codec: Codec) -> tuple[str, ...]:
    """Return the keys of the messages that are done by entries of an instance: those of the ends recorded there."""
    keys: list[str] = []
    for entry in entries:
        if entry.kind is _ENDED and entry.payload is not None:
            ended = codec.decode(entry.payload, ChildEnded)
            assert isinstance(ended, ChildEnded)
            keys.append(f"{_PREFIX}{ended.id}")
    return tuple(keys)
