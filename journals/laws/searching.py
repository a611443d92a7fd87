"""Are exactly those instances found that are looked for, in order, in pages, and counted?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import attrs
from msgspec.structs import replace

from journals.entries import Commit, InstanceRecord, Status
from journals.errors import Conflict, InvalidCommit, InvalidSearch
from journals.labels import Labels
from journals.laws.samples import AT, Connect, commit, refused, require, stores_nothing
from journals.ports import Journal
from journals.search import EVERY, Count, Cursor, Order, Search
from wio.attributes import AttributeValue

_DAY = timedelta(days=1)
_WORKFLOWS = ("order", "trip", "Order")
_DETAILS = ("", "waits for signal confirm", "waits for signal CONFIRM", "100% _done_", "é 漢字 \\ ' \"")
_TAGS = ("vip", "eu", "a b", "漢字")
_VALUES: tuple[AttributeValue, ...] = (
    "Ann", "ann", "", "3", "true", "2026-01-31T12:30:15.123456+00:00", "%", "😀 ' \" \\ {}", "x" * 200,
    3, -3, 0, 2**53, 2**63 - 1, -(2**63), 3.5, 1e300, -0.5, True, False, AT, AT + timedelta(microseconds=1),
)  # fmt: skip
_FEW_VALUES: tuple[AttributeValue, ...] = ("Ann", "ann", "3", 3, 1, True, False, AT)


@attrs.frozen
class _Known:
    """Is what a journal must know of an instance."""

    record: InstanceRecord
    labels: Labels


async def a_search_finds_exactly_what_fits(connect: Connect) -> None:
    """Of instances at random, each search gives exactly those that fit all of it, in both orders, and counts them."""
    random = Random(4)
    async with connect() as journal:
        known = [await _stored(journal, random, number) for number in range(60)]
        by_one = (Search(attributes={name: value}) for name in ("customer", "total") for value in _FEW_VALUES)
        for search in (EVERY, *by_one, *(_some_search(random) for _ in range(120))):
            await _agrees(journal, known, search)


async def _stored(journal: Journal, random: Random, number: int) -> _Known:
    """Store an instance at random, in one commit or two."""
    # Several were started at the same time; then their ids decide.
    started_at = AT + _DAY * random.randrange(8)
    start = replace(
        commit(f"{random.choice('aAé_')}{number}", 0, status=random.choice([*Status]), at=started_at),
        workflow=random.choice(_WORKFLOWS), version=random.randint(1, 2), detail=random.choice(_DETAILS),
        tags=tuple(random.sample(_TAGS, random.randrange(4))), attributes=_some_attributes(random),
    )  # fmt: skip
    await journal.commit(start)
    last = start
    if random.random() < 0.5:
        last = replace(
            start, expected=1, entries=commit("", 1).entries, token=f"{number}", status=random.choice([*Status]),
            at=started_at + _DAY * random.randrange(3), detail=random.choice(_DETAILS), tags=(),
            attributes=_some_attributes(random),
        )  # fmt: skip
        await journal.commit(last)
    attributes = {**dict(start.attributes), **dict(last.attributes)}
    left = {name: value for name, value in attributes.items() if value is not None}
    return _Known(_record(start, last), Labels(tuple(sorted(start.tags)), left))


def _record(start: Commit, last: Commit) -> InstanceRecord:
    last_seq = last.expected + len(last.entries)
    name, workflow, version = start.instance_id, last.workflow, last.version
    return InstanceRecord(name, workflow, version, last.status, last_seq, None, last.detail, start.at, last.at)


def _some_attributes(random: Random) -> tuple[tuple[str, AttributeValue], ...]:
    names = random.sample(("customer", "total", "due", "ä b"), random.randrange(4))
    return tuple((name, random.choice((None, *_FEW_VALUES))) for name in names)


def _some_search(random: Random) -> Search:
    """Return a search for one to three things."""
    fields: dict[str, object] = {}
    for field in random.sample(sorted(_FIELDS), random.randint(1, 3)):
        match field:
            case "workflow":
                fields[field] = random.choice((*_WORKFLOWS, "unknown"))
            case "version":
                fields[field] = random.randint(1, 3)
            case "statuses":
                fields[field] = random.sample([*Status], random.randrange(5))
            case "detail":
                fields[field] = random.choice(("signal", "confirm", "%", "_", "é", "\\", "'", "nowhere"))
            case "tags":
                fields[field] = random.sample((*_TAGS, "no"), random.randint(1, 2))
            case "attributes":
                names = random.sample(("customer", "total", "due", "ä b", "no"), random.randint(1, 2))
                fields[field] = {name: random.choice((*_FEW_VALUES, 3.0, 0, "no")) for name in names}
            case _:
                fields[field] = AT + _DAY * random.randrange(9)
    return Search(**fields)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


_FIELDS = {field.name for field in attrs.fields(Search)}


async def _agrees(journal: Journal, known: Sequence[_Known], search: Search) -> None:
    wanted = [each.record for each in known if _fits(search, each)]
    by_id = sorted(wanted, key=lambda record: record.id)
    newest = sorted(wanted, key=lambda record: (record.started_at, record.id), reverse=True)
    for order, records in ((Order.ID, by_id), (Order.NEWEST, newest)):
        for most in (3, 1_000):
            listed = [record async for page in _pages(journal, search, order, most) for record in page]
            require(listed == records, f"{search} gave {_ids(listed)} by {order}, not {_ids(records)}.")
    counts = await journal.count(search)
    found = {(each.workflow, each.status) for each in wanted}
    kinds = sorted(found, key=lambda kind: (kind[0], [*Status].index(kind[1])))
    numbers = [Count(*kind, sum((each.workflow, each.status) == kind for each in wanted)) for kind in kinds]
    require(counts == tuple(numbers), f"{search} was counted as {counts}, not {numbers}.")


def _fits(search: Search, known: _Known) -> bool:
    record, labels = known.record, known.labels
    asked = (
        search.workflow is None or record.workflow == search.workflow,
        search.version is None or record.version == search.version,
        search.statuses is None or record.status in search.statuses,
        search.detail in record.detail,
        search.started_from is None or record.started_at >= search.started_from,
        search.started_until is None or record.started_at < search.started_until,
        search.updated_from is None or record.updated_at >= search.updated_from,
        search.updated_until is None or record.updated_at < search.updated_until,
        all(tag in labels.tags for tag in search.tags),
        all(_equal(labels.attributes.get(name), value) for name, value in search.attributes.items()),
    )
    return all(asked)


def _equal(one: AttributeValue, other: AttributeValue) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)


async def _pages(
    journal: Journal, search: Search, order: Order, most: int
) -> AsyncIterator[tuple[InstanceRecord, ...]]:
    after: Cursor | None = None
    while page := await journal.find_all(search, order=order, after=after, most=most):
        require(len(page) <= most, f"find_all(most={most}) gave {len(page)} records.")
        yield page
        after = Cursor.read(Cursor.behind(page[-1]).text(order), order)


def _ids(records: Sequence[InstanceRecord]) -> list[str]:
    return [record.id for record in records]


async def pages_hold_still_while_instances_come_and_go_on(connect: Connect) -> None:
    """What is there at the first page, and fits all the time, is listed once, whatever is added or changed then."""
    async with connect() as journal:
        for order in Order:
            await _hold_still(journal, order, Random(order.value))


async def _hold_still(journal: Journal, order: Order, random: Random) -> None:
    there, coming = (_starts(order, numbers, random) for numbers in (range(0, 40, 2), range(1, 40, 2)))
    for each in there:
        await journal.commit(each)
    listed: list[str] = []
    async for page in _pages(journal, Search(workflow=order.value), order, 3):
        listed += _ids(page)
        for each in (*coming[:2], _changed(random.choice(there), len(listed))):
            await journal.commit(each)
        del coming[:2]
    require(len(listed) == len(set(listed)), f"By {order}, instances were listed twice: {listed}.")
    missing = {each.instance_id for each in there} - set(listed)
    require(not missing, f"By {order}, {missing} were passed over: {listed}.")


def _starts(order: Order, numbers: Iterable[int], random: Random) -> list[Commit]:
    starts = [commit(f"{order.value} {number:02}", 0, at=AT + _DAY * random.randrange(5)) for number in numbers]
    return [replace(each, workflow=order.value) for each in random.sample(starts, len(starts))]


def _changed(start: Commit, number: int) -> Commit:
    """Return a commit without entries that lets an instance look changed, whatever has happened to it."""
    return replace(
        start, expected=1, entries=(), at=AT + 30 * _DAY, detail=f"{number}", token=f"{start.instance_id} {number}"
    )


async def labels_come_back_as_they_were_set(connect: Connect) -> None:
    """`labels` gives tags and attributes: as they were last set, with their types, and without those removed."""
    async with connect() as journal:
        values = tuple((f"name {number}", value) for number, value in enumerate(_VALUES))
        await journal.commit(replace(commit("a", 0), tags=("vip", "eu", "vip"), attributes=values))
        await journal.commit(replace(commit("b", 0), tags=("vip",), attributes=(("vip", "vip"), ("x", 1))))
        await journal.commit(commit("c", 0))
        found = await journal.labels(["c", "b", "unknown", "a", "b"])
        b = Labels(("vip",), {"vip": "vip", "x": 1})
        wanted = (Labels(), b, Labels(), Labels(("eu", "vip"), dict(values)), b)
        require(_typed(found) == _typed(wanted), f"labels() gave {found}, not {wanted}.")
        changes: tuple[tuple[str, AttributeValue], ...] = (("x", None), ("vip", 2), ("new", True), ("gone", None))
        await journal.commit(replace(commit("b", 1), tags=("eu",), attributes=changes))
        (found_b,) = await journal.labels(["b"])
        wanted_b = Labels(("eu", "vip"), {"vip": 2, "new": True})
        require(_typed([found_b]) == _typed([wanted_b]), f"After a change, labels() gave {found_b}, not {wanted_b}.")
        for name, value in values:
            records = await journal.find_all(Search(attributes={name: value}))
            require(_ids(records) == ["a"], f"{_ids(records)} were found by {value!r:.50}, not ['a'].")
        require(await journal.labels([]) == (), "Of no instance there are labels.")


def _typed(found: Iterable[Labels]) -> list[object]:
    return [(each.tags, {name: (type(value), value) for name, value in each.attributes.items()}) for each in found]


async def labels_are_stored_with_their_commit_or_not_at_all(connect: Connect) -> None:
    """What is refused sets no label, and a commit that is repeated later sets none again."""
    async with connect() as journal:
        start = replace(commit("a", 0), attributes=(("x", "first"),))
        await journal.commit(start)
        later = replace(commit("a", 1), attributes=(("x", "second"),))
        lost = replace(commit("a", 1, token="another"), tags=("lost",), attributes=(("x", "lost"),))
        await journal.commit(later)
        await refused(Conflict, journal.commit(lost), "A commit that comes too late")
        await refused(Conflict, journal.commit(replace(start, token="another")), "A second start")
        await journal.commit(start)
        found = await journal.labels(["a"])
        require(found == (Labels((), {"x": "second"}),), f"Labels of a refused or repeated commit were set: {found}.")


async def an_impossible_label_is_refused(connect: Connect) -> None:
    """A tag, a name or a value that not every store can hold is refused, with all of its commit."""
    async with connect() as journal:
        for number, wrong in enumerate(_impossible(commit("x", 0))):
            start = replace(wrong, instance_id=f"{number}")
            what = f"A commit with the tags {wrong.tags!r:.100} and the attributes {wrong.attributes!r:.100}"
            await stores_nothing(journal, InvalidCommit, start, what)
        require(await journal.count() == (), "What was refused is counted.")


_IMPOSSIBLE_VALUES: tuple[Any, ...] = (
    "x" * 201, "a\0", "\ud800", 2**63, -(2**63) - 1, float("nan"), float("inf"), AT.replace(tzinfo=None), b"", ["a"]
)  # fmt: skip


def _impossible(start: Commit) -> Iterator[Commit]:
    for tag in ("", "a\n", "#a", "x" * 101):
        yield replace(start, tags=(tag,))
    for name in ("", "a\0", "#a", "x" * 101):
        yield replace(start, attributes=((name, 1),))
    for value in _IMPOSSIBLE_VALUES:
        yield replace(start, attributes=(("a", value),))
    yield replace(start, attributes=(("a", 1), ("a", 2)))


async def an_impossible_page_is_refused(connect: Connect) -> None:
    """A page has at least one instance, and with the newest first it comes behind a place that has a time."""
    async with connect() as journal:
        await journal.commit(commit("a", 0))
        for most in (0, -1, 2**63):
            await refused(InvalidSearch, journal.find_all(most=most), f"find_all(most={most})")
        untimed = journal.find_all(order=Order.NEWEST, after=Cursor("a"))
        await refused(InvalidSearch, untimed, "A page of the newest behind a place without a time")


LAWS = (
    a_search_finds_exactly_what_fits,
    pages_hold_still_while_instances_come_and_go_on,
    labels_come_back_as_they_were_set,
    labels_are_stored_with_their_commit_or_not_at_all,
    an_impossible_label_is_refused,
    an_impossible_page_is_refused,
)
