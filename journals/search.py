"""Which instances does somebody look for, in which order, and from where on?

A list goes on behind a `Cursor`, which is made of what never changes in an instance. So whatever is added or changed
meanwhile, nothing that was there when the first page was read, and fits all the time, is passed over or comes twice.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Self, cast

import attrs

from journals.entries import InstanceRecord, Status
from journals.errors import InvalidSearch
from journals.labels import LabelRow, attribute_row, tag_row
from wio.attributes import AttributeValue, name_fault, value_fault

_MOST = 2**63
_NOTHING: Mapping[str, AttributeValue] = MappingProxyType({})


def _refuse(fault: str | None, what: str) -> None:
    if fault is not None:
        raise InvalidSearch(f"{what} {fault}.")


def _is_within(start: datetime | None, moment: datetime, end: datetime | None) -> bool:
    return (start is None or start <= moment) and (end is None or moment < end)


def _is_storable(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    if isinstance(tags, str):
        raise InvalidSearch(f"tags={tags!r} is one text. Give a tuple: tags=({tags!r},).")
    return tuple(dict.fromkeys(tags))


def _attributes(attributes: Mapping[str, AttributeValue]) -> Mapping[str, AttributeValue]:
    return MappingProxyType(dict(attributes))


def _statuses(statuses: Iterable[Status] | Status | None) -> frozenset[Status] | None:
    given = None if statuses is None else (statuses,) if isinstance(statuses, str | Status) else tuple(statuses)
    if given is None:
        return None
    for status in cast("tuple[object, ...]", given):
        if not isinstance(status, Status):
            one = status if status in {each.value for each in Status} else Status.PAUSED.value
            raise InvalidSearch(f"statuses has {status!r:.100}, which is no Status. Give Status({one!r}).")
    return frozenset(given)


def _findable_text(_search: object, attribute: Any, text: Any) -> None:
    if text is not None and not _is_storable(text):
        raise InvalidSearch(f"{attribute.name}={text!r:.100} is no text that a journal can hold.")


def _aware(_search: object, attribute: Any, moment: Any) -> None:
    if moment is not None:
        _check_aware(attribute.name, moment)


def _check_aware(name: str, moment: datetime) -> None:
    fault = value_fault(moment)
    if fault is not None or not isinstance(cast(object, moment), datetime):
        reason = fault or "it is no datetime"
        raise InvalidSearch(f"{name}={moment!r:.100}: {reason}. Give an aware time, such as datetime.now(UTC).")


@attrs.frozen(kw_only=True)
class Search:
    """Says which instances are looked for: those that fit all that is given.

    `detail` is a part of the sentence that says what an instance waits for. A time `_from` is within, a time `_until`
    is not. An instance has all of the `tags`, and all of the `attributes` with these values; 3 and 3.0 are equal, 1 and
    True are not. Raises `InvalidSearch` for what no instance can have, and for a time without a zone.

    >>> Search(workflow="order", statuses=[Status.PAUSED], attributes={"customer": "Ann"}).statuses
    frozenset({<Status.PAUSED: 'paused'>})
    """

    workflow: str | None = attrs.field(default=None, validator=_findable_text)
    version: int | None = None
    statuses: frozenset[Status] | None = attrs.field(default=None, converter=_statuses)
    detail: str = attrs.field(default="", validator=_findable_text)
    started_from: datetime | None = attrs.field(default=None, validator=_aware)
    started_until: datetime | None = attrs.field(default=None, validator=_aware)
    updated_from: datetime | None = attrs.field(default=None, validator=_aware)
    updated_until: datetime | None = attrs.field(default=None, validator=_aware)
    tags: tuple[str, ...] = attrs.field(default=(), converter=_tags)
    attributes: Mapping[str, AttributeValue] = attrs.field(default=_NOTHING, converter=_attributes, hash=False)

    def __attrs_post_init__(self) -> None:
        if self.version is not None and not 0 < self.version < _MOST:
            raise InvalidSearch(f"version={self.version}: no workflow has that version. They count from 1.")
        for tag in self.tags:
            _refuse(name_fault(tag), "The tag")
        for name, value in self.attributes.items():
            _refuse(name_fault(name), "The name of an attribute")
            _refuse("nothing is found by None" if value is None else value_fault(value), f"Attribute {name!r}:")

    @property
    def labels(self) -> tuple[LabelRow, ...]:
        """Are the rows of labels that an instance must have."""
        return (*map(tag_row, self.tags), *(attribute_row(*each) for each in self.attributes.items()))

    def fits(self, record: InstanceRecord, labels: Iterable[LabelRow]) -> bool:
        """Return whether an instance is one of those that are looked for."""
        return (
            self.workflow in (None, record.workflow)
            and self.version in (None, record.version)
            and (self.statuses is None or record.status in self.statuses)
            and self.detail in record.detail
            and _is_within(self.started_from, record.started_at, self.started_until)
            and _is_within(self.updated_from, record.updated_at, self.updated_until)
            and frozenset(self.labels) <= frozenset(labels)
        )


EVERY = Search()
"""Finds every instance."""


class Order(enum.Enum):
    """Says in which order instances come: by id, by code point; or by the time of their start, the latest first."""

    ID = "id"
    NEWEST = "newest"


@attrs.frozen
class Cursor:
    """Is a place in a list of instances: behind the one with this id, which was started at this time.

    In the order of ids no time is needed.
    """

    id: str = attrs.field(validator=_findable_text)
    started_at: datetime | None = attrs.field(default=None, validator=_aware)

    @classmethod
    def behind(cls, record: InstanceRecord) -> Self:
        """Return the place behind an instance, in any order."""
        return cls(record.id, record.started_at)

    @classmethod
    def read(cls, text: str, order: Order) -> Self:
        """Return the cursor that was written as a text. Raises `InvalidSearch`."""
        if order is Order.ID:
            return cls(text)
        moment, _, id = text.partition("/")
        try:
            return cls(id, datetime.fromisoformat(moment))
        except ValueError as error:
            raise InvalidSearch(
                f"{text!r:.300} is no place in a list with the newest first. Give what the page before has said."
            ) from error

    def text(self, order: Order) -> str:
        """Return the cursor as a text, for the next page in the same order.

        >>> Cursor("order-7", datetime(2026, 1, 31, 12, tzinfo=UTC)).text(Order.NEWEST)
        '2026-01-31T12:00:00.000000+00:00/order-7'
        """
        if order is Order.ID or self.started_at is None:
            return self.id
        return f"{self.started_at.astimezone(UTC).isoformat(timespec='microseconds')}/{self.id}"


@attrs.frozen
class Count:
    """Says how many instances of a workflow have a status."""

    workflow: str
    status: Status
    instances: int


def check_page(order: Order, after: Cursor | None, most: int) -> None:
    """Raise `InvalidSearch` for a page that cannot be: of no instance, or behind a place that is not in the order."""
    if not isinstance(cast(object, order), Order):
        raise InvalidSearch(f"order={order!r:.100} is no Order. Give Order.ID or Order.NEWEST.")
    if not 0 < most < _MOST:
        raise InvalidSearch(f"most={most}: a page has at least one instance. Give most=100.")
    if order is Order.NEWEST and after is not None and after.started_at is None:
        raise InvalidSearch(
            f"after={after!r}: with the newest first, a place has a time. Give Cursor.behind(the last record)."
        )


def by_start(record: InstanceRecord) -> tuple[datetime, str]:
    """Return by what records are sorted, downwards, with the newest first."""
    return record.started_at, record.id


def counted(found: Iterable[tuple[str, Status, int]]) -> tuple[Count, ...]:
    """Return counts in the order of workflows, then of statuses."""
    order = list(Status)
    return tuple(Count(*each) for each in sorted(found, key=lambda each: (each[0], order.index(each[1]))))
