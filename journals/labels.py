"""What is kept of an instance's tags and attributes, and how does it lie in a table? In rows of texts.

name        type      value
#vip        tag
customer    text      Ann
total       number    12.5
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeAlias

import attrs

from journals.entries import Commit
from journals.errors import InvalidCommit
from wio.attributes import AttributeValue, name_fault, value_fault

LabelRow: TypeAlias = tuple[str, str | None, str]
"""Is the name, the type and the value of a label; without a type it is to be removed."""

_NOTHING: Mapping[str, AttributeValue] = MappingProxyType({})


def _read_only(values: Mapping[str, AttributeValue]) -> Mapping[str, AttributeValue]:
    return MappingProxyType(dict(values))


@attrs.frozen
class Labels:
    """Is by what an instance can be found besides its state: its tags, sorted, and its attributes."""

    tags: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = attrs.field(default=_NOTHING, converter=_read_only, hash=False)


NO_LABELS = Labels()


def tag_row(tag: str) -> LabelRow:
    """Return the row of a tag."""
    return f"#{tag}", "tag", ""


def attribute_row(name: str, value: AttributeValue) -> LabelRow:
    """Return the row of an attribute; equal numbers have equal rows.

    >>> attribute_row("total", 3), attribute_row("total", 3.0), attribute_row("paid", True)
    (('total', 'number', '3'), ('total', 'number', '3'), ('paid', 'flag', 'true'))
    """
    match value:
        case None:
            return name, None, ""
        case bool():
            return name, "flag", "true" if value else "false"
        case str():
            return name, "text", str(value)
        case int():
            return name, "number", str(int(value))
        case float():
            is_whole = value.is_integer() and abs(value) < 2**63
            return name, "number", str(int(value)) if is_whole else repr(float(value))
        case datetime():
            return name, "time", value.astimezone(UTC).isoformat(timespec="microseconds")


def label_rows(commit: Commit) -> Iterable[LabelRow]:
    """Yield the rows of what a commit says of the labels of its instance."""
    yield from map(tag_row, dict.fromkeys(commit.tags))
    for name, value in commit.attributes:
        yield attribute_row(name, value)


def labels_of(rows: Iterable[LabelRow]) -> Labels:
    """Return the labels that lie in rows."""
    tags: list[str] = []
    attributes: dict[str, AttributeValue] = {}
    for name, type_, text in rows:
        if type_ == "tag":
            tags.append(name[1:])
        elif type_ is not None:
            attributes[name] = _value_of(type_, text)
    return Labels(tuple(sorted(tags)), dict(sorted(attributes.items())))


def _value_of(type_: str, text: str) -> AttributeValue:
    match type_:
        case "flag":
            return text == "true"
        case "number":
            return int(text) if text.lstrip("-").isdigit() else float(text)
        case "time":
            return datetime.fromisoformat(text)
        case _:
            return text


def validate_labels(commit: Commit) -> None:
    """Raise `InvalidCommit` when a tag or an attribute of a commit could not be kept."""
    names = [name for name, _ in commit.attributes]
    faults = [
        *(fault and f"the tag {fault}" for fault in map(name_fault, commit.tags)),
        *(fault and f"the name of an attribute {fault}" for fault in map(name_fault, names)),
        *(
            fault and f"attribute {name!r}: {fault}"
            for name, value in commit.attributes
            for fault in (value_fault(value),)
        ),
        *(f"attribute {name!r} is set twice" for name in dict.fromkeys(names) if names.count(name) > 1),
    ]
    for fault in filter(None, faults):
        raise InvalidCommit(f"Instance {commit.instance_id!r}: {fault}. Nothing was stored.")
