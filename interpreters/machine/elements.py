"""How are the elements of a for-each recorded? By their keys; with their values where their type is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from interpreters.errors import DuplicateKey, WrongPayload, WrongReturn
from interpreters.machine.branches import element_key
from interpreters.machine.calling import call
from interpreters.machine.execution import Active, Execution
from journals.codecs import CodecError
from journals.entries import Entry, Payload
from wio.forms import element_form
from wio.names import name_of
from wio.nodes import ForEach


def encoded_elements(execution: Execution, active: Active, node: ForEach) -> Payload:
    """Return the elements as a payload. Raises `WrongPayload`, `DuplicateKey` or `WrongReturn`."""
    items = _items(node, active)
    form = element_form(node)
    try:
        if form is None:
            return execution.codec.encode(list(items), list[str])
        return execution.codec.encode(items, _by_key(form))
    except CodecError as error:
        reason = f"{error.reason}. Declare a type that can be kept: for_each(..., element=...)"
        raise WrongPayload(f"The elements of {active.address!r}", reason) from error


def decoded_elements(execution: Execution, active: Active, node: ForEach, entry: Entry) -> dict[str, Any]:
    """Return recorded elements by key. Where only keys were recorded, the elements are computed again."""
    if entry.payload is None:
        raise WrongPayload(f"Entry {entry.seq} at {entry.address!r}", "It has no payload.")
    form = element_form(node)
    try:
        if form is not None:
            return cast("dict[str, Any]", execution.codec.decode(entry.payload, _by_key(form)))
        keys = cast("list[str]", execution.codec.decode(entry.payload, list[str]))
    except CodecError as error:
        raise WrongPayload(f"Entry {entry.seq} at {entry.address!r}", str(error)) from error
    items = _items(node, active)
    missing = next((key for key in keys if key not in items), None)
    if missing is not None:
        name = name_of(node.items, "The function of the elements")
        raise WrongReturn(name, active.address, list(items), f"the element {missing!r}, which the journal has")
    return {key: items[key] for key in keys}


def _by_key(form: Any) -> Any:
    return dict[str, form]


def _items(node: ForEach, active: Active) -> dict[str, Any]:
    computed: object = call(node.items, active.address, active.value)
    if not isinstance(computed, Iterable):
        raise WrongReturn(name_of(node.items, "The function"), active.address, computed, "a collection")
    items: dict[str, Any] = {}
    for number, element in enumerate(cast("Iterable[Any]", cast(object, computed)), 1):
        key = element_key(node, active.address, element, number)
        if key in items:
            raise DuplicateKey(key, active.address)
        items[key] = element
    return items
