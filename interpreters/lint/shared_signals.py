"""Which signals may be awaited in several places at the same time, so that one place takes what another is waiting for?

Places that match requests by a key are told apart by it; see `Signal.correlation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from interpreters.lint.beginnings import beginnings
from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import Opening, Place, first_places
from interpreters.lint.survey import Survey, survey
from wio.nodes import FirstOf, HandleSignal
from wio.workflow import Workflow


@attrs.frozen
class _Taker:
    """Is the first place in a part that takes a signal: of any key, if there is such a one."""

    address: str
    takes_all: bool


_ADVICE = (
    "the first of them takes whatever comes. Tell them apart by a key, Signal(correlation=...) and match=..., or use"
    " two signals."
)


def shared_signals(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Warn of every signal that two places may await at the same time, at the second of them; once for each joint."""
    surveyed = survey(workflow)
    if not any(isinstance(node, HandleSignal) for node in surveyed.nodes):
        return ()
    takers: dict[tuple[str, str], dict[str, _Taker]] = {}
    findings: list[Finding] = []
    reported: set[tuple[str, int]] = set()
    for place in first_places(workflow.root):
        if isinstance(place.node, HandleSignal):
            for joint, message in _clashes(place, place.node, takers):
                key = (place.node.signal.name, id(joint))
                if key not in reported:
                    reported.add(key)
                    findings.append(_finding(place.address, message))
        elif isinstance(place.node, FirstOf) and ("", id(place.node)) not in reported:
            reported.add(("", id(place.node)))
            findings.extend(_finding(place.address, message) for message in _undecided(place.node, surveyed))
    return tuple(findings)


def _finding(address: str, message: str) -> Finding:
    return Finding(Level.WARNING, "shared-signal", address, f"{message}: {_ADVICE}")


def _clashes(
    place: Place, node: HandleSignal, takers: dict[tuple[str, str], dict[str, _Taker]]
) -> Iterator[tuple[Opening, str]]:
    """Yield what else may take the signal in each joint around a place, the innermost first; note the place there."""
    name, taker = node.signal.name, _Taker(place.address, node.match is None)
    around = place.around
    while around is not None:
        if around.beside:
            parts = takers.setdefault((name, around.address), {})
            known = parts.get(around.part)
            if known is not None and known.takes_all >= taker.takes_all:
                return  # so the joints further out know it as well
            if around.repeated and taker.takes_all:
                yield around.node, f"awaits the signal {name!r} several times at once in {around.address!r}"
            for part, other in parts.items():
                if part != around.part and (other.takes_all or taker.takes_all):
                    yield around.node, f"awaits the signal {name!r} at the same time as {other.address!r}"
            parts[around.part] = taker
        around = around.outer


# Choices: only what an arm begins with is offered beside the other arms


def _undecided(choice: FirstOf, surveyed: Survey) -> Iterator[str]:
    first: dict[str, tuple[str, bool]] = {}
    for arm in choice.arms:
        for node in beginnings(arm.body, surveyed.of):
            if not isinstance(node, HandleSignal):
                continue
            name, takes_all = node.signal.name, node.match is None
            other, other_takes_all = first.setdefault(name, (arm.name, takes_all))
            if other != arm.name and (takes_all or other_takes_all):
                yield f"offers {other!r} and {arm.name!r}, which both begin with the signal {name!r}"
