"""What does a workflow look like? One walk over its tree, which calls none of the user's functions.

The walk keeps its own stack, and a chain of any length is one flat body. It counts places as a run does
(`interpreters.machine.addresses`). With the progress of an instance it counts twice: statically, as if all
that is written were passed, and what the instance really reached.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, TypeVar, cast

import attrs

from interpreters.machine.addresses import Scope, arm_scope, handler_name, part_scope
from interpreters.render.collapse import collapsed
from interpreters.render.drawing import (
    MOST_DEPTH,
    Body,
    CheckStep,
    Choice,
    ComputeStep,
    Cycle,
    DraftStep,
    Drawing,
    Dynamic,
    FailEnd,
    Handled,
    Part,
    Place,
    PureStep,
    QueryScope,
    Shape,
    SignalStep,
    Step,
    WaitStep,
    Way,
    active_state,
    more,
)
from interpreters.render.passing import handled, passed, skipped
from interpreters.render.progress import Mark, Progress, State
from interpreters.render.trail import Trail
from interpreters.render.wording import (
    moment_words,
    printable,
    retry_words,
    type_words,
    until_words,
    value_words,
)
from wio.names import name_of
from wio.nodes import (
    WIO,
    AndThen,
    Answer,
    AnyNode,
    Branch,
    Check,
    Compute,
    Draft,
    Fail,
    FlatMap,
    HandleError,
    HandleSignal,
    Loop,
    Named,
    Pure,
    RunIO,
    TransformOutput,
    Wait,
    node_of,
)
from wio.workflow import Workflow

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")

_Work: TypeAlias = "WIO[Any, Any, Any] | Callable[[], None]"


def draw(program: WIO[A, E, B] | Workflow[A, E, B], *, progress: Progress | None = None, most: int = 200) -> Drawing:
    """Return the picture of a program, or of an instance of it when its progress is given.

    Of more than `most` shapes (at least 10) the first, the last and those around the active place are shown.
    """
    root = program.root if isinstance(program, Workflow) else program
    walker = _Walker(None if progress is None else Trail(progress))
    body = walker.walk(root)
    drawing = Drawing("", body, unplaced=walker.unplaced())
    if progress is not None:
        body = passed(body, progress.outcome.state is State.DONE)
        outcome = attrs.evolve(progress.outcome, note=printable(progress.outcome.note))
        drawing = attrs.evolve(drawing, body=body, outcome=outcome)
    drawing = collapsed(drawing, max(most, 10))
    if not isinstance(program, Workflow):
        return attrs.evolve(drawing, title=name_of_root(program))
    return attrs.evolve(
        drawing,
        title=f"{program.name} v{program.version}",
        input=type_words(program.input),
        description=printable(program.description),
    )


def name_of_root(program: WIO[Any, Any, Any]) -> str:
    """Return a title for a program that is not a workflow yet."""
    return program.name if isinstance(program, Named) else "program"


@attrs.define
class _Counter:
    """Counts the places of one scope: `static` all of them, `live` those that the instance reached."""

    static: Scope
    live: Scope | None


class _Walker:
    def __init__(self, trail: Trail | None) -> None:
        self._trail = trail
        self._work: list[_Work] = []
        self._open: list[list[Shape]] = [[]]
        self._closed: list[Body] = []
        self._counters = [_Counter(Scope(), None if trail is None else Scope())]
        self._unplaced: list[str] = []

    def walk(self, root: WIO[Any, Any, Any]) -> Body:
        self._work.append(root)
        while self._work:
            work = self._work.pop()
            if isinstance(work, WIO):
                self._visit(cast(AnyNode, work))
            else:
                work()
        return tuple(self._open[0])

    def unplaced(self) -> tuple[str, ...]:
        left = self._trail.left() if self._trail else ()
        return tuple(map(printable, (*left, *self._unplaced)))

    def _visit(self, program: WIO[Any, Any, Any]) -> None:
        node = node_of(program)
        match node:
            case Pure(value):
                self._add(PureStep(value_words(value)))
            case Fail(error):
                self._add(FailEnd(value_words(error)))
            case Compute():
                if node.name:
                    self._add(ComputeStep(node.name, description=printable(node.description)))
            case Check(function):
                name = node.name or printable(name_of(function, "check"))
                self._add(CheckStep(name, description=printable(node.description)))
            case RunIO():
                place = self._place(node.name)
                self._add(Step(node.name, place, retry_words(node.retry), printable(node.description)))
            case HandleSignal(signal):
                place = self._place(node.name)
                self._add(SignalStep(node.name, place, signal.name, printable(node.description)))
            case Wait(moment, timing):
                place = self._place(node.name)
                words = moment_words(moment, timing)
                self._add(WaitStep(node.name, place, words, printable(node.description)))
            case Draft(name):
                self._add(DraftStep(name, self._place(name), printable(node.description)))
            case AndThen(first, second):
                self._later(first, second)
            case FlatMap(base, continuation):
                self._later(base, partial(self._continue, printable(name_of(continuation, "continuation"))))
            case TransformOutput(base):
                self._later(base)
            case Branch():
                self._visit_branch(node)
            case Loop():
                self._visit_loop(node)
            case HandleError(base):
                self._later(*self._inside(self._counters[-1], base), partial(self._enter_handler, node))
            case Answer(query, _, base):
                name = query.name
                self._later(*self._inside(self._counters[-1], base), partial(self._close_query, name))
            case Named(base):
                place = self._place(node.name, may_be_silent=True)
                inside = _Counter(part_scope(place.address), part_scope(place.at) if place.at else None)
                self._later(*self._inside(inside, base), partial(self._close_part, node, place))

    def _continue(self, function: str) -> None:
        """Draw the place of a `flat_map`. What it went on with is counted, and drawn, in the same body."""
        live = self._counters[-1].live
        following = None if live is None or self._trail is None else self._trail.follow(live.prefix)
        state = State.NOT_REACHED if following is None else State.DONE
        self._add(Dynamic(function, Place(state=state), expanded=following is not None))
        if following is not None:
            self._later(following)

    def _visit_branch(self, node: Branch) -> None:
        place = self._place(node.name, may_be_silent=True)
        taken = self._way(place)
        arms = [(arm.name, arm.body) for arm in node.arms]
        if node.default is not None:
            arms.append(("default", node.default))
        work: list[_Work] = []
        for name, body in arms:
            live = arm_scope(place.at, name) if name == taken else None
            work.extend(self._inside(_Counter(arm_scope(place.address, name), live), body))
        names = tuple(name for name, _ in arms)
        if taken and taken not in names:
            self._unplaced.append(f"{place.at}[{taken}]")
        self._later(*work, partial(self._close_choice, node, place, names, taken))

    def _close_choice(self, node: Branch, place: Place, names: tuple[str, ...], taken: str) -> None:
        closed = self._take_closed(len(names))
        ways = tuple(_way(name, body, taken) for name, body in zip(names, closed, strict=True))
        description = printable(node.description)
        self._add_nested(Choice(node.name, place, ways, node.default is None, description))

    def _visit_loop(self, node: Loop) -> None:
        place = self._place(node.name, may_be_silent=True)
        latest = self._way(place) or ("1" if place.at else "")
        live = Scope(f"{place.at}[{latest}]/") if latest else None
        inside = _Counter(Scope(f"{place.address}[*]/"), live)
        back = () if node.back is None else self._inside(inside, node.back)
        rounds = int(latest) if latest.isdecimal() else 0
        close = partial(self._close_loop, node, place, rounds)
        self._later(*self._inside(inside, node.body), *back, close)

    def _close_loop(self, node: Loop, place: Place, rounds: int) -> None:
        back = () if node.back is None else self._take_closed(1)[0]
        (body,) = self._take_closed(1)
        place, until = _around(place, (*body, *back)), until_words(node)
        description = printable(node.description)
        self._add_nested(Cycle(node.name, place, body, back, until, node.test, rounds, description))

    def _enter_handler(self, node: HandleError) -> None:
        place = self._place(handler_name(node.on), may_be_silent=True)
        inside = _Counter(part_scope(place.address), part_scope(place.at) if place.at else None)
        self._later(*self._inside(inside, node.handler), partial(self._close_handled, node, place))

    def _close_handled(self, node: HandleError, place: Place) -> None:
        body, handler = self._take_closed(2)
        error = "any error" if node.on is None else type_words(node.on)
        tried = handled(skipped(body)) if place.at else body
        self._add_nested(Handled(tried, error, _around(place, handler), handler))

    def _close_query(self, name: str) -> None:
        (body,) = self._take_closed(1)
        self._add_nested(QueryScope(name, body))

    def _close_part(self, node: Named, place: Place) -> None:
        (body,) = self._take_closed(1)
        self._add_nested(Part(node.name, _around(place, body), body, printable(node.description)))

    def _place(self, name: str, *, may_be_silent: bool = False) -> Place:
        """Count a place. It is reached if it is what the instance reached next in this scope.

        `may_be_silent` tells that it is a scope, in which perhaps nothing is recorded.
        """
        counter = self._counters[-1]
        address, counter.static = counter.static.place(name)
        if counter.live is None or self._trail is None:
            return Place(address)
        at, counted = counter.live.place(name)
        mark = self._trail.take(counter.live.prefix, at)
        if mark is None and may_be_silent and self._trail.passed(at):
            mark = Mark(State.DONE)
        if mark is None:
            return Place(address)
        counter.live = counted
        return Place(address, at, mark.state, printable(mark.note))

    def _way(self, place: Place) -> str:
        return self._trail.way(place.at) if self._trail is not None and place.at else ""

    def _later(self, *work: _Work) -> None:
        self._work.extend(reversed(work))

    def _inside(self, counter: _Counter, body: WIO[Any, Any, Any]) -> tuple[_Work, ...]:
        """Return the work that draws a body of its own, with the places counted there."""
        return (partial(self._begin, counter), body, self._end)

    def _begin(self, counter: _Counter) -> None:
        self._counters.append(counter)
        self._open.append([])

    def _end(self) -> None:
        self._counters.pop()
        self._closed.append(tuple(self._open.pop()))

    def _take_closed(self, count: int) -> tuple[Body, ...]:
        taken = tuple(self._closed[len(self._closed) - count :])
        del self._closed[len(self._closed) - count :]
        return taken

    def _add(self, shape: Shape) -> None:
        self._open[-1].append(shape)

    def _add_nested(self, shape: Shape) -> None:
        self._add(shape if len(self._open) <= MOST_DEPTH else more((shape,)))


def _way(name: str, body: Body, taken: str) -> Way:
    if not taken:
        return Way(name, body)
    if name == taken:
        return Way(name, body, Place(state=State.DONE))
    return Way(name, skipped(body), Place(state=State.SKIPPED))


def _around(place: Place, body: Body) -> Place:
    """Return the place of a scope: it is what is active inside it, if anything is."""
    active = active_state(body) if place.state is State.DONE else None
    return place if active is None else attrs.evolve(place, state=active)
