"""Which different signals, tasks or regions of a workflow have the same name?"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from wio.nodes import HandleSignal, InRegion, Leave, OfferTask


def _all(surveyed: Survey) -> Iterator[Fault]:
    first: dict[Hashable, object] = {}
    for node in surveyed.nodes:
        match node:
            case HandleSignal() | OfferTask() | InRegion() | Leave():
                key, definition, words = _defined(node)
                if first.setdefault(key, definition) != definition:
                    yield Fault(node, _message(words), Level.WARNING)
            case _:
                pass


def _defined(node: HandleSignal | OfferTask | InRegion | Leave) -> tuple[Hashable, object, str]:
    match node:
        case HandleSignal(signal):
            return (HandleSignal, signal.name), signal, f"the signal {signal.name!r}"
        case OfferTask(task):
            return (OfferTask, task.name, task.version), task, f"version {task.version} of the task {task.name!r}"
        case InRegion(region) | Leave(region):
            return (InRegion, region.name), region, f"the region {region.name!r}"


def _message(words: str) -> str:
    return (
        f"has another definition of {words} than another place: they count as one, though types or options"
        " differ. Use one value for both, or give one of them another name."
    )


clashing_definitions = Check("clashing-definitions", _all)
"""Warns of a definition that differs from another one of its kind and name, where it is brought in."""
