"""How is a search said to a SQL database? In one statement, made of what is asked for; the same for each adapter.

With the newest first, the database goes backwards through one index for each *phase* that is looked for, and takes as
many as fit on a page; so it does not look at what came before, nor at what is in another phase. A phase is a
status, but for `initiated`, `running` and `waiting`, which are one phase: a step must not write to an index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeAlias

import attrs

from journals.entries import RESTING, UNFINISHED, Status
from journals.rows import RECORD_COLUMNS
from journals.search import Cursor, Order, Search

SqlValue: TypeAlias = str | int | datetime

ACTIVE = "active"
"""Is the phase of what goes on by itself."""

_ACTIVE = frozenset(Status) - RESTING
_USUAL = _ACTIVE | {Status.COMPLETED}


def phase_of(status: Status) -> str:
    """Return the phase of a status: it does not change from step to step."""
    return ACTIVE if status in _ACTIVE else status.value


@attrs.frozen
class Dialect:
    """Says how a database spells what differs: its tables, parameters by number and type, and a part of a text."""

    instances: str
    attributes: str
    parameter: Callable[[int, str], str]
    contains: str
    unfinished: str


@attrs.define
class _Writing:
    """Is a statement that is being written, and its parameters so far."""

    dialect: Dialect
    values: list[SqlValue] = attrs.field(factory=list[SqlValue])

    def value(self, value: SqlValue) -> str:
        type_ = "text" if isinstance(value, str) else "bigint" if isinstance(value, int) else "timestamptz"
        self.values.append(value)
        return self.dialect.parameter(len(self.values), type_)

    def among(self, column: str, values: Iterable[str]) -> str:
        texts = sorted(values)
        return f"{column} IN ({', '.join(map(self.value, texts))})" if texts else "1 = 0"


Statement: TypeAlias = tuple[str, list[SqlValue]]
"""Is the text of a statement and its parameters."""


def found(dialect: Dialect, search: Search, order: Order, after: Cursor | None, most: int) -> Statement:
    """Return the statement that gives the records of a page."""
    writing = _Writing(dialect)
    columns = ", ".join(f"i.{column}" for column in RECORD_COLUMNS)
    conditions = _conditions(writing, search)
    limit = f"LIMIT {writing.value(most)}"
    if order is Order.ID:
        if after is not None:
            conditions.append(f"i.id > {writing.value(after.id)}")
        where = " AND ".join([*conditions, *_statuses(writing, search), *_labels(writing, search)])
        return f"SELECT {columns} FROM {dialect.instances} AS i{_where(where)} ORDER BY i.id {limit}", writing.values
    place = None
    if after is not None and after.started_at is not None:
        place = f"({writing.value(after.started_at)}, {writing.value(after.id)})"
    if search.labels:
        return _newest_labelled(writing, search, columns, conditions, place, limit), writing.values
    return _newest(writing, search, columns, conditions, place, limit), writing.values


def counting(dialect: Dialect, search: Search) -> Statement:
    """Return the statement that counts by workflow and status."""
    writing = _Writing(dialect)
    conditions = [*_conditions(writing, search), *_statuses(writing, search), *_labels(writing, search)]
    where = _where(" AND ".join(conditions))
    select = "SELECT i.workflow, i.status, count(*)"
    return f"{select} FROM {dialect.instances} AS i{where} GROUP BY i.workflow, i.status", writing.values


def _newest(
    writing: _Writing, search: Search, columns: str, conditions: list[str], place: str | None, limit: str
) -> str:
    """Return the statement that takes a page from each phase, and of these the newest."""
    latest = f"ORDER BY i.started_at DESC, i.id DESC {limit}"
    if place is not None:
        conditions = [*conditions, f"(i.started_at, i.id) < {place}"]
    if search.statuses is not None and search.statuses & _ACTIVE not in (frozenset(), _ACTIVE):
        conditions = [*conditions, writing.among("i.status", (status.value for status in search.statuses))]
    pages = [
        f"SELECT * FROM (SELECT {columns} FROM {writing.dialect.instances} AS i"
        f"{_where(' AND '.join([f'i.phase = {writing.value(phase)}', *conditions]))} {latest}) AS page{number}"
        for number, phase in enumerate(sorted(_wanted_phases(search)), 1)
    ]
    if not pages:
        # No parameter may be left out: Postgres would not know its type.
        nothing = _where(" AND ".join(["1 = 0", *conditions]))
        return f"SELECT {columns} FROM {writing.dialect.instances} AS i{nothing} {limit}"
    return f"SELECT * FROM ({' UNION ALL '.join(pages)}) AS i {latest}"


def _newest_labelled(
    writing: _Writing, search: Search, columns: str, conditions: list[str], place: str | None, limit: str
) -> str:
    """Return the statement that goes backwards through those that have the first label."""
    dialect, (name, type_, text) = writing.dialect, search.labels[0]
    first = [
        f"a.name = {writing.value(name)}",
        f"a.value = {writing.value(text)}",
        f"a.type = {writing.value(type_ or '')}",
    ]
    if place is not None:
        first.append(f"(a.started_at, a.instance_id) < {place}")
    where = " AND ".join([*first, *conditions, *_statuses(writing, search), *_labels(writing, search, but_first=True)])
    return (
        f"SELECT {columns} FROM {dialect.attributes} AS a JOIN {dialect.instances} AS i ON i.id = a.instance_id"
        f" WHERE {where} ORDER BY a.started_at DESC, a.instance_id DESC {limit}"
    )


def _conditions(writing: _Writing, search: Search) -> list[str]:
    """Return what is asked of the columns of an instance, but for its status."""
    conditions: list[str] = []
    if search.workflow is not None:
        conditions.append(f"i.workflow = {writing.value(search.workflow)}")
    if search.version is not None:
        conditions.append(f"i.version = {writing.value(search.version)}")
    if search.detail:
        conditions.append(f"{writing.dialect.contains}(i.detail, {writing.value(search.detail)}) > 0")
    for column, comparison, moment in (
        ("started_at", ">=", search.started_from),
        ("started_at", "<", search.started_until),
        ("updated_at", ">=", search.updated_from),
        ("updated_at", "<", search.updated_until),
    ):
        if moment is not None:
            conditions.append(f"i.{column} {comparison} {writing.value(moment)}")
    return conditions


def _statuses(writing: _Writing, search: Search) -> list[str]:
    """Return what is asked of the status. Where it is a usual one, the index of phases would not help."""
    if search.statuses is None:
        return []
    if not search.statuses & _USUAL:
        return [writing.among("i.phase", _wanted_phases(search))]
    asked = [writing.among("i.status", (status.value for status in search.statuses))]
    return [*asked, writing.dialect.unfinished] if search.statuses <= UNFINISHED else asked


def _wanted_phases(search: Search) -> frozenset[str]:
    return frozenset(map(phase_of, Status if search.statuses is None else search.statuses))


def _labels(writing: _Writing, search: Search, *, but_first: bool = False) -> list[str]:
    return [
        f"i.id IN (SELECT instance_id FROM {writing.dialect.attributes} WHERE name = {writing.value(name)}"
        f" AND value = {writing.value(text)} AND type = {writing.value(type_ or '')})"
        for name, type_, text in search.labels[but_first:]
    ]


def _where(conditions: str) -> str:
    return f" WHERE {conditions}" if conditions else ""
