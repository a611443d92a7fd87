"""Are searches that nothing can fit refused where they are written?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from journals.entries import Status
from journals.errors import InvalidSearch
from journals.search import Cursor, Order, Search, check_page

NOW = datetime(2026, 1, 31, 12, 30, 15, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"started_from": datetime(2026, 1, 1)}, "started_from=.* has no time zone. Give an aware time"),
        ({"updated_until": "2026-01-01"}, "updated_until='2026-01-01': it is no datetime"),
        ({"started_until": datetime.min.replace(tzinfo=timezone(timedelta(hours=2)))}, "outside of the calendar"),
        ({"workflow": "a\0b"}, "workflow='a.*b' is no text that a journal can hold"),
        ({"detail": "\ud800"}, "detail=.* is no text that a journal can hold"),
        ({"version": 0}, "version=0: no workflow has that version"),
        ({"statuses": ["paused"]}, r"statuses has 'paused', which is no Status. Give Status\('paused'\)"),
        ({"statuses": "failed"}, r"Give Status\('failed'\)"),
        ({"statuses": [3]}, "statuses has 3, which is no Status"),
        ({"tags": "vip"}, r"tags='vip' is one text. Give a tuple: tags=\('vip',\)"),
        ({"tags": ["#vip"]}, "The tag '#vip' is none"),
        ({"attributes": {"": 1}}, "The name of an attribute '' is none"),
        ({"attributes": {"a": None}}, "Attribute 'a': nothing is found by None"),
        ({"attributes": {"a": float("nan")}}, "Attribute 'a': nan is no number that can be found"),
        ({"attributes": {"a": -(10**5_000)}}, "Attribute 'a': -0x[0-9a-f]* is beyond 64 bits"),
        ({"attributes": {"a": ["b"]}}, "Attribute 'a': .* is a list, not a text, a number"),
    ],
)
def test_what_nothing_can_fit_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSearch, match=reason):
        Search(**given)


@pytest.mark.parametrize(
    ("order", "most", "reason"),
    [("newest", 1, "order='newest' is no Order. Give Order.ID or Order.NEWEST"), (Order.ID, 0, "most=0: a page has")],
)
def test_a_page_that_cannot_be_is_refused(order: Any, most: int, reason: str) -> None:
    with pytest.raises(InvalidSearch, match=reason):
        check_page(order, None, most)


def test_one_status_is_enough() -> None:
    assert Search(statuses=Status.FAILED).statuses == {Status.FAILED}


def test_a_cursor_is_a_text_in_each_order() -> None:
    cursor = Cursor("a/b c", NOW.astimezone(timezone(timedelta(hours=2))))
    assert Cursor.read(cursor.text(Order.NEWEST), Order.NEWEST) == Cursor("a/b c", NOW)
    assert Cursor.read(cursor.text(Order.ID), Order.ID) == Cursor("a/b c")
    for wrong in ("order-7", "2026-01-31/order-7", "soon/order-7"):
        with pytest.raises(InvalidSearch):
            Cursor.read(wrong, Order.NEWEST)
    with pytest.raises(InvalidSearch):
        Cursor("a\0b")
