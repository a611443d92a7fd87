"""From which states does no way lead to the end of the machine?

Whether a state may stop, tell the constants and the annotations at the end of its body; where nothing does, it may.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from interpreters.lint.ended_elsewhere import ended_elsewhere
from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey, reachable
from wio.machines import Goto
from wio.nodes import (
    WIO,
    AndThen,
    Answer,
    Branch,
    Checkpoint,
    Compute,
    Critical,
    Function,
    HandleError,
    HandleSignal,
    Hold,
    Machine,
    Named,
    OfferTask,
    Pure,
    RunIO,
    Saga,
    State,
    TransformOutput,
    Undoable,
    node_of,
)

_ADVICE = "Let a state on the way return Stop(...); or put the machine into a scope or a region that ends it."


def _all(surveyed: Survey) -> Iterator[Fault]:
    machines = [node for node in surveyed.nodes if isinstance(node, Machine)]
    endable = ended_elsewhere(surveyed) if machines else ()
    for machine in machines:
        if id(machine) not in endable:
            yield from _faults(machine, surveyed)


def _faults(machine: Machine, surveyed: Survey) -> Iterator[Fault]:
    states = reachable(machine)
    stopping = _leading_to(states, [state for state in states if _may_stop(state, surveyed)])
    endless = [state.name for state in states if state.name not in stopping]
    if endless and len(endless) == len(states):
        yield Fault(machine, f"never ends: none of its states stops. {_ADVICE}", Level.WARNING)
        return
    for name in endless:
        yield Fault(machine, f"has no way to the end: no state after it stops. {_ADVICE}", Level.WARNING, name)


def _leading_to(states: tuple[State, ...], goals: list[State]) -> set[str]:
    sources: dict[str, list[str]] = {}
    for state in states:
        for target in state.to:
            sources.setdefault(target, []).append(state.name)
    waiting = [state.name for state in goals]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(sources.get(name, ()))
    return found


def _may_stop(state: State, surveyed: Survey) -> bool:
    """Tell whether a state may end the machine: by a `Stop`, or by an error that leads out of it."""
    if surveyed.of(state.body).fails:
        return True
    waiting: list[WIO[Any, Any, Any]] = [state.body]
    seen: set[int] = set()
    while waiting:
        program = waiting.pop()
        if id(program) in seen:
            continue
        seen.add(id(program))
        last = _last(program)
        if last is None:
            return True
        waiting.extend(last)
    return False


def _last(program: WIO[Any, Any, Any]) -> tuple[WIO[Any, Any, Any], ...] | None:
    """Return the parts that say how a program ends, none where it says `Goto` itself; None if it may say `Stop`."""
    node = node_of(program)
    match node:
        case Pure(value):
            return () if isinstance(value, Goto) else None
        case Compute(function) | TransformOutput(_, function):
            return () if _returns_goto(function) else None
        case RunIO() | HandleSignal() | OfferTask():
            return () if node.handler is not None and _returns_goto(node.handler) else None
        case AndThen(_, second):
            return (second,)
        case Branch(arms, default):
            return (*(arm.body for arm in arms), *(() if default is None else (default,)))
        case HandleError(base, handler):
            return base, handler
        case Named(base) | Answer(_, _, base) | Critical(_, base) | Hold(_, base) | Undoable(base) | Saga(base):
            return (base,)
        case Checkpoint(base):
            return (base,)
        case _:
            return None


def _returns_goto(function: Function) -> bool:
    """Tell whether a function is annotated to return a `Goto` and nothing else."""
    try:
        form: object = typing.get_type_hints(function).get("return")
    except (NameError, TypeError, AttributeError, SyntaxError):
        return False  # it says nothing that can be read, so it may return anything
    return (typing.get_origin(form) or form) is Goto


endless_states = Check("endless-state", _all)
"""Warns of states from which no state can be reached that may stop."""
