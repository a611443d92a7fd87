"""Who has cancelled an instance, and why? The entry of the command says so, if it is among the last ones."""

from __future__ import annotations

from collections.abc import Sequence

from interpreters.machine.recorded import Note
from journals.codecs import Codec
from journals.entries import Entry, Kind


def cancelled_by(entries: Sequence[Entry], codec: Codec) -> Note | None:
    """Return what was said with the command to cancel an instance; None where its entry is not here, or not legible."""
    commands = (entry for entry in reversed(entries) if entry.kind is Kind.CANCELLING and not entry.address)
    entry = next(commands, None)
    if entry is None:
        return None
    try:
        note = Note() if entry.payload is None else codec.decode(entry.payload, Note)
    # A codec of the user's may raise anything. Its own process tells more.
    except Exception:
        return None
    return note if isinstance(note, Note) else None


def cancelled_words(note: Note) -> str:
    """Say by whom and why, as it is said of a pause.

    >>> cancelled_words(Note("ada", "a recall."))
    ' by ada: a recall'
    >>> cancelled_words(Note())
    ' by a command'
    """
    why = " ".join(note.text.split()).rstrip(".")
    return f" by {note.by or 'a command'}" + (f": {why}" if why else "")
