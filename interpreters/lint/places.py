"""Where in a workflow does a node record? Its static addresses, as if all that is written were passed in order.

In an address, `[*]` stands for any round of a loop and any element of a for-each, `[+*]` for what adds elements, and
`[undo *]` for any undo of a saga. What a `flat_map` makes is not known before it runs.

A part that is written into another twice has two places, so a small tree may have more places than there is time.
Rules look at the first ones only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

import attrs

from interpreters.machine.addresses import Scope, arm_scope, handler_name, part_scope
from wio.nodes import (
    WIO,
    AndThen,
    Answer,
    Arrive,
    Branch,
    Check,
    Checkpoint,
    Compute,
    Critical,
    Draft,
    During,
    Fail,
    FirstOf,
    FlatMap,
    ForEach,
    Gathering,
    HandleError,
    HandleSignal,
    Hold,
    InRegion,
    Leave,
    Loop,
    Machine,
    Named,
    OfferTask,
    Parallel,
    Publish,
    Pure,
    Record,
    Recovered,
    Recur,
    Recursive,
    Retrying,
    RunChild,
    RunIO,
    Saga,
    SetAttributes,
    TransformOutput,
    Undoable,
    Wait,
    Watch,
    Watched,
    node_of,
)

Opening: TypeAlias = (
    Branch
    | Loop
    | Machine
    | Recursive
    | Named
    | Parallel
    | ForEach
    | FirstOf
    | Watched
    | InRegion
    | Critical
    | Hold
    | During
    | Gathering
    | Saga
    | Checkpoint
)
"""Is a node that opens scopes: one for itself, or one for each of its parts."""

Located: TypeAlias = (
    RunIO
    | HandleSignal
    | Wait
    | Draft
    | Record
    | Publish
    | SetAttributes
    | OfferTask
    | RunChild
    | Recovered
    | Leave
    | Arrive
    | Recur
    | Undoable
    | HandleError
    | Opening
)
"""Is a node that stands somewhere: a step, what opens a scope, or what concerns the parts around it.

