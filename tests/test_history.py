"""Does the history of an instance say what happened, in words that people know?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from interpreters.history import ActivityRow, activities
from interpreters.machine.recorded import (
    AttemptFailed,
    AttemptLost,
    AttributesSet,
    Loss,
    Note,
    Paused,
    Problem,
    TimerSet,
)
from interpreters.machine.recording import unparked_entry
from journals.codecs import JsonCodec
from journals.entries import Entry, Kind, Payload

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Note("ada", "a recall")
PROBLEM = Problem("TimeoutError", "no answer", "Traceback: a | long | story")


def entry(kind: Kind, address: str = "", value: object = None) -> Entry:
    payload = None if value is None else JsonCodec().encode(value, type(value))
    return Entry(1, kind, address, payload, NOW)


def rows(*entries: Entry) -> list[tuple[str, str]]:
    return [(row.event, row.subject) for row in activities("Order", entries)]


def test_rows_are_numbered_from_0() -> None:
    events = activities("Order", [entry(Kind.STARTED, value="book"), entry(Kind.COMPLETED, value="done")])
    assert events == (ActivityRow(0, "workflow started", "Order"), ActivityRow(1, "workflow completed", '"done"'))


def test_a_step_is_scheduled_started_and_completed() -> None:
    assert rows(entry(Kind.EVENT, "charge", {"id": "c"})) == [
        ("activity scheduled", "charge"),
        ("activity started", "charge"),
        ("activity completed", '{id: "c"}'),
    ]


def test_what_comes_after_a_failed_attempt_is_a_retry_of_that_step_alone() -> None:
    told = rows(
        entry(Kind.ATTEMPT_FAILED, "ship", AttemptFailed(1, PROBLEM, NOW)),
        entry(Kind.ATTEMPT_LOST, "ship", AttemptLost(2, Loss.CRASH)),
        entry(Kind.EVENT, "ship", 1),
        entry(Kind.EVENT, "bill", 2),
    )
    assert told == [
        ("activity scheduled", "ship"),
        ("activity started", "ship"),
        ("activity failed", "(TimeoutError: no answer)"),
        ("activity scheduled", "ship (retries)"),
        ("activity started", "ship (retries)"),
        ("activity failed", "(crashed before completion)"),
        ("activity scheduled", "ship (retries)"),
        ("activity started", "ship (retries)"),
        ("activity completed", "1"),
        ("activity scheduled", "bill"),
        ("activity started", "bill"),
        ("activity completed", "2"),
    ]


def test_the_last_failed_attempt_pauses() -> None:
    told = rows(entry(Kind.ATTEMPT_FAILED, "ship", AttemptFailed(1, PROBLEM, None)), entry(Kind.RESUMED, "ship"))
    assert told[2:] == [
        ("activity failed", "(TimeoutError: no answer)"),
        ("workflow paused", "ship"),
        ("workflow resumed", "ship"),
    ]


@pytest.mark.parametrize(
    ("given", "row"),
    [
        (entry(Kind.SIGNAL, "confirm", {"by": "Ann"}), ("signal received", 'confirm {by: "Ann"}')),
        (entry(Kind.SIGNAL_KEPT, "mailbox:confirm", True), ("signal kept", "mailbox:confirm true")),
        (entry(Kind.TIMER_SET, "pause", TimerSet(NOW)), ("timer started", 'pause {due: "2026-01-01T00:00:00Z"}')),
        (entry(Kind.TIMER_FIRED, "pause"), ("timer fired", "pause")),
        (
            entry(Kind.ATTRIBUTES, "attributes", AttributesSet({"stage": "new"}, {})),
            ("attributes set", 'attributes {times: {}, values: {stage: "new"}}'),
        ),
        (entry(Kind.PAUSED, "pause", Paused(PROBLEM)), ("workflow paused", "pause (TimeoutError: no answer)")),
        (entry(Kind.RESUMED, "pause"), ("workflow resumed", "pause")),
        (entry(Kind.RESUMED, "pause", ADA), ("workflow resumed", "pause by ada: a recall")),
        (entry(Kind.RESUMED, "", ADA), ("workflow resumed", "by ada: a recall")),
        (
            unparked_entry(JsonCodec(), 1, "it did\nnot fit", NOW, ADA),
            ("workflow resumed", "by ada: a recall (was parked: it did not fit)"),
        ),
        (entry(Kind.RETRIED, "ship", ADA), ("retried", "ship by ada: a recall")),
        (entry(Kind.CANCELLING), ("cancel requested", "Order")),
        (entry(Kind.CANCELLING, "", ADA), ("cancel requested", "Order by ada: a recall")),
        (entry(Kind.DATA_DELETION_REQUESTED, "", ADA), ("data deletion requested", "by ada: a recall")),
        (entry(Kind.TASK_RELEASED, "ship", Note("ada")), ("task released", "ship by ada")),
        (
            replace(entry(Kind.TASK_SKIPPED, "ship", 5), response=JsonCodec().encode(ADA, Note)),
            ("task skipped", "ship 5 by ada: a recall"),
        ),
        (
            replace(entry(Kind.TASK_DELEGATED, "ship", "bob"), response=JsonCodec().encode(ADA, Note)),
            ("task delegated", 'ship "bob" by ada: a recall'),
        ),
        (entry(Kind.FAILED, value={"reason": None}), ("workflow failed", "{reason: null}")),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Entry) else "",
)
def test_everything_else_is_one_row(given: Entry, row: tuple[str, str]) -> None:
    assert rows(given) == [row]


def test_every_kind_of_entry_has_a_row() -> None:
    assert all(rows(Entry(1, kind, "a", Payload("t", 1, "{}"), NOW)) for kind in Kind)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ([1, 2.5, "ü"], '[1, 2.5, "ü"]'),
        ({"a": {"b": []}}, "{a: {b: []}}"),
        ('say "hi"\n', r'"say \"hi\"\n"'),
        ({}, "{}"),
    ],
)
def test_results_are_written_without_quotes_around_names(value: object, written: str) -> None:
    assert rows(entry(Kind.COMPLETED, value=value)) == [("workflow completed", written)]


def test_what_a_codec_has_encrypted_is_shown_as_it_is() -> None:
    secret = Payload("Charged", 1, "gAAAAB")
    told = rows(Entry(1, Kind.EVENT, "charge", secret, NOW), Entry(2, Kind.ATTEMPT_FAILED, "ship", secret, NOW))
    assert [row for row in told if row[0] not in ("activity scheduled", "activity started")] == [
        ("activity completed", '"gAAAAB"'),
        ("activity failed", '("gAAAAB")'),
    ]


def test_an_orderly_stop_is_not_told_as_a_crash() -> None:
    told = rows(entry(Kind.ATTEMPT_LOST, "ship", AttemptLost(1, Loss.STOP)))
    assert told[-1] == ("activity failed", "(stopped before completion)")
