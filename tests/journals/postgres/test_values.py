"""How does Postgres read the arrays that a batch travels in?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest

from journals.entries import Commit, Entry, Kind, Status
from journals.postgres.values import array, commit_parameters

NOW = datetime(2026, 11, 28, 8, 30, 0, 123_456, UTC)


class Id(str):
    """Is a text of a class of its own."""


class Moment(datetime):
    """Is a time of a class of its own."""


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", []),
        ("text", ["", "plain", "NULL", "null", " "]),
        ("text", ['"', "\\", '\\"', ",", "{}", "\n\t\x01", "ä€𝄞"]),
        ("text", [None, 'a "b"', None]),
        ("text", [Id("an id"), "another"]),
        ("bigint", [1, None, -(2**63), 2**63 - 1]),
        ("boolean", [True, False]),
        ("timestamptz", [NOW, None, NOW.replace(microsecond=0), datetime(1, 1, 1, tzinfo=UTC)]),
        ("timestamptz", [Moment(2026, 1, 2, tzinfo=UTC)]),
    ],
)
def test_postgres_reads_an_array_as_the_values_it_was_made_of(
    postgres_dsn: str, kind: str, values: list[str | int | datetime | None]
) -> None:
    with psycopg.connect(postgres_dsn, options="-c timezone=Asia/Kathmandu") as connection:
        # Each value is compared by Postgres: the driver has no year before 1 in another zone.
        rows = connection.execute(
            f"SELECT a IS NOT DISTINCT FROM b FROM unnest(%s::{kind}[], %s::{kind}[]) AS c (a, b)",
            (array(values), [None if each is None else _plain(each) for each in values]),
        ).fetchall()
    assert rows == [(True,)] * len(values)


def _plain(value: str | float | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@pytest.mark.parametrize("values", [["a\0b"], ["a\0b", "c"], ["a", None, "b\0"]])
def test_the_character_that_postgres_does_not_take_makes_no_further_element(values: list[str | None]) -> None:
    assert array(values).count('"') == 2 * sum(value is not None for value in values)
    assert "\0" in array(values)


def test_a_column_without_a_value_is_left_to_postgres() -> None:
    entry = Entry(2, Kind.EVENT, "reserve", None, NOW.astimezone(timezone(timedelta(hours=5))))
    commit = Commit("order-7", "orders", 1, 1, (entry,), Status.RUNNING, NOW, "token")
    parameters = commit_parameters([commit])
    assert parameters == (
        *('{"order-7"}', '{"orders"}', "{1}", "{1}", "{2}", '{"running"}', "{false}", None, '{""}'),
        '{"2026-11-28T08:30:00.123456Z"}',
        None,
        *('{"order-7"}', '{"token"}', "{2}", '{"event"}', '{"reserve"}', None, None, None),
        '{"2026-11-28T08:30:00.123456Z"}',
        *(None, None, None, None),
    )


def test_a_batch_without_entries_has_columns_without_elements() -> None:
    commit = Commit("order-7", "orders", 1, 1, (), Status.WAITING, NOW, "token")
    assert commit_parameters([commit])[11:] == ("{}",) * 13
