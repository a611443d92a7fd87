"""When do several branches begin, and when do they come together? Parallel parts, for-each, first-of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from returns.maybe import Nothing, Some
from returns.result import Failure

from interpreters.errors import DuplicateKey, WrongReturn
from interpreters.machine.addresses import Scope, arm_scope
from interpreters.machine.branch_order import keys_of
from interpreters.machine.calling import call, yielded
from interpreters.machine.execution import Home, Joint, JointNode, Strand
from interpreters.machine.frames import Frames
from interpreters.machine.latest import latest
from interpreters.machine.maps import Map
from interpreters.machine.moving import Moving
from interpreters.machine.withdrawing import attach_drain, finish, withdraw_branches
from wio.names import name_of
from wio.nodes import WIO, AndThen, FirstOf, ForEach, Function, Parallel, Rest, node_of

Start: TypeAlias = tuple[str, Scope, WIO[Any, Any, Any], Any]
"""Is a branch that begins: its key, its scope, its program and the value it is given."""

_NOBODY: Map[str] = Map()
_NO_RESULTS: Map[Any] = Map()
_FINISH = "finish"


class Elements(Struct, frozen=True, eq=False):
    """Is what a for-each knows: its elements by key, in order, how many have begun, and how often `add` has.

    `extra` are the elements that were added, so that one more costs little.
    """

    values: Mapping[str, Any]
    keys: tuple[str, ...]
    extra: Map[Any] = _NO_RESULTS
    begun: int = 0
    added: int = 0

    def has(self, key: str) -> bool:
        """Tell whether there is an element of that name."""
        return key in self.values or key in self.extra

    def value(self, key: str) -> Any:
        """Return an element."""
        return self.values[key] if key in self.values else self.extra[key]


def new_joint(
    node: JointNode, address: str, value: Any, scope: Scope, frames: Frames, home: Home, more: Any = None
) -> Joint:
    """Return a joint at which a thread has just arrived."""
    return Joint(node, address, value, scope, frames, home, _NOBODY, _NO_RESULTS, more=more)


def begin(moving: Moving, joint: Joint, starts: Sequence[Start]) -> None:
    """Let branches of a joint begin, the first one next."""
    live = joint.live
    for key, scope, _, _ in starts:
        live = live.with_(key, scope.prefix)
    moving.save(replace(joint, live=live))
    for key, scope, program, value in reversed(starts):
        home = Home(scope.prefix, joint.address, key)
        moving.todo.append(Strand(node_of(program), value, None, scope, None, home))
    if moving.observe is not None:
        for _, scope, program, _ in starts:
            moving.observe(None, scope.prefix, program)


# Parallel parts and choices


def open_first(moving: Moving, node: FirstOf, value: Any, scope: Scope, frames: Frames, home: Home) -> None:
    """Offer every arm of a choice."""
    address, scope = scope.place(node.name)
    moving.park(home, address)
    starts = [(arm.name, arm_scope(address, arm.name), arm.body, value) for arm in node.arms]
    begin(moving, new_joint(node, address, value, scope, frames, home), starts)


def decide(moving: Moving, address: str, key: str) -> None:
    """Let one arm of a choice go on, and withdraw the others."""
    left = withdraw_branches(moving, moving.joint(address), keep=(key,))
    moving.save(replace(moving.joint(address), live=left, more=key))


def waits_to_enter(
    moving: Moving, node: Parallel | ForEach, value: Any, scope: Scope, frames: Frames, home: Home
) -> bool:
    """Let a thread wait for what is left of the last round of a place that blocks. Return whether it has to."""
    blocking = _blocking(moving, node, home)
    if blocking is None:
        return False
    again = Strand(node, value, None, scope, frames, home)
    moving.save(replace(blocking, waiting=(*blocking.waiting, again)))
    moving.park(home, blocking.address)
    return True


def open_parallel(moving: Moving, node: Parallel, value: Any, scope: Scope, frames: Frames, home: Home) -> None:
    """Begin the branches whose guards yield, or wait for what is left of the last round of a place that blocks."""
    if waits_to_enter(moving, node, value, scope, frames, home):
        return
    address, scope = scope.place(node.name)
    starts: list[Start] = []
    for arm in node.arms:
        found, inside = (True, value) if arm.guard is None else yielded(arm.guard, value, address)
        if found:
            program = arm.body if node.each is None else AndThen(arm.body, node.each)
            starts.append((arm.name, arm_scope(address, arm.name), program, inside))
    moving.park(home, address)
    begin(moving, new_joint(node, address, value, scope, frames, home, len(starts)), starts)
    _pass_if_joined(moving, moving.joint(address))


def _blocking(moving: Moving, node: Parallel | ForEach, home: Home) -> Joint | None:
    """Return what is left of the last round of a place that may not be entered before all of it has ended."""
    if node.rest is not Rest.BLOCK:
        return None
    while True:
        around = moving.drains if home.joint is None else moving.joint(home.joint).drains
        for address in around:
            drained = moving.joint(address)
            if drained.node is node and drained.home.prefix == home.prefix:
                return drained
        if home.joint is None:
            return None
        home = moving.joint(home.joint).home


def arrive_at_branches(moving: Moving, joint: Joint, key: str, value: Any, failure: Failure[Any] | None) -> None:
    """Take in how a branch ended. A failure fails the whole; otherwise the join decides whether to go on."""
    if isinstance(joint.node, FirstOf) and joint.more is not None and key != joint.more:
        moving.save(joint)  # it was withdrawn, and has done what it still had to do
    elif isinstance(joint.node, FirstOf) or failure is not None:
        state = value if failure is None else _merged(moving, joint, value)
        finish(moving, joint, Strand(None, state, failure, joint.scope, joint.frames, joint.home))
    elif isinstance(joint.node, ForEach):
        _arrive_at_each(moving, joint, joint.node, key, value)
    else:
        joint = replace(joint, results=joint.results.with_(key, value))
        moving.save(joint)
        _pass_if_joined(moving, joint)


def drained_by(moving: Moving, joint: Joint, key: str) -> None:
    """Take in that a branch of a joint that has passed has ended; with the last one the joint is gone."""
    if isinstance(joint.node, ForEach):
        joint = replace(joint, results=joint.results.with_(key, None))
        _begin_more(moving, joint)
        joint = moving.joint(joint.address)
    if joint.live:
        moving.save(joint)
        return
    around = joint.home.joint
    if around is None:
        moving.drains = tuple(each for each in moving.drains if each != joint.address)
    else:
        holder = moving.joint(around)
        moving.save(replace(holder, drains=tuple(each for each in holder.drains if each != joint.address)))
    moving.joints = moving.joints.without(joint.address)
    for drain in joint.drains:
        attach_drain(moving, replace(moving.joint(drain), home=joint.home))
    moving.todo.extend(reversed(joint.waiting))


def _pass_if_joined(moving: Moving, joint: Joint) -> None:
    if _is_joined(joint):
        _pass(moving, joint)


def _is_joined(joint: Joint) -> bool:
    node = joint.node
    assert isinstance(node, Parallel | ForEach)
    elements: Elements | None = joint.more if isinstance(node, ForEach) else None
    if elements is not None:
        total, under_way = len(elements.keys), len(joint.results) < len(elements.keys)
    else:
        total, under_way = joint.more, bool(joint.live)
    if not under_way:
        return True
    if node.join is None:
        return False
    if callable(node.join):
        return bool(joint.results) and _says_so(node.join, joint)
    return len(joint.results) >= min(node.join, total)


def _says_so(join: Function, joint: Joint) -> bool:
    answer: object = call(join, joint.address, Results(joint))
    if isinstance(answer, bool):
        return answer
    raise WrongReturn(name_of(join, "A join"), joint.address, answer, "a bool")


class Results(Mapping[str, Any]):
    """Is what a join sees of the results so far, in the order of the branches. It is asked after each of them, and most
    joins only count, so nothing is copied."""

    __slots__ = ("_joint",)

    def __init__(self, joint: Joint) -> None:
        self._joint = joint

    def __getitem__(self, key: str) -> Any:
        return self._joint.results[key]

    def __iter__(self) -> Iterator[str]:
        results = self._joint.results
        return (key for key in keys_of(self._joint) if key in results)

    def __len__(self) -> int:
        return len(self._joint.results)

    def __repr__(self) -> str:
        return repr(dict(self))


def results_in_order(joint: Joint) -> dict[str, Any]:
    """Return the results so far by the names of their branches, in the order of the branches."""
    return {key: joint.results[key] for key in keys_of(joint) if key in joint.results}


def _pass(moving: Moving, joint: Joint) -> None:
    """Let the thread go on with the results; the rest is withdrawn, or finishes for itself."""
    node = joint.node
    assert isinstance(node, Parallel | ForEach)
    on = Strand(None, _output(node, joint), None, joint.scope, joint.frames, joint.home)
    joint = _without_helpers(moving, joint)
    # A helper that still has something to run is waited for, as everything that is withdrawn.
    if node.rest is Rest.CANCEL or _helpers(joint).issuperset(joint.live):
        finish(moving, joint, on)
        return
    attach_drain(moving, replace(joint, passed=True))
    moving.todo.insert(len(moving.todo) - _not_begun(moving, joint), on)


def _not_begun(moving: Moving, joint: Joint) -> int:
    """Return how many branches of a joint are still to begin: they come before what follows the joint."""
    waiting = 0
    for strand in reversed(moving.todo):
        if strand.home.joint != joint.address:
            break
        waiting += 1
    return waiting


def _without_helpers(moving: Moving, joint: Joint) -> Joint:
    """Withdraw what adds elements to a for-each, or would finish it: it takes no more, and is finished."""
    if not isinstance(joint.node, ForEach):
        return joint
    helpers = _helpers(joint)
    if helpers.isdisjoint(joint.live):
        return joint
    left = withdraw_branches(moving, joint, keep={key for key in joint.live if key not in helpers})
    return replace(moving.joint(joint.address), live=left)


def _helpers(joint: Joint) -> frozenset[str]:
    """Return the keys of the branches of a for-each that are no elements."""
    return frozenset({f"+{joint.more.added}", _FINISH}) if isinstance(joint.node, ForEach) else frozenset()


def _output(node: Parallel | ForEach, joint: Joint) -> Any:
    if isinstance(node, ForEach):
        return results_in_order(joint)
    if not node.maybe:
        return tuple(joint.results[arm.name] for arm in node.arms)
    return tuple(Some(joint.results[arm.name]) if arm.name in joint.results else Nothing for arm in node.arms)


def _merged(moving: Moving, joint: Joint, value: Any) -> Any:
    """Return the state in which a joint fails: merged where it can be, else that of the branch that failed."""
    node = joint.node
    merges = isinstance(node, Parallel | ForEach) and node.merge is not None
    return latest(moving.threads, moving.joints, joint) if merges else value


# For-each


def open_each(
    moving: Moving,
    node: ForEach,
    address: str,
    value: Any,
    scope: Scope,
    frames: Frames,
    home: Home,
    items: Mapping[str, Any],
) -> None:
    """Begin the elements of a for-each, as many as may be under way, and what adds to them or finishes them."""
    moving.park(home, address)
    joint = new_joint(node, address, value, scope, frames, home, Elements(items, tuple(items)))
    if not items:
        moving.save(joint)
        _pass(moving, joint)
        return
    starts = _next_elements(joint)
    helpers: list[Start] = []
    if node.add is not None:
        helpers.append(("+1", arm_scope(address, "+1"), node.add, value))
    if node.finish is not None:
        helpers.append((_FINISH, arm_scope(address, _FINISH), node.finish, value))
    more = replace(joint.more, begun=len(starts), added=1 if node.add is not None else 0)
    begin(moving, replace(joint, more=more), [*starts, *helpers])
    if node.join is not None:
        _pass_if_joined(moving, moving.joint(address))


def _next_elements(joint: Joint) -> list[Start]:
    """Return the elements that begin now, within the bound."""
    node, elements = joint.node, joint.more
    assert isinstance(node, ForEach)
    under_way = elements.begun - len(joint.results)
    room = len(elements.keys) if node.at_once is None else node.at_once - under_way
    keys = elements.keys[elements.begun : elements.begun + max(room, 0)]
    return [(key, arm_scope(joint.address, key), node.body, elements.value(key)) for key in keys]


def _arrive_at_each(moving: Moving, joint: Joint, node: ForEach, key: str, value: Any) -> None:
    elements: Elements = joint.more
    if key == _FINISH:
        on = Strand(None, results_in_order(joint), None, joint.scope, joint.frames, joint.home)
        finish(moving, joint, on)
        return
    if key == f"+{elements.added}" and not elements.has(key):
        _add_element(moving, joint, node, value)
        return
    joint = replace(joint, results=joint.results.with_(key, value))
    _begin_more(moving, joint)
    _pass_if_joined(moving, moving.joint(joint.address))


def _begin_more(moving: Moving, joint: Joint) -> None:
    starts = _next_elements(joint)
    begin(moving, replace(joint, more=replace(joint.more, begun=joint.more.begun + len(starts))), starts)


def _add_element(moving: Moving, joint: Joint, node: ForEach, element: Any) -> None:
    """Take one more element, begin it if there is room, and wait for another."""
    elements: Elements = joint.more
    key = element_key(node, joint.address, element, len(elements.keys) + 1)
    if elements.has(key):
        raise DuplicateKey(key, joint.address)
    number = elements.added + 1
    more = replace(elements, extra=elements.extra.with_(key, element), keys=(*elements.keys, key), added=number)
    _begin_more(moving, replace(joint, more=more))
    assert node.add is not None
    helper = f"+{number}"
    begin(moving, moving.joint(joint.address), [(helper, arm_scope(joint.address, helper), node.add, joint.value)])


def element_key(node: ForEach, address: str, element: Any, number: int) -> str:
    """Return the name of an element. Raises `WrongReturn` when its function gives none that an address can hold."""
    if node.key is None:
        return str(number)
    key: object = call(node.key, address, element)
    fits = isinstance(key, str) and 0 < len(key) <= 100 and key.isprintable() and not _STRUCTURAL & set(key)
    if not fits or key == _FINISH:
        wanted = f"a printable text of up to 100 characters without {' '.join(sorted(_STRUCTURAL))}, and not 'finish'"
        raise WrongReturn(name_of(node.key, "A key"), address, key, wanted)
    return str(key)


_STRUCTURAL = frozenset("/#[]:!+")