The address of a `HandleError` is its handler's. A `Leave`, an `Arrive` and an `Undoable` record nothing themselves:
theirs is that of the scope in which they are written.
"""


@attrs.frozen(eq=False)
class Around:
    """Is a part of a node that is written around a place, and what is around that.

    `beside` tells that the other parts of the node run at the same time, `repeated` that several of this one do.
    """

    node: Opening
    address: str
    part: str
    beside: bool
    repeated: bool
    outer: Around | None


@attrs.frozen(eq=False)
class Place:
    """Is a node where it is written. A part that is written into a workflow twice has two places.

    `is_retried` tells that there is a retry policy around it when it runs, `in_undo` that it is in an undo of a saga.
    """

    address: str
    node: Located
    around: Around | None = None
    is_retried: bool = False
    in_undo: bool = False


@attrs.define
class _Counter:
    """Counts the places of one scope."""

    scope: Scope

    def place(self, name: str) -> str:
        address, self.scope = self.scope.place(name)
        return address


@attrs.frozen(eq=False)
class _Here:
    """Is what counts the places in a part, and in the undos of the saga around it, and what is around those."""

    counter: _Counter
    undos: _Counter
    around: Around | None
    is_retried: bool = False
    in_undo: bool = False
    saga_is_retried: bool = False

    def place(self, address: str, node: Located) -> Place:
        return Place(address, node, self.around, self.is_retried, self.in_undo)


@attrs.frozen(eq=False)
class _Handler:
    """Is the handler of a part that has been passed."""

    of: HandleError


_Work: TypeAlias = "tuple[WIO[Any, Any, Any] | _Handler, _Here]"
_Part: TypeAlias = "tuple[WIO[Any, Any, Any], _Here]"


MOST_PLACES = 200_000
"""Is how many places of a workflow the rules look at."""


def first_places(program: WIO[Any, Any, Any]) -> Iterator[Place]:
    """Yield the places at which rules look: the first `MOST_PLACES`."""
    return islice(places(program), MOST_PLACES)


def places(program: WIO[Any, Any, Any]) -> Iterator[Place]:
    """Yield every place in the order in which they are written."""
    waiting: list[_Work] = [(program, _Here(_Counter(Scope()), _Counter(Scope("[undo *]/")), None))]
    while waiting:
        part, here = waiting.pop()
        if isinstance(part, _Handler):
            address = here.counter.place(handler_name(part.of.on))
            yield here.place(address, part.of)
            waiting.append((part.of.handler, attrs.evolve(here, counter=_Counter(part_scope(address)))))
            continue
        node = node_of(part)
        match node:
            case Pure() | Fail() | Compute() | Check():
                pass
            case (
                RunIO()
                | HandleSignal()
                | Wait()
                | Draft()
                | Record()
                | SetAttributes()
                | Publish()
                | Recovered()
                | OfferTask()
                | RunChild()
            ):
                yield here.place(here.counter.place(node.name), node)
            case Recur(name):
                yield here.place(here.counter.place(name), node)
            case Leave() | Arrive():
                yield here.place(here.counter.scope.prefix.rstrip("/"), node)
            case AndThen(first, second):
                waiting.extend([(second, here), (first, here)])
            case FlatMap(base) | TransformOutput(base) | Answer(_, _, base):
                waiting.append((base, here))
            case Retrying(base):
                waiting.append((base, attrs.evolve(here, is_retried=True)))
            case HandleError(base):
                waiting.extend([(_Handler(node), here), (base, here)])
            case Undoable(base, undo):
                yield here.place(here.counter.scope.prefix.rstrip("/"), node)
                waiting.extend([(undo, _undoing(here)), (base, here)])
            case (
                Branch()
                | Loop()
                | Machine()
                | Recursive()
                | Named()
                | Parallel()
                | ForEach()
                | FirstOf()
                | Watched()
                | InRegion()
                | Critical()
                | Hold()
                | During()
                | Gathering()
                | Saga()
                | Checkpoint()
            ):
                address = here.counter.place(_name(node))
                yield here.place(address, node)
                waiting.extend(reversed(list(_inside(node, address, here))))


def _name(node: Opening) -> str:
    match node:
        case InRegion(region):
            return region.name
        case Critical(lock):
            return lock
        case Hold(milestone) | During(milestone):
            return milestone
        case Branch() | Loop() | Machine() | Recursive() | Named() | Gathering() | Saga() | Checkpoint():
            return node.name
        case Parallel() | ForEach() | FirstOf() | Watched():
            return node.name


def _undoing(here: _Here) -> _Here:
    """Return what is around the undos that are written there: the innermost saga, which runs them, if there is one."""
    saga = _outside(here.around)
    return attrs.evolve(
        here, counter=here.undos, around=saga, is_retried=here.saga_is_retried, in_undo=saga is not None
    )


def _outside(around: Around | None) -> Around | None:
    while around is not None and not isinstance(around.node, Saga):
        around = around.outer
    return around


def _inside(node: Opening, address: str, here: _Here) -> Iterator[_Part]:
    """Yield the parts of a node that have scopes of their own, in order."""

    def part(body: WIO[Any, Any, Any], scope: Scope, name: str = "", *, many: bool = False) -> _Part:
        around = Around(node, address, name, isinstance(node, Parallel | ForEach | Gathering), many, here.around)
        return body, attrs.evolve(here, counter=_Counter(scope), around=around)

    match node:
        case Branch(arms, default):
            ways = [(arm.name, arm.body) for arm in arms] + ([] if default is None else [("default", default)])
            yield from (part(body, arm_scope(address, name), name) for name, body in ways)
        case Loop(body, _, back):
            looping, inside = part(body, Scope(f"{address}[*]/"))
            yield looping, inside
            if back is not None:
                yield back, inside
        case Machine(states):
            yield from (part(state.body, arm_scope(address, state.name), state.name) for state in states)
        case Parallel(arms):
            for arm in arms:
                body, inside = part(arm.body, arm_scope(address, arm.name), arm.name)
                yield body, inside
                if node.each is not None:
                    yield node.each, inside
        case FirstOf(arms):
            yield from (part(arm.body, arm_scope(address, arm.name), arm.name) for arm in arms)
        case ForEach(_, body):
            yield part(body, Scope(f"{address}[*]/"), "*", many=node.at_once != 1)
            if node.add is not None:
                yield part(node.add, Scope(f"{address}[+*]/"), "+")
            if node.finish is not None:
                yield part(node.finish, arm_scope(address, "finish"), "finish")
        case Watched():
            yield from _watched(node, address, here)
        case During(_, base, otherwise):
            yield part(base, part_scope(address))
            yield part(otherwise, arm_scope(address, "otherwise"), "otherwise")
        case Gathering(base, meets):
            yield part(base, part_scope(address))
            for meet in meets:
                name = meet.meeting.name
                yield part(meet.body, arm_scope(address, name), name, many=True)
        case Saga(base):
            body, inside = part(base, part_scope(address))
            undos = _Counter(Scope(f"{address}[undo *]/"))
            yield body, attrs.evolve(inside, undos=undos, saga_is_retried=here.is_retried)
        case Recursive(base) | Named(base) | InRegion(_, base) | Critical(_, base) | Hold(_, base) | Checkpoint(base):
            yield part(base, part_scope(address))


def _watched(node: Watched, address: str, here: _Here) -> Iterator[_Part]:
    """Yield a body, and the triggers and handlers that keep watch over it.

    What follows an interrupting trigger, and a cancel, runs when all the others are gone.
    """

    def beside(part: str, many: bool = False) -> Around:
        return Around(node, address, part, True, many, here.around)

    yield node.base, attrs.evolve(here, counter=_Counter(part_scope(address)), around=beside(""))
    for handler in node.handlers:
        inside = attrs.evolve(here, counter=_Counter(arm_scope(address, handler.name)), around=beside(handler.name))
        if handler.trigger is not None:
            yield handler.trigger, inside
        if handler.body is not None and handler.watch is Watch.ALONGSIDE:
            yield handler.body, attrs.evolve(inside, around=beside(f"{handler.name}/", many=True))
        elif handler.body is not None:
            alone = Around(node, address, handler.name, False, False, here.around)
            yield handler.body, attrs.evolve(inside, around=alone)
