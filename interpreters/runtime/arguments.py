"""Is what a caller has given what it was asked for? A type checker says so first; this is for who uses none.

Whatever is refused here would fail later, far from the call, with a word that says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypeAlias, cast

from journals.ports import Journal
from journals.scrubbing import Scrubber
from journals.sharing import SUSPECT
from wio.errors import InvalidDefinition
from wio.validators import is_whole
from wio.workflow import Workflow

AnyWorkflow: TypeAlias = Workflow[Any, Any, Any]

_METHODS = ("open", "close", "commit", "read", "find", "find_key", "find_all", "count", "join", "listen", "post")


def journal_given(journal: Journal) -> Journal:
    """Return the journal unchanged. Raises `InvalidDefinition` for anything else, such as a path or a class."""
    is_instance = not isinstance(cast(object, journal), type)
    if not is_instance or not all(callable(getattr(journal, method, None)) for method in _METHODS):
        raise InvalidDefinition(
            f"journal={journal!r:.200} is no journal. Give one, such as SqliteJournal('journal.db') or"
            " InMemoryJournal(): Runtime(journal, [workflow])."
        )
    return journal


def workflows_given(workflows: Iterable[AnyWorkflow], way: str) -> tuple[AnyWorkflow, ...]:
    """Return the workflows of a collection; `way` says how to give them. Raises `InvalidDefinition`."""
    if not isinstance(cast(object, workflows), Iterable):
        raise InvalidDefinition(f"workflows={workflows!r:.200} is no collection of workflows. Give them so: {way}.")
    found = tuple(workflows)
    for each in found:
        if not isinstance(cast(object, each), Workflow):
            raise InvalidDefinition(f"{each!r:.200} is no Workflow. Give workflows only, so: {way}.")
    return found


def tags_given(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags, each once. Raises `InvalidDefinition` for one text, whose letters would be taken for tags."""
    if isinstance(tags, str):
        raise InvalidDefinition(f"tags={tags!r:.100} is one text. Give a collection of tags: tags=({tags!r:.100},).")
    return tuple(dict.fromkeys(tags))


def durations_given(durations: tuple[timedelta, timedelta], of: str) -> tuple[timedelta, timedelta]:
    """Return two durations unchanged. Raises `InvalidDefinition` where the second is shorter, or for other things."""
    least, most = (duration_given(each, of) for each in durations)
    if not timedelta(0) < least <= most:
        raise InvalidDefinition(f"{of}={durations!r:.100} is no time at least and at most. Give the shorter one first.")
    return (least, most)


def deaths_given(most_deaths: int) -> int:
    """Return the number unchanged. Raises `InvalidDefinition` when it leaves no trial before somebody is parked."""
    if not is_whole(most_deaths) or most_deaths <= SUSPECT:
        raise InvalidDefinition(
            f"most_deaths={most_deaths!r:.100}: after {SUSPECT} deaths of a process nobody knows yet which instance it"
            f" was. Give a number above that: Runtime(..., most_deaths={SUSPECT + 1})."
        )
    return most_deaths


def scrubber_given(scrubber: Scrubber) -> Scrubber:
    """Return the scrubber unchanged. Raises `InvalidDefinition` for what cannot be called."""
    if not callable(scrubber):
        raise InvalidDefinition(
            f"scrubber={scrubber!r:.200} cannot be called. Give a function of an entry and a payload that returns what"
            " is left of the payload: Runtime(..., scrubber=without_text)."
        )
    return scrubber


def duration_given(duration: timedelta, of: str) -> timedelta:
    """Return the duration unchanged. Raises `InvalidDefinition` for a number, which does not say its unit."""
    if not isinstance(cast(object, duration), timedelta):
        raise InvalidDefinition(f"{of}={duration!r:.100} is no timedelta. Give one: timedelta(seconds=5).")
    return duration
