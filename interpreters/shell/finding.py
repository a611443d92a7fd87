"""Which instances does a command speak of? The options that `wio list` and `wio count` share, as a search."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias, cast

import attrs
from cyclopts import Parameter

from interpreters.shell.shell_errors import WrongInput
from journals.entries import Status
from journals.search import Search
from wio.attributes import AttributeValue

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"(\d{1,6})([smhd])")

_Moment: TypeAlias = str | None


def _of_time(name: str, help: str) -> Parameter:
    return Parameter(name=name, help=f"{help}: 2026-01-31T12:00, in UTC unless it says a zone, or 2h ago as 2h.")


@Parameter(name="*")
@attrs.frozen
class Filters:
    """Is what an instance must be to be listed or counted: all that is given."""

    workflow: Annotated[str | None, Parameter(name="--workflow", help="Only instances of this workflow.")] = None
    version: Annotated[int | None, Parameter(name="--version", help="Only instances of this version.")] = None
    status: Annotated[
        tuple[Status, ...],
        Parameter(name=("--status", "--state"), help="Only instances with this status; may be repeated."),
    ] = ()
    detail: Annotated[str, Parameter(name="--detail", help="Only instances in whose detail this stands.")] = ""
    since: Annotated[_Moment, _of_time("--since", "Only instances started then or later")] = None
    until: Annotated[_Moment, _of_time("--until", "Only instances started before")] = None
    updated_since: Annotated[_Moment, _of_time("--updated-since", "Only instances changed then or later")] = None
    updated_until: Annotated[_Moment, _of_time("--updated-until", "Only instances not changed since")] = None
    tag: Annotated[tuple[str, ...], Parameter(name="--tag", help="Only instances with this tag; may be repeated.")] = ()
    attribute: Annotated[
        tuple[str, ...],
        Parameter(name="--attribute", help="Only instances with this attribute: customer=Ann; may be repeated."),
    ] = ()

    def search(self, now: datetime) -> Search:
        """Return the search. Raises `WrongInput` or `InvalidSearch`."""
        return Search(
            workflow=self.workflow,
            version=self.version,
            statuses=self.status or None,
            detail=self.detail,
            started_from=_moment(self.since, "--since", now),
            started_until=_moment(self.until, "--until", now),
            updated_from=_moment(self.updated_since, "--updated-since", now),
            updated_until=_moment(self.updated_until, "--updated-until", now),
            tags=self.tag,
            attributes=dict(map(_attribute, self.attribute)),
        )


EVERYTHING = Filters()


def _moment(text: str | None, option: str, now: datetime) -> datetime | None:
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongInput(
            f"{option} {text!r} is no time. Give one as 2026-01-31T12:00 or 2026-01-31T12:00+01:00, or 30m, 2h or 7d"
            " for so long ago."
        ) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _attribute(text: str) -> tuple[str, AttributeValue]:
    name, equals, value = text.partition("=")
    if not equals:
        raise WrongInput(f"--attribute {text!r} has no value. Give one: --attribute customer=Ann.")
    return name, _value(value)


def _value(text: str) -> AttributeValue:
    """Return a value as it is meant: a number, true, false, a time with a zone, a text in quotes, or a text.

    >>> _value("3"), _value('"3"'), _value("Ann"), _value("true")
    (3, '3', 'Ann', True)
    """
    try:
        value = cast(object, json.loads(text))
    except ValueError:
        value = None
    if isinstance(value, str | int | float | bool):
        return value
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if moment.tzinfo is None else moment


def as_words(value: AttributeValue) -> str:
    """Return a value as `--attribute` takes it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and _value(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)
