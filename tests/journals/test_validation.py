"""Which commits break the rules of the port?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from journals.entries import Commit, Entry, Kind, Payload, Status
from journals.errors import InvalidCommit, PayloadTooLarge
from journals.ports import LONGEST_ID
from journals.validation import validate

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAIVE = datetime(2026, 1, 31, 12)
LIMIT_BYTES = 100


def entry(seq: int, text: str = "{}") -> Entry:
    return Entry(seq, Kind.EVENT, f"step#{seq}", Payload("Event", 1, text), AT)


def commit(*entries: Entry, expected: int = 0) -> Commit:
    return Commit("order-7", "orders", 1, expected, entries, Status.RUNNING, AT, "token")


@pytest.mark.parametrize(
    "good",
    [
        commit(entry(1)),
        commit(entry(1), entry(2), entry(3)),
        commit(entry(8), entry(9), expected=7),
        commit(expected=7),
        commit(entry(1, "x" * LIMIT_BYTES)),
        commit(entry(1, "é" * (LIMIT_BYTES // 2))),
        commit(replace(entry(1), payload=None)),
        replace(commit(entry(1)), wake_up=AT.astimezone(timezone(timedelta(hours=-7)))),
        replace(commit(entry(1)), instance_id="x" * LONGEST_ID),
        replace(commit(entry(1)), instance_id="Bestellung 7/ä 漢 😀"),
    ],
)
def test_a_commit_that_keeps_the_rules_passes(good: Commit) -> None:
    validate(good, LIMIT_BYTES)


@pytest.mark.parametrize("numbers", [[2], [0], [1, 3], [1, 1], [2, 1]])
def test_a_gap_in_the_numbers_is_named(numbers: list[int]) -> None:
    with pytest.raises(InvalidCommit, match=r"'order-7'.* seq \d where \d follows"):
        validate(commit(*map(entry, numbers)), LIMIT_BYTES)


def test_an_instance_cannot_start_without_an_entry() -> None:
    with pytest.raises(InvalidCommit, match="'order-7' cannot start without an entry"):
        validate(commit(), LIMIT_BYTES)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (replace(commit(entry(1)), at=NAIVE), "at="),
        (replace(commit(entry(1)), wake_up=NAIVE), "wake_up="),
        (commit(entry(1), replace(entry(2), recorded_at=NAIVE)), "recorded_at="),
    ],
)
def test_a_time_without_a_zone_is_named(bad: Commit, what: str) -> None:
    with pytest.raises(InvalidCommit, match=f"'order-7': {what}2026-01-31 12:00:00 has no time zone"):
        validate(bad, LIMIT_BYTES)


@pytest.mark.parametrize("instance_id", ["", "x" * (LONGEST_ID + 1), "two\nlines", "nul\0", "\ud800", "\u202e"])
def test_an_impossible_id_is_named(instance_id: str) -> None:
    with pytest.raises(InvalidCommit, match="cannot be an instance's id"):
        validate(replace(commit(entry(1)), instance_id=instance_id), LIMIT_BYTES)


@pytest.mark.parametrize("text", ["x" * (LIMIT_BYTES + 1), "é" * (LIMIT_BYTES // 2) + "x", "😀" * 26])
def test_an_oversize_payload_or_response_is_named(text: str) -> None:
    """It is refused before the write, with its size and the step."""
    payload = Payload("Event", 1, text)
    for oversize in (replace(entry(2), payload=payload), replace(entry(2), response=payload)):
        with pytest.raises(PayloadTooLarge, match=r"'step#2' of instance 'order-7' has 10\d bytes; the limit is 100"):
            validate(commit(entry(1), oversize), LIMIT_BYTES)


def test_an_oversize_payload_at_the_start_is_named_so() -> None:
    start = Entry(1, Kind.STARTED, "", Payload("Order", 1, "x" * (LIMIT_BYTES + 1)), AT)
    with pytest.raises(PayloadTooLarge, match="the start") as caught:
        validate(commit(start), LIMIT_BYTES)
    assert (caught.value.address, caught.value.size_bytes) == ("", LIMIT_BYTES + 1)
