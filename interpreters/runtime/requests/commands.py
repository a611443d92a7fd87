"""What does an operator ask of an instance? A command: what is to be done, and who says so, and why."""

from __future__ import annotations

import enum
import uuid

import attrs
import msgspec

from interpreters.errors import InstanceEnded, MoveRefused, NotPaused
from interpreters.machine.recorded import Note
from journals.entries import Message, Payload
from journals.run_states import RunState

COMMAND = "command"
"""Is the operation of a message that brings a command."""


class Verb(enum.Enum):
    """Says what is to be done with an instance; see the methods of `Instance`."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"


@attrs.frozen
class Command:
    """Is what somebody asks. `by` and `reason` are recorded, and believed.

    `address` is where it goes back to, "" where it does not. `key` tells a command that is sent again from another: of
    what is recorded under its key, a repeat does nothing.
    """

    verb: Verb
    by: str = ""
    reason: str = ""
    key: str | None = None
    address: str = ""

    @property
    def note(self) -> Note | None:
        """Is what is recorded with it, or None when nothing was said."""
        return Note(self.by, self.reason) if self.by or self.reason else None


def ended(instance_id: str, state: RunState, verb: Verb) -> MoveRefused:
    """Return the error that says that a command comes too late: the instance has ended."""
    match verb:
        case Verb.PAUSE:
            return InstanceEnded(instance_id, state, RunState.PAUSED)
        case Verb.RESUME:
            return NotPaused(instance_id, state)
        case Verb.CANCEL:
            return InstanceEnded(instance_id, state)
        case Verb.RETRY:
            return InstanceEnded(instance_id, state, RunState.RUNNING)


def with_key(command: Command) -> Command:
    """Return a command with a key, by which it is found once it is recorded."""
    key = command.key or f"{command.verb.value}:{uuid.uuid4().hex}"
    return attrs.evolve(command, key=key)


class _Sent(msgspec.Struct, frozen=True):
    """Is a command in JSON."""

    by: str
    reason: str
    address: str = ""


def message_of(instance_id: str, command: Command) -> Message:
    """Return the message that brings a command to whoever owns the instance."""
    sent = Payload("wio.Command", 1, msgspec.json.encode(_Sent(command.by, command.reason, command.address)).decode())
    key = with_key(command).key or ""
    return Message(instance_id, COMMAND, command.verb.value, sent, key)


def command_in(message: Message) -> Command:
    """Return the command that a message brings.

    >>> command_in(message_of("a", Command(Verb.PAUSE, "ada", "a recall", "k")))
    Command(verb=<Verb.PAUSE: 'pause'>, by='ada', reason='a recall', key='k', address='')
    """
    assert message.payload is not None
    sent = msgspec.json.decode(message.payload.text, type=_Sent)
    return Command(Verb(message.name), sent.by, sent.reason, message.key, sent.address)
