"""Does a commit keep the rules of the port? Every adapter asks this before it stores anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from journals.entries import Commit, Entry, Message, Payload, Published
from journals.errors import InvalidCommit, PayloadTooLarge
from journals.labels import validate_labels
from journals.ports import LONGEST_ID
from journals.scrubbing import Scrub
from journals.workflows import Hooked

_MOST_BYTES_PER_CHARACTER = 4


def validate(commit: Commit, limit_bytes: int) -> None:
    """Raise `InvalidCommit` or `PayloadTooLarge` when the commit breaks a rule; otherwise do nothing."""
    validate_id(commit.instance_id)
    if commit.at.tzinfo is None:
        raise _naive(commit.at, "at", commit)
    if commit.wake_up is not None and commit.wake_up.tzinfo is None:
        raise _naive(commit.wake_up, "wake_up", commit)
    for seq, entry in enumerate(commit.entries, commit.expected + 1):
        if entry.seq != seq:
            raise InvalidCommit(
                f"Instance {commit.instance_id!r}: an entry has seq {entry.seq} where {seq} follows."
                " Nothing was stored. Number the entries from `expected` + 1 on."
            )
        _validate_entry(entry, commit, limit_bytes)
    if commit.expected == 0 and not commit.entries:
        raise InvalidCommit(f"Instance {commit.instance_id!r} cannot start without an entry. Nothing was stored.")
    for message in commit.mail:
        validate_message(message, limit_bytes)
    for published in commit.published:
        _validate_published(published, commit, limit_bytes)
    if commit.tags or commit.attributes:
        validate_labels(commit)


def _validate_published(published: Published, commit: Commit, limit_bytes: int) -> None:
    if published.instance_id != commit.instance_id:
        raise InvalidCommit(
            f"Instance {commit.instance_id!r} cannot publish for {published.instance_id!r}. Nothing was stored."
        )
    if published.at.tzinfo is None:
        raise _naive(published.at, "the time of a message", commit)
    content = Message(commit.instance_id, published.lane, published.topic, published.payload, "")
    validate_message(content, limit_bytes)


def validate_message(message: Message, limit_bytes: int) -> None:
    """Raise `InvalidCommit` or `PayloadTooLarge` when a message breaks a rule; otherwise do nothing."""
    validate_id(message.instance_id)
    payload = message.payload
    texts = (message.operation, message.name, message.key, "" if payload is None else payload.text)
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidCommit(
                f"Instance {message.instance_id!r}: a text of a message to it is not Unicode ({error.reason})."
                " Nothing was stored. Decode it properly first."
            ) from error
    size_bytes = len(texts[-1].encode())
    if size_bytes > limit_bytes:
        raise PayloadTooLarge(message.instance_id, message.name, size_bytes, limit_bytes)


def validate_scrub(scrub: Scrub, limit_bytes: int) -> None:
    """Raise `InvalidCommit` or `PayloadTooLarge` when what is to be left breaks a rule; otherwise do nothing."""
    validate_id(scrub.instance_id)
    for left in scrub.entries:
        for payload in (left.payload, left.response):
            if payload is not None:
                message = Message(scrub.instance_id, "scrub", f"entry {left.seq}", payload, "")
                validate_message(message, limit_bytes)


def validate_disabling(workflow: str, version: int | None, by: str = "", reason: str = "") -> None:
    """Raise `InvalidCommit` when a store could not hold who disables which workflow, and why."""
    for text in (workflow, by, reason):
        if "\0" in text or text != text.encode("utf-8", "replace").decode():
            raise InvalidCommit(
                f"{text!r:.100} holds what is no character of a text. Nothing was stored. Leave it out."
            )
    if not workflow or (version is not None and not 0 < version < 2**63):
        raise InvalidCommit(
            f"{workflow!r:.100} version {version} is no workflow: it has a name, and its versions count from 1."
            " Nothing was stored."
        )


def validate_hooks(hooks: Sequence[Hooked]) -> None:
    """Raise `InvalidCommit` when a store could not hold the name of a workflow that has hooks."""
    for each in hooks:
        validate_disabling(each.workflow, None)


def validate_subscriber(name: str) -> None:
    """Raise `InvalidCommit` when a store could not hold the name of a subscriber."""
    if not 0 < len(name) <= LONGEST_ID or not name.isprintable():
        raise InvalidCommit(
            f"{name!r:.100} is no name of a subscriber: it has 1 to {LONGEST_ID} printable characters."
            " Nothing was stored. Choose another name."
        )


def validate_id(instance_id: str) -> None:
    """Raise `InvalidCommit` when a store could not hold the id."""
    if not 0 < len(instance_id) <= LONGEST_ID or not instance_id.isprintable():
        raise InvalidCommit(
            f"{instance_id[:50]!r} ({len(instance_id)} characters) cannot be an instance's id: it has 1 to {LONGEST_ID}"
            " printable characters. Nothing was stored. Choose another id."
        )


def _validate_entry(entry: Entry, commit: Commit, limit_bytes: int) -> None:
    if entry.recorded_at.tzinfo is None:
        raise _naive(entry.recorded_at, "recorded_at", commit)
    if entry.key is not None:
        _validate_text(entry.key, entry, commit)
    if entry.payload is not None:
        _validate_payload(entry.payload, entry, commit, limit_bytes)
    if entry.response is not None:
        _validate_payload(entry.response, entry, commit, limit_bytes)


def _validate_payload(payload: Payload, entry: Entry, commit: Commit, limit_bytes: int) -> None:
    text = payload.text
    if len(text) * _MOST_BYTES_PER_CHARACTER > limit_bytes:
        _validate_size(payload, entry, commit, limit_bytes)
    if not text.isascii():
        _validate_text(text, entry, commit)


def _validate_text(text: str, entry: Entry, commit: Commit) -> None:
    """Refuse in every journal what some store cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidCommit(
            f"Instance {commit.instance_id!r}: a text of entry {entry.seq} at {entry.address!r} is not Unicode"
            f" ({error.reason}). Nothing was stored. Decode it properly first."
        ) from error


def _validate_size(payload: Payload, entry: Entry, commit: Commit, limit_bytes: int) -> None:
    size_bytes = len(payload.text.encode())
    if size_bytes > limit_bytes:
        raise PayloadTooLarge(commit.instance_id, entry.address, size_bytes, limit_bytes)


def _naive(moment: datetime, what: str, commit: Commit) -> InvalidCommit:
    return InvalidCommit(
        f"Instance {commit.instance_id!r}: {what}={moment} has no time zone. Nothing was stored. Use aware UTC times."
    )
