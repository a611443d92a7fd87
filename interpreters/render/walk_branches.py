"""How are several threads of control drawn? Branches in parallel, choices by events, one for each element."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from interpreters.machine.addresses import Scope, arm_scope
from interpreters.render.drawing import NOWHERE, Body, EventChoice, Multiple, Place, Split, Way
from interpreters.render.inside import standing
from interpreters.render.passing import skipped
from interpreters.render.progress import ACTIVE, URGENCY, State, most_urgent
from interpreters.render.walker import Counter, Walker, Work, settled
from interpreters.render.wording import join_words, printable, rest_words, rule_words, tally_words
from wio.nodes import WIO, Arm, FirstOf, ForEach, Parallel

_MOST_ELEMENTS = 3
_FINISH = "finish"


# Branches


def visit_parallel(walker: Walker, node: Parallel) -> None:
    place = walker.place(node.name, may_be_silent=True)
    if node.each is None:
        walker.later(*_arms(walker, node.arms, place), partial(_close_parallel, walker, node, place, ()))
        return
    tails = tuple(Counter(Scope(f"{place.address}[*]/"), None) for _ in node.arms)
    work = [*_arms(walker, node.arms, place, tails)]
    for tail in tails:
        work.extend(walker.inside(tail, node.each))
    walker.later(*work, partial(_close_parallel, walker, node, place, tails))


def _close_parallel(walker: Walker, node: Parallel, place: Place, tails: Sequence[Counter]) -> None:
    runs = walker.take_closed(len(tails))
    ways = _ways(walker, node.arms, place)
    states = [way.place.state for way in ways]
    tail: Way | None = None
    counts = ""
    if runs:
        states, tail, counts = _tail(place, ways, runs)
    has_joined = isinstance(node.join, int) and states.count(State.DONE) >= node.join
    joined = State.DONE if has_joined else _joined(states, node.join is None)
    place = settled(place, joined)
    join = join_words(node.join, len(node.arms))
    rest = rest_words(node.join, node.rest)
    walker.add_nested(Split(node.name, place, ways, join, rest, printable(node.description), tail, counts))


def _tail(place: Place, ways: Sequence[Way], runs: Sequence[Body]) -> tuple[list[State], Way, str]:
    """Return how the branches stand with their tails, the run of the tail that is drawn, and how all of them stand.

    It is the run that needs somebody most.
    """
    states: list[State] = []
    begun: dict[State, Body] = {}
    tally: list[State] = []
    for way, run in zip(ways, runs, strict=True):
        state = way.place.state
        if state is State.DONE and standing(run) is not State.NOT_REACHED:
            state = standing(run)
            begun.setdefault(state, run)
            tally.append(state)
        states.append(state)
    shown = next((state for state in (*URGENCY, State.DONE, State.WITHDRAWN) if state in begun), None)
    if shown is None:
        is_over = bool(place.at) and place.state not in ACTIVE
        return states, Way("each", runs[0], Place(state=State.SKIPPED) if is_over else NOWHERE), ""
    at = Place("", f"{place.at}[*]", shown)
    return states, Way("each", _passed_by(begun[shown], at), at), tally_words(tally, 0)


def visit_first_of(walker: Walker, node: FirstOf) -> None:
    place = walker.place(node.name, may_be_silent=True)
    walker.later(*_arms(walker, node.arms, place), partial(_close_first_of, walker, node, place))


def _close_first_of(walker: Walker, node: FirstOf, place: Place) -> None:
    ways = _ways(walker, node.arms, place)
    place = settled(place, _joined([way.place.state for way in ways], False))
    walker.add_nested(EventChoice(node.name, place, ways, printable(node.description)))


def _arms(walker: Walker, arms: Sequence[Arm], place: Place, tails: Sequence[Counter] = ()) -> Iterable[Work]:
    """Yield the work that draws the bodies of some arms; a tail counts on where the body of its arm has ended."""
    begun = dict.fromkeys(walker.ways(place))
    known = {arm.name for arm in arms}
    for name in begun:
        if name not in known:
            walker.not_in_program(f"{place.at}[{name}]")
    for number, arm in enumerate(arms):
        live = arm_scope(place.at, arm.name) if arm.name in begun else None
        counter = Counter(arm_scope(place.address, arm.name), live)
        yield from walker.inside(counter, arm.body)
        if tails:
            yield partial(_count_on, tails[number], counter)


def _count_on(tail: Counter, body: Counter) -> None:
    tail.live = body.live


def _ways(walker: Walker, arms: Sequence[Arm], place: Place) -> tuple[Way, ...]:
    begun = frozenset(walker.ways(place))
    # A part that waits before it begins has begun none of its arms, and will not pass any of them by.
    is_over = bool(place.at) and place.state not in ACTIVE
    ways: list[Way] = []
    for arm, body in zip(arms, walker.take_closed(len(arms)), strict=True):
        at = NOWHERE
        if arm.name in begun:
            at = walker.way_place(f"{place.at}[{arm.name}]", body)
        elif is_over:
            at = Place(state=State.SKIPPED)
        ways.append(Way(arm.name, _passed_by(body, at), at, arm.guard is not None))
    return tuple(ways)


def _passed_by(body: Body, at: Place) -> Body:
    return skipped(body) if at.state in (State.SKIPPED, State.WITHDRAWN) else body


def _joined(states: Sequence[State], waits_for_all: bool) -> State:
    """Return how a join stands, of the states of its branches."""
    active = most_urgent(states)
    if active is not None:
        return active
    is_withdrawn = State.WITHDRAWN in states and (waits_for_all or State.DONE not in states)
    return State.WITHDRAWN if is_withdrawn else State.DONE


# Elements


def visit_for_each(walker: Walker, node: ForEach) -> None:
    place = walker.place(node.name, may_be_silent=True)
    ways = walker.ways(place)
    keys = tuple(way for way in ways if way != _FINISH and not way.startswith("+"))
    states = tuple(walker.trail.standing(f"{place.at}[{key}]") for key in keys) if walker.trail else ()
    shown = _drawn_elements(keys, states) or ("",)
    work: list[Work] = []
    for key in shown:
        live = arm_scope(place.at, key) if key else None
        work.extend(walker.inside(Counter(Scope(f"{place.address}[*]/"), live), node.body))
    sides = _sides(node, ways)
    for name, (program, ran) in sides.items():
        static = Scope(f"{place.address}[{'+*' if name == 'add' else _FINISH}]/")
        live = arm_scope(place.at, ran) if ran else None
        work.extend(walker.inside(Counter(static, live), program))
    in_all = walker.trail.elements(place.at) if walker.trail else 0
    counts = "" if not place.at or place.state in ACTIVE else tally_words(states, in_all)
    latest = {name: way for name, (_, way) in sides.items()}
    walker.later(*work, partial(_close_for_each, walker, node, place, shown, latest, states, counts))


def _drawn_elements(keys: Sequence[str], states: Sequence[State]) -> tuple[str, ...]:
    """Return the elements to be drawn: all of a few; of many the first of each state, those first that need somebody.

    >>> done, late = State.DONE, State.RETRYING
    >>> _drawn_elements("ab", [done, done]), _drawn_elements("abcd", [done, done, late, done])
    (('a', 'b'), ('c', 'a'))
    """
    if len(keys) <= _MOST_ELEMENTS:
        return tuple(keys)
    first: dict[State, str] = {}
    for key, state in zip(keys, states, strict=True):
        first.setdefault(state, key)
    order = (*URGENCY, State.DONE, State.WITHDRAWN)
    return tuple(first[state] for state in order if state in first)[:_MOST_ELEMENTS]


def _sides(node: ForEach, ways: Sequence[str]) -> dict[str, tuple[WIO[Any, Any, Any], str]]:
    """Return the programs beside the elements, each with the scope in which it ran last, "" for none."""
    sides: dict[str, tuple[WIO[Any, Any, Any], str]] = {}
    if node.add is not None:
        sides["add"] = (node.add, next((way for way in reversed(ways) if way.startswith("+")), ""))
    if node.finish is not None:
        sides["finish"] = (node.finish, _FINISH if _FINISH in ways else "")
    return sides


def _close_for_each(
    walker: Walker,
    node: ForEach,
    place: Place,
    shown: tuple[str, ...],
    latest: dict[str, str],
    states: tuple[State, ...],
    counts: str,
) -> None:
    closed = walker.take_closed(len(shown) + len(latest))
    elements = tuple(_way_begun(walker, place, key, key, body) for key, body in zip(shown, closed, strict=False))
    named = zip(latest.items(), closed[len(shown) :], strict=True)
    sides = tuple(_way_begun(walker, place, name, way, body) for (name, way), body in named)
    place = settled(place, _joined(states, False) if states else State.NOT_REACHED)
    walker.add_nested(
        Multiple(
            node.name,
            place,
            elements,
            sides,
            rule_words(node),
            counts,
            printable(node.description),
            len(shown) == len(states),
        )
    )


def _way_begun(walker: Walker, place: Place, name: str, way: str, body: Body) -> Way:
    at = walker.way_place(f"{place.at}[{way}]", body) if way else NOWHERE
    return Way(name, _passed_by(body, at), at)
