"""What do processes call out to each other through Postgres? Short texts on one channel for each schema.

work                        mail 7 order-1
answered [12, 13]           rested ["order-1", "order-2"]
deliver                     changed
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

from journals.entries import RESTING, Commit
from journals.sharing import Answered, Changed, Mail, Notice, Rested, ToDeliver, Work

WORK = "work"
DELIVER = "deliver"

_MOST_BYTES = 7_900
"""Is how long a text may be; Postgres takes less than 8,000 bytes."""


def channel_of(schema: str) -> str:
    """Return the channel for a schema; its name would be too long for that, or need quotes."""
    return f"wio_{blake2b(schema.encode(), digest_size=16).hexdigest()}"


def answered_texts(message_ids: Iterable[int]) -> list[str]:
    """Return the texts that say that messages have answers."""
    return list(_lists("answered", message_ids))


def texts_of(commits: Sequence[Commit]) -> list[str]:
    """Return what is called out when these commits are stored: work that anybody may take, and who rests."""
    is_work = any(offers_work(commit) for commit in commits)
    rested = [commit.instance_id for commit in commits if commit.status in RESTING]
    publishes = any(commit.published for commit in commits)
    return [*([WORK] if is_work else ()), *([DELIVER] if publishes else ()), *_lists("rested", rested)]


def says_more(commit: Commit) -> bool:
    """Return whether others have to hear of a commit, or can find its instance by more than before."""
    is_labelled = bool(commit.tags or commit.attributes)
    is_mail = bool(commit.mail or commit.done or commit.published)
    return commit.status in RESTING or is_mail or offers_work(commit) or is_labelled


def offers_work(commit: Commit) -> bool:
    """Return whether a commit leaves an instance to be claimed, now or at its wake-up time."""
    return commit.owner is None and commit.wake_up is not None


def notices_in(text: str, epoch: int | None) -> Iterator[Notice]:
    """Yield what a text says to the member with that epoch, or to one who is none. What is not understood is nothing.

    >>> list(notices_in("mail 7 order-1", 7)), list(notices_in("mail 7 order-1", 8))
    ([Mail(instance_id='order-1')], [])
    """
    word, _, rest = text.partition(" ")
    if word == "work" and epoch is not None:
        yield Work()
    elif word == "deliver" and epoch is not None:
        yield ToDeliver()
    elif word == "changed":
        yield Changed()
    elif word == "mail":
        owner, _, instance_id = rest.partition(" ")
        if owner == str(epoch):
            yield Mail(instance_id)
    elif word == "answered":
        yield from (Answered(each) for each in _listed(rest) if isinstance(each, int))
    elif word == "rested":
        yield from (Rested(each) for each in _listed(rest) if isinstance(each, str))


def _listed(text: str) -> list[Any]:
    try:
        return list(json.loads(text))
    except (ValueError, TypeError):
        return []


def _lists(word: str, values: Iterable[str | int]) -> Iterator[str]:
    """Yield texts of a word and a list, each short enough, with all of the values among them."""
    part: list[str] = []
    room = 0
    for value in values:
        text = json.dumps(value, ensure_ascii=False)
        size = len(text.encode()) + 1
        if part and size > room:
            yield f"{word} [{','.join(part)}]"
            part = []
        if not part:
            room = _MOST_BYTES - len(word) - 3
        part.append(text)
        room -= size
    if part:
        yield f"{word} [{','.join(part)}]"
