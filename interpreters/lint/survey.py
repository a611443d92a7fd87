"""What does the tree tell of every node: how may it end, at once or only later? No function is called.

Whatever functions may decide, is possible. What a `flat_map` makes is taken to be a step. Parts that run themselves
again end as the level inside of them does, so their ways are found in rounds, from the ways without any level on.

Where something is passed again and again, a step counts only if it waits each time. What is recorded at once does not:
a time, a random number, a wait of no duration, the elements of an empty collection. Nor does a fixed time, which comes
only once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeAlias

import attrs

from interpreters.lint.ways import NO_WAY, NOWHERE, Ways, any_of, either, ending, failing, then
from interpreters.machine.questions import Itself
from wio.nodes import (
    WIO,
    AndThen,
    Answer,
    Arm,
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
    LoopTest,
    Machine,
    Named,
    Node,
    OfferTask,
    Parallel,
    Publish,
    Pure,
    Record,
    Recovered,
    Recur,
    Recursive,
    Rest,
    Retrying,
    RunChild,
    RunIO,
    Saga,
    SetAttributes,
    State,
    Timing,
    TransformOutput,
    Undoable,
    Wait,
    Watch,
    Watched,
    children,
    node_of,
)
from wio.workflow import Workflow

_AT_ONCE = Ways(ends_at_once=True)
_FAILS_AT_ONCE = Ways(fails_at_once=True)
_STEP = Ways(ends_later=True, has_step=True)
_RISKY_STEP = Ways(ends_later=True, fails_later=True, has_step=True)
_LEAVE = Ways(ends_at_once=True, leaves_at_once=True)
_GIVEN_UP = Ways(ends_later=True, fails_later=True)


_Known: TypeAlias = Mapping[int, Ways]


@attrs.frozen(eq=False)
class Survey:
    """Holds every node of a workflow once, those inside a node before it, and knows their ways."""

    nodes: tuple[Node, ...]
    _ways: _Known
    _ways_in_rounds: _Known

    def of(self, program: WIO[Any, Any, Any]) -> Ways:
        """Return the ways of a node."""
        return self._ways[id(program)]

    def in_rounds(self, program: WIO[Any, Any, Any]) -> Ways:
        """Return the ways of a node that is passed again and again: a step counts only if it waits each time."""
        return self._ways_in_rounds[id(program)]

    @property
    def is_dynamic(self) -> bool:
        """Tell whether parts of the workflow are made when it runs, so that the tree is not all of it."""
        return any(isinstance(node, FlatMap) for node in self.nodes)


def survey(workflow: Workflow[Any, Any, Any]) -> Survey:
    """Return what the tree tells of every node, also of those in handlers and undos."""
    return _survey(Itself(workflow))


@lru_cache(maxsize=4)
def _survey(itself: Itself) -> Survey:
    order = _inside_out(itself.workflow.root)
    ways = _ways_of_all(order, None)
    in_rounds = _ways_of_all(order, ways) if any(map(_differs_in_rounds, order)) else ways
    return Survey(tuple(order), ways, in_rounds)


def _differs_in_rounds(node: Node) -> bool:
    is_blocking = isinstance(node, Parallel) and node.rest is Rest.BLOCK
    return is_blocking or isinstance(node, Record | SetAttributes | Publish | Wait | ForEach)


def _ways_of_all(order: Iterable[Node], simply: _Known | None) -> _Known:
    """Return the ways of nodes: `simply` if that is None; else in rounds, where it has those that are so simply."""
    recursive = [node for node in order if isinstance(node, Recursive)]
    levels = {node.name: NO_WAY for node in recursive}
    while True:
        known: dict[int, Ways] = {}
        for node in order:
            known[id(node)] = _ways(node, known, levels, simply)
        # A level ends as the level in it does, so it takes rounds until nothing more is found to be possible.
        found = dict(levels)
        for node in recursive:
            found[node.name] = either(found[node.name], attrs.evolve(known[id(node)], **_NOT_AGAIN))
        if found == levels:
            return known
        levels = found


_NOT_AGAIN: dict[str, Any] = {"again_at_once": NOWHERE, "again_later": NOWHERE}


def _inside_out(root: WIO[Any, Any, Any]) -> list[Node]:
    """Return every node once, each after those inside of it."""
    order: list[Node] = []
    seen: set[int] = set()
    waiting: list[tuple[WIO[Any, Any, Any], bool]] = [(root, False)]
    while waiting:
        program, is_open = waiting.pop()
        if is_open:
            order.append(node_of(program))
        elif id(program) not in seen:
            seen.add(id(program))
            waiting.append((program, True))
            waiting.extend((child, False) for child in reversed(children(program)))
    return order


def _ways(node: Node, known: _Known, levels: Mapping[str, Ways], simply: _Known | None) -> Ways:
    in_rounds = simply is not None
    match node:
        case Pure() | Compute() | Arrive() | Recovered():
            return _AT_ONCE
        case Leave():
            return _LEAVE
        case Fail():
            return _FAILS_AT_ONCE
        case Check():
            return either(_AT_ONCE, _FAILS_AT_ONCE)
        case Wait() | Record() | SetAttributes() | Publish():
            return _AT_ONCE if in_rounds and not _waits_each_time(node) else _STEP
        case RunIO() | HandleSignal():
            return _STEP if node.handler is None else _RISKY_STEP
        case OfferTask():
            return _STEP if node.handler is None and node.task.error is None else _RISKY_STEP
        case RunChild(error=error):
            return _STEP if error is None else _RISKY_STEP
        case Draft():
            return _RISKY_STEP
        case AndThen(first, second):
            return then(known[id(first)], known[id(second)])
        case FlatMap(base):
            return then(known[id(base)], _RISKY_STEP)
        case TransformOutput(base) | Answer(_, _, base) | Named(base) | Critical(_, base) | Hold(_, base):
            return known[id(base)]
        case Checkpoint(base):
            return known[id(base)]
        case Undoable(base, undo):
            return attrs.evolve(known[id(base)], undoes=known[id(base)].undoes or known[id(undo)].has_step)
        case Saga(base):
            return _of_saga(known[id(base)])
        case Branch():
            return _of_branch(node, known)
        case Loop():
            return _of_loop(node, known)
        case Machine():
            return _of_machine(node, known)
        case Recursive(body):
            inside, own = known[id(body)], {node.name}
            return attrs.evolve(inside, again_at_once=inside.again_at_once - own, again_later=inside.again_later - own)
        case Recur(name):
            return either(levels.get(name, NO_WAY), Ways(again_at_once=frozenset({name})))
        case Retrying(base, _, give_up):
            inside = known[id(base)]
            return either(inside, _GIVEN_UP) if give_up is not None and inside.has_step else inside
        case HandleError(base, handler, on):
            return _of_handled(known[id(base)], known[id(handler)], takes_all=on is None)
        case Parallel():
            return _of_parallel(node, known, in_rounds)
        case ForEach():
            return _of_each(node, known, in_rounds)
        case FirstOf(arms):
            return any_of(known[id(arm.body)] for arm in arms)
        case Watched():
            return _of_watched(node, known, known if simply is None else simply)
        case InRegion(_, base):
            inside = known[id(base)]
            return either(inside, Ways(ends_at_once=inside.leaves_at_once, ends_later=inside.has_step))
        case During(_, base, otherwise):
            return attrs.evolve(either(known[id(base)], known[id(otherwise)]), has_step=True)
        case Gathering():
            return _of_gathering(node, known)


def _of_branch(branch: Branch, known: _Known) -> Ways:
    ways = NO_WAY
    for arm in branch.arms:
        ways = either(ways, known[id(arm.body)])
        if arm.guard is None:
            return ways
    return either(ways, _FAILS_AT_ONCE if branch.default is None else known[id(branch.default)])


def _of_loop(loop: Loop, known: _Known) -> Ways:
    body = known[id(loop.body)]
    whole = body if loop.back is None else then(body, known[id(loop.back)])
    ways = either(body, attrs.evolve(whole, ends_at_once=False))
    return either(ways, _AT_ONCE) if loop.test is LoopTest.BEFORE else ways


def reachable(machine: Machine, through: Iterable[State] | None = None) -> tuple[State, ...]:
    """Return the states to which the machine may come, in the order of the machine.

    `through` are the states from which it may go on (None: all). When the start is computed, it may be any state.
    """
    by_name = {state.name: state for state in machine.states}
    going = by_name if through is None else {state.name: state for state in through}
    waiting = [machine.start] if isinstance(machine.start, str) else list(by_name)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in found:
            found.add(name)
            waiting.extend(by_name[name].to if name in going else ())
    return tuple(state for state in machine.states if state.name in found)


def _of_machine(machine: Machine, known: _Known) -> Ways:
    def inside(state: State) -> Ways:
        return known[id(state.body)]

    ways = any_of(inside(state) for state in reachable(machine))
    passed = [state for state in machine.states if inside(state).ends_at_once]
    first = any_of(inside(state) for state in reachable(machine, passed))
    return attrs.evolve(
        ways,
        ends_at_once=first.ends_at_once,
        fails_at_once=first.fails_at_once,
        leaves_at_once=first.leaves_at_once,
        leaves_later=ways.leaves_later or (ways.ends_later and ways.leaves_at_once),
        fails_later=ways.fails_later or (ways.ends_later and ways.fails_at_once),
        again_at_once=first.again_at_once,
        again_later=ways.again_later | (ways.again_at_once if ways.ends_later else NOWHERE),
    )


def _of_handled(base: Ways, handler: Ways, takes_all: bool) -> Ways:
    failed = Ways(ends_at_once=base.fails_at_once, ends_later=base.fails_later)
    handled = then(failed, handler)
    return either(ending(base) if takes_all else base, handled)


def _waits_each_time(node: Wait | Record | SetAttributes | Publish) -> bool:
    if isinstance(node, Record | SetAttributes | Publish):
        return False
    if node.timing is Timing.INSTANT and not callable(node.moment):
        return False
    return not isinstance(node.moment, timedelta) or node.moment > timedelta(0)


def _of_parallel(parallel: Parallel, known: _Known, in_rounds: bool) -> Ways:
    """In rounds, what blocks is entered again when all of its last round has ended."""
    arms = [_of_arm(arm, parallel.each, known) for arm in parallel.arms]
    needed = len(arms) if in_rounds and parallel.rest is Rest.BLOCK else how_many(parallel)
    at_once = sum(arm.ends_at_once for arm in arms)
    ends = sum(arm.ends for arm in arms)
    return attrs.evolve(
        any_of(arms),
        ends_at_once=at_once >= needed,
        ends_later=needed > 0 and ends >= needed and any(arm.ends_later for arm in arms),
    )


def how_many(parallel: Parallel) -> int:
    """Return how many arms have to end at least, so that the join may be satisfied."""
    if parallel.join is None:
        return len(parallel.arms)
    most = parallel.join if isinstance(parallel.join, int) else 1
    return min(most, len(parallel.arms))


def _of_arm(arm: Arm, each: WIO[Any, Any, Any] | None, known: _Known) -> Ways:
    inside = known[id(arm.body)] if each is None else then(known[id(arm.body)], known[id(each)])
    return inside if arm.guard is None else either(inside, _AT_ONCE)


def _of_each(each: ForEach, known: _Known, in_rounds: bool) -> Ways:
    """Its elements are recorded first, which is a step; in rounds it does not count, and there may be no elements."""
    sides = [known[id(side)] for side in (each.body, each.add, each.finish) if side is not None]
    if not in_rounds:
        fails = any(side.fails for side in sides)
        return attrs.evolve(any_of(then(_STEP, side) for side in sides), ends_later=True, fails_later=fails)
    waits = known[id(each.body)].ends_later and (each.join != 0 or each.rest is Rest.BLOCK)
    return attrs.evolve(any_of(sides), ends_at_once=True, ends_later=waits)


def _of_watched(watched: Watched, known: _Known, simply: _Known) -> Ways:
    """What keeps watch begins after the body, so it never does where the body is over at once."""
    base = known[id(watched.base)]
    ways = any_of((base, *_reactions(watched, known))) if simply[id(watched.base)].has_step else base
    words = any(known[id(each.body)].has_step for each in watched.handlers if each.body and each.watch is Watch.CANCEL)
    return attrs.evolve(ways, has_step=ways.has_step or (base.leaves and words))


def _reactions(watched: Watched, known: _Known) -> Iterable[Ways]:
    for handler in watched.handlers:
        if handler.trigger is None:
            continue
        trigger = known[id(handler.trigger)]
        whole = trigger if handler.body is None else then(trigger, known[id(handler.body)])
        yield whole if handler.watch is Watch.INTERRUPT else failing(whole)


def _of_gathering(gathering: Gathering, known: _Known) -> Ways:
    """It ends with the body and with the meetings that are held, and those may be held or not."""
    base = known[id(gathering.base)]
    held = any_of(known[id(meet.body)] for meet in gathering.meets)
    ends_later = base.ends_later or (base.ends and held.ends_later)
    return attrs.evolve(either(base, failing(held)), ends_later=ends_later)


def _of_saga(base: Ways) -> Ways:
    """What fails, or leaves a region around, is undone first."""
    if not base.undoes or not (base.fails or base.leaves):
        return base
    return attrs.evolve(base, has_step=True, fails_later=base.fails)
