"""What leaves the store with a commit? What the workflow has published in it, and the hooks that are to be called."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, cast

from msgspec.structs import replace

from interpreters.machine.recorded import Topic
from interpreters.runtime.attempts.threads import Workers
from interpreters.runtime.telling.hooks import HookRoom
from journals.codecs import Codec
from journals.entries import Commit, Entry, Kind, Published, Status
from wio.errors import InvalidDefinition

_PUBLISHED = Kind.PUBLISHED  # each look into an enumeration takes time


class Publisher(Protocol):
    """Gives messages of workflows to the world outside: a broker, a queue, a webhook."""

    def publish(self, message: Published) -> Awaitable[None] | None:
        """Return when the message has arrived; raise when it has not. A plain function runs in a thread.

        Messages of one instance come one after another, in order; those of several at the same time. Any may come
        again, with the same `id`, and those that came after it then as well.
        """
        ...


def publisher_given(publisher: Publisher | None) -> Publisher | None:
    """Return the publisher unchanged. Raises `InvalidDefinition` for anything else, such as a function or a class."""
    if publisher is None:
        return None
    is_instance = not isinstance(cast(object, publisher), type)
    if not is_instance or not callable(getattr(publisher, "publish", None)):
        raise InvalidDefinition(
            f"publisher={_named(publisher)} cannot publish. Give an object with `def publish(self, message)`, async or"
            " not."
        )
    return publisher


def _named(given: object) -> str:
    """Return in a few words what was given: the value of an object is long, and says nothing here."""
    if isinstance(given, type):
        return f"{given.__name__}, a class,"
    return f"{given!r:.200}" if callable(given) else f"an object of {type(given).__name__}"


async def given_out(publisher: Publisher, workers: Workers, message: Published) -> None:
    """Give a message to a publisher; one that is a plain function runs in a thread, as an effect does."""
    publish = publisher.publish
    is_async = inspect.iscoroutinefunction(publish)
    returned = publish(message) if is_async else await workers.run(publish, (message,))
    if inspect.isawaitable(returned):
        await returned


def published_in(id: str, entries: Iterable[Entry], codec: Codec) -> tuple[Published, ...]:
    """Return the messages that entries of an instance record."""
    return tuple(_message(id, entry, codec) for entry in entries if entry.kind is Kind.PUBLISHED)


def _message(id: str, entry: Entry, codec: Codec) -> Published:
    assert entry.payload is not None
    assert entry.response is not None
    topic = cast(Topic, codec.decode(entry.response, Topic)).topic
    return Published(id, entry.seq, topic, entry.payload, entry.recorded_at)


class Publishing:
    """Puts into the commits of one runtime what leaves the store with them; `look` is told when one is stored."""

    def __init__(self, codec: Codec, hooks: HookRoom, look: Callable[[], None]) -> None:
        self._codec = codec
        self._hooks = hooks
        self._look = look

    def filled(self, commit: Commit, before: Status | None) -> Commit:
        """Return a commit with what it publishes; `before` is the status of the instance before it."""
        calls = self._hooks.call_for(commit, before) if self._hooks.called else ()
        for entry in commit.entries:  # Every step comes by here; a loop costs it least.
            if entry.kind is _PUBLISHED:
                messages = published_in(commit.instance_id, commit.entries, self._codec)
                return replace(commit, published=(*messages, *calls))
        return replace(commit, published=calls) if calls else commit

    def stored(self, commit: Commit) -> None:
        """See that what a commit has published is delivered."""
        if commit.published:
            self._look()
