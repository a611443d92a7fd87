"""The commands `wio outbox` and `wio feed`: what waits to leave a journal, and what has changed in it?"""

from __future__ import annotations

import asyncio
import json as json_text
import sys
import uuid
from collections.abc import Callable, Sequence
from typing import Annotated

from cyclopts import Parameter

from interpreters.runtime.client import Client
from interpreters.shell import options
from interpreters.shell.complaints import one_line
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import Column, print_json, print_table, say, time_words
from interpreters.shell.shell_errors import WrongInput
from journals.changes import Change
from journals.feed import Subscriber
from journals.outbox import Undelivered
from journals.ports import Journal
from journals.run_states import run_state

_PAGE = 500
_LONGEST_WAIT_SECONDS = 10.0


def outbox(
    *,
    journal: options.JournalUrl,
    most: options.Most = 100,
    json: options.AsJson = False,
) -> None:
    """Print what was published, and the hooks that are to be called, as far as it has not arrived, the oldest first."""
    found = asyncio.run(_waiting(journal_at(journal), most))
    if json:
        print_json([_as_json(each) for each in found])
    elif found:
        print_table(_COLUMNS, [_row(each) for each in found])
        say(f"wio: messages and calls that wait: {sum(each.count for each in found)}.")
    else:
        say("wio: the outbox is empty.")


async def _waiting(journal: Journal, most: int) -> tuple[Undelivered, ...]:
    async with journal:
        return await journal.outbox(most=most)


_COLUMNS = (
    Column("instance", "bold"),
    Column("for"),
    Column("messages"),
    Column("oldest (UTC)"),
    Column("failures"),
    Column("next try (UTC)"),
    Column("last error", cut=True),
)


def _row(waiting: Undelivered) -> tuple[str, ...]:
    return (
        waiting.instance_id,
        waiting.lane or "publisher",
        str(waiting.count),
        time_words(waiting.oldest),
        str(waiting.failures or ""),
        "" if waiting.retry_at is None else time_words(waiting.retry_at),
        one_line(waiting.error or ""),
    )


def _as_json(waiting: Undelivered) -> dict[str, object]:
    return {
        "instance": waiting.instance_id,
        "for": waiting.lane or "publisher",
        "messages": waiting.count,
        "oldest": waiting.oldest.isoformat(),
        "failures": waiting.failures,
        "next_try": None if waiting.retry_at is None else waiting.retry_at.isoformat(),
        "last_error": waiting.error,
    }


def feed(
    *,
    journal: options.JournalUrl,
    subscriber: Annotated[
        str, Parameter(help="Who follows: it goes on where it was, and what is printed counts as passed.")
    ] = "",
    after: Annotated[int | None, Parameter(help="Only changes behind this cursor.")] = None,
    follow: Annotated[bool, Parameter(negative="", help="Wait for more, until it is interrupted.")] = False,
    unsubscribe: Annotated[
        bool, Parameter(negative="", help="Forget the subscriber; without one, say who follows.")
    ] = False,
    json: Annotated[bool, Parameter(name="--json", negative="", help="Print a line of JSON for each change.")] = False,
) -> None:
    """Print the changes of state in a journal: started, paused, resumed, stuck, ended, removed.

    A store notes them while somebody is subscribed. A new subscriber is told first how all instances stand. Without a
    subscriber, what is kept for others is printed.
    """
    asyncio.run(_feed(journal_at(journal), subscriber, after, follow, unsubscribe, _json_line if json else _line))


async def _feed(
    journal: Journal, subscriber: str, after: int | None, follows: bool, ends: bool, told: Callable[[Change], str]
) -> None:
    async with Client(journal, []) as client:
        if ends and not subscriber:
            raise WrongInput(f"--unsubscribe needs a --subscriber. {_following(await client.subscribers())}")
        if ends:
            known = await client.unsubscribe(subscriber)
            say(f"wio: {subscriber!r} follows no more." if known else f"wio: nobody follows as {subscriber!r}.")
            return
        if not subscriber and not await client.subscribers():
            say("wio: nobody follows the changes, so none are noted. Begin with: wio feed --subscriber audit")
        follower = uuid.uuid4().hex
        stands = await journal.subscribe(subscriber, follower=follower) if subscriber else 0
        cursor = stands if after is None else after
        while True:
            count = client.news.count
            page = await journal.changes(after=cursor, most=_PAGE, subscriber=subscriber)
            if page:
                _print(page, told)
                cursor = page[-1].cursor
                if subscriber:
                    await journal.passed(subscriber, cursor, follower=follower)
            elif follows:
                await client.news.since(count, _LONGEST_WAIT_SECONDS)
            else:
                return


def _following(subscribers: Sequence[Subscriber]) -> str:
    told = "; ".join(f"{each.name}, {each.behind} changes behind" for each in subscribers)
    return f"These follow: {told}." if told else "Nobody follows."


def _print(changes: Sequence[Change], told: Callable[[Change], str]) -> None:
    for change in changes:
        print(told(change))
    sys.stdout.flush()


def _line(change: Change) -> str:
    what = f"{change.id}  {change.workflow} v{change.version}  {change.word}"
    return f"{change.cursor}  {time_words(change.at)}  {what}  {one_line(change.detail)}".rstrip()


def _json_line(change: Change) -> str:
    return json_text.dumps(
        {
            "cursor": change.cursor,
            "id": change.id,
            "workflow": change.workflow,
            "version": change.version,
            "change": change.word,
            "state": None if change.status is None else run_state(change.status).value,
            "status": None if change.status is None else change.status.value,
            "before": None if change.before is None else change.before.value,
            "entries": change.last_seq,
            "detail": change.detail,
            "at": change.at.isoformat(),
        },
        ensure_ascii=False,
    )
