"""Which different signals, tasks, child workflows, regions or meetings of a workflow have the same name?"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from wio.nodes import Arrive, HandleSignal, InRegion, Leave, OfferTask, RunChild


def _all(surveyed: Survey) -> Iterator[Fault]:
    first: dict[Hashable, object] = {}
    for node in surveyed.nodes:
        match node:
            case HandleSignal() | OfferTask() | RunChild() | InRegion() | Leave() | Arrive():
                key, definition, words = _defined(node)
                if first.setdefault(key, definition) != definition:
                    yield Fault(node, _message(words), Level.WARNING)
            case _:
                pass


def _defined(node: HandleSignal | OfferTask | RunChild | InRegion | Leave | Arrive) -> tuple[Hashable, object, str]:
    match node:
        case HandleSignal(signal):
            return (HandleSignal, signal.name), signal, f"the signal {signal.name!r}"
        case OfferTask(task):
            return (OfferTask, task.name, task.version), task, f"version {task.version} of the task {task.name!r}"
        case RunChild(child):
            return (RunChild, child.name, child.version), child, f"version {child.version} of workflow {child.name!r}"
        case InRegion(region) | Leave(region):
            return (InRegion, region.name), region, f"the region {region.name!r}"
        case Arrive(meeting):
            return (Arrive, meeting.name), meeting, f"the meeting {meeting.name!r}"


def _message(words: str) -> str:
    return (
        f"has another definition of {words} than another place: they count as one, though types or options"
        " differ. Use one value for both, or give one of them another name."
    )


clashing_definitions = Check("clashing-definitions", _all)
"""Warns of a definition that differs from another one of its kind and name, where it is brought in."""
