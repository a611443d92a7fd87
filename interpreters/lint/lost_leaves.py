"""Which steps leave a region that is nowhere?

A part that another workflow uses may leave a region around it there, so it is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from wio.nodes import InRegion, Leave


def _all(surveyed: Survey) -> Iterator[Fault]:
    regions = {node.region.name for node in surveyed.nodes if isinstance(node, InRegion)}
    for node in () if surveyed.is_dynamic else surveyed.nodes:
        if isinstance(node, Leave) and node.region.name not in regions:
            yield Fault(node, _message(node.region.name), Level.WARNING)


def _message(region: str) -> str:
    return (
        f"leaves the region {region!r}, of which no part is in this workflow, so nothing happens. Put what is to end"
        " into it: region(REGION, part)."
    )


lost_leaves = Check("lost-leave", _all)
"""Warns of every `leave` of a region of which there is no part; not where parts are made at run time."""
