"""Which attributes does a step set, and which are set by entries that are stored together?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from interpreters.errors import WrongReturn
from interpreters.machine.calling import call
from interpreters.machine.execution import Active
from interpreters.machine.recorded import AttributesSet
from journals.codecs import Codec
from journals.entries import Entry, Kind
from wio.attributes import AttributeValue, value_fault
from wio.nodes import SetAttributes

_ATTRIBUTES = Kind.ATTRIBUTES  # each look into an enumeration takes time


def attributes_at(active: Active, node: SetAttributes) -> AttributesSet:
    """Return what is recorded of a step that sets attributes. Raises `UserFunctionRaised`."""
    values: dict[str, str | int | float | bool | None] = {}
    times: dict[str, datetime] = {}
    for name, given in node.attributes:
        value: object = call(given, active.address, active.value) if callable(given) else given
        fault = value_fault(value)
        if fault is not None:
            raise WrongReturn(f"The function of attribute {name!r}", active.address, value, f"an attribute: {fault}")
        match value:
            case datetime():
                times[name] = value
            case str() | int() | float() | None:
                values[name] = value
            case _:
                raise AssertionError(name)
    return AttributesSet(values, times)


def set_in(entries: Sequence[Entry], codec: Codec) -> tuple[tuple[str, AttributeValue], ...]:
    """Return the attributes that entries set; of one that is set more than once, the last."""
    found: dict[str, AttributeValue] = {}
    for entry in entries:
        if entry.kind is _ATTRIBUTES and entry.payload is not None:
            recorded = codec.decode(entry.payload, AttributesSet)
            assert isinstance(recorded, AttributesSet)
            found.update(recorded.values)
            found.update(recorded.times)
    return tuple(found.items())
