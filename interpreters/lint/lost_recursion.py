"""Where does a part run another one again that is not around it?"""

from __future__ import annotations

from typing import Any

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import Around, first_places
from interpreters.lint.survey import Survey, survey
from wio.nodes import Recur, Recursive, Saga, Undoable, children
from wio.workflow import Workflow

_NONE: frozenset[str] = frozenset()


def lost_recursion(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Report every place that runs a recursive part again from outside of it."""
    surveyed = survey(workflow)
    unbound = _unbound(surveyed) if any(isinstance(node, Recur) for node in surveyed.nodes) else _NONE
    if not unbound:
        return ()
    found = [
        Finding(Level.ERROR, "lost-recursion", place.address, _message(place.node.of))
        for place in first_places(workflow.root)
        if isinstance(place.node, Recur) and not _is_inside(place.node.of, place.around)
    ]
    far = unbound if not found else _NONE
    return (*found, *(Finding(Level.ERROR, "lost-recursion", "", f"It {_message(name)}") for name in sorted(far)))


def _unbound(surveyed: Survey) -> frozenset[str]:
    """Return the names that are run again somewhere outside of the parts that they name.

    An undo runs at its saga, so a recursive part between the two does not count; no place has to be walked for it.
    """
    names: dict[int, frozenset[str]] = {}
    undos: dict[int, frozenset[str]] = {}
    for node in surveyed.nodes:
        inner = [id(child) for child in children(node)]
        own = _NONE.union(*(names[each] for each in inner))
        later = _NONE.union(*(undos[each] for each in inner))
        match node:
            case Recur(name):
                own = frozenset({name})
            case Recursive():
                own -= {node.name}
            case Undoable(base, undo):
                own, later = names[id(base)], later | names[id(undo)]
            case Saga():
                own, later = own | later, _NONE
            case _:
                pass
        names[id(node)], undos[id(node)] = own, later
    root = id(surveyed.nodes[-1])
    return names[root] | undos[root]


def _is_inside(name: str, around: Around | None) -> bool:
    while around is not None:
        if isinstance(around.node, Recursive) and around.node.name == name:
            return True
        around = around.outer
    return False


def _message(name: str) -> str:
    return (
        f"runs {name!r} again, but is not inside of it. Use what recursive({name!r}, build) hands to build only in what"
        " build returns; an undo runs outside of the recursive parts in its saga."
    )
