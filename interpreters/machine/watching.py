"""What keeps watch over one part? Scopes with handlers, regions, locks, milestones and sagas."""

from __future__ import annotations

from typing import Any

import attrs
from msgspec.structs import replace
from returns.result import Failure

from interpreters.machine.addresses import Scope, arm_scope, numbered, part_scope
from interpreters.machine.branch_order import BODY
from interpreters.machine.branches import begin, new_joint
from interpreters.machine.checkpoints import covers, parts_around, reach_out
from interpreters.machine.execution import CANCELLED, Active, Home, Joint, JointNode, Strand
from interpreters.machine.frames import Frames
from interpreters.machine.latest import latest_in
from interpreters.machine.locking import open_milestone
from interpreters.machine.moving import Moving
from interpreters.machine.undoing import Group, Undoing, add_undo, failed_undo, next_undo, undone
from interpreters.machine.withdrawing import (
    finish,
    go_on,
    is_cancel_handler,
    is_withdrawn,
    withdraw_branches,
    withdraw_drains,
)
from wio.nodes import (
    WIO,
    Critical,
    During,
    Handler,
    Hold,
    InRegion,
    Interrupted,
    Saga,
    Watch,
    Watched,
    node_of,
)
from wio.regions import Region


@attrs.frozen(eq=False)
class Stages:
    """Is what a scope knows: which handlers have set off, how often each has begun, and how its body ended."""

    running: frozenset[str] = frozenset()
    begun: tuple[tuple[str, int], ...] = ()
    ended: Strand | None = None


def open_part(moving: Moving, node: JointNode, value: Any, scope: Scope, frames: Frames, home: Home) -> None:
    """Begin the part that a joint keeps watch over."""
    match node:
        case Watched():
            _open_scope(moving, node, value, scope, frames, home)
        case InRegion(region, base):
            _open_body(moving, node, region.name, base, value, scope, frames, home)
        case Critical(lock, base):
            moving.share(gates=moving.shared.gates + 1)
            _open_body(moving, node, lock, base, value, scope, frames, home)
        case Hold(milestone, base):
            _open_body(moving, node, milestone, base, value, scope, frames, home)
            for during in open_milestone(moving, milestone):
                _offer(moving, moving.joint(during))
        case Saga(base):
            _open_body(moving, node, node.name, base, value, scope, frames, home, Undoing())
        case During(milestone):
            moving.share(gates=moving.shared.gates + 1)
            address, scope = scope.place(milestone)
            moving.park(home, address)
            _come_to_during(moving, new_joint(node, address, value, scope, frames, home, "waiting"), milestone)
        case _:
            raise AssertionError(f"{node!r} has several branches.")


def _open_body(
    moving: Moving,
    node: JointNode,
    name: str,
    base: WIO[Any, Any, Any],
    value: Any,
    scope: Scope,
    frames: Frames,
    home: Home,
    more: Any = None,
) -> None:
    address, scope = scope.place(name)
    moving.park(home, address)
    joint = new_joint(node, address, value, scope, frames, home, more)
    begin(moving, joint, [(BODY, part_scope(address), base, value)])


def arrive_at_part(
    moving: Moving, joint: Joint, home: Home, value: Any, failure: Failure[Any] | None, scope: Scope
) -> None:
    """Take in how the part, or a handler or undo of it, has ended."""
    if isinstance(joint.node, Watched):
        _arrive_at_scope(moving, joint, joint.node, home, value, failure, scope)
    elif isinstance(joint.node, Saga):
        _arrive_at_saga(moving, joint, joint.node, home, value, failure)
    else:
        finish(moving, joint, _leaving(joint, value, failure))


def _leaving(joint: Joint, value: Any, failure: Failure[Any] | None) -> Strand:
    return Strand(None, value, failure, joint.scope, joint.frames, joint.home)


# Scopes with handlers


def _open_scope(moving: Moving, node: Watched, value: Any, scope: Scope, frames: Frames, home: Home) -> None:
    address, scope = scope.place(node.name)
    moving.park(home, address)
    triggers = [
        (handler.name, arm_scope(address, handler.name), handler.trigger, value)
        for handler in node.handlers
        if handler.trigger is not None
    ]
    stages = Stages(begun=tuple((key, 1) for key, *_ in triggers))
    joint = new_joint(node, address, value, scope, frames, home, stages)
    begin(moving, joint, [(BODY, part_scope(address), node.base, value), *triggers])


def _arrive_at_scope(
    moving: Moving, joint: Joint, node: Watched, home: Home, value: Any, failure: Failure[Any] | None, scope: Scope
) -> None:
    stages: Stages = joint.more
    if is_cancel_handler(home.key):
        finish(moving, joint, _leaving(joint, joint.value, CANCELLED))
    elif stages.ended is not None and home.key not in stages.running:
        moving.save(joint)  # it was withdrawn, and has done what it still had to do
    elif failure is not None:
        finish(moving, joint, _leaving(joint, value, failure))
    elif home.key == BODY:
        _end_body(moving, joint, _leaving(joint, value, None))
    elif home.key not in stages.running:
        _set_off(moving, joint, _handler(node, home.key), home, value, scope)
    elif _handler(node, home.key).watch is Watch.INTERRUPT:
        finish(moving, joint, _leaving(joint, value, None))
    else:
        left = attrs.evolve(stages, running=stages.running - {home.key})
        if left.ended is not None and not left.running:
            finish(moving, joint, left.ended)
        else:
            moving.save(replace(joint, more=left))


def _handler(node: Watched, key: str) -> Handler:
    name = key.partition("#")[0]
    return next(handler for handler in node.handlers if handler.name == name)


def _end_body(moving: Moving, joint: Joint, ended: Strand) -> None:
    """Let nothing set off a handler any more, and end the scope with the last handler that still runs."""
    stages: Stages = joint.more
    if not stages.running:
        finish(moving, joint, ended)
        return
    left = withdraw_branches(moving, joint, keep=stages.running)
    results = joint.results.with_(BODY, ended.value)
    more = attrs.evolve(stages, ended=ended)
    moving.save(replace(moving.joint(joint.address), live=left, results=results, more=more))


def _set_off(moving: Moving, joint: Joint, handler: Handler, home: Home, value: Any, scope: Scope) -> None:
    """Run a handler whose trigger has come: after the body is withdrawn, or beside it."""
    stages: Stages = joint.more
    body = latest_in(moving.threads, moving.joints, joint.live.find(BODY) or "")
    state = joint.value if body is None else body[0]
    given = Interrupted(joint.value, value, state)
    if handler.watch is Watch.INTERRUPT:
        if handler.body is None:
            finish(moving, joint, _leaving(joint, value, None))
            return
        on = Strand(node_of(handler.body), given, None, scope, None, home)
        finish(moving, replace(joint, more=attrs.evolve(stages, running=frozenset({home.key}))), on)
        return
    number = dict(stages.begun)[handler.name] + 1
    again = numbered(handler.name, number)
    begun = {**dict(stages.begun), handler.name: number}
    more = Stages(stages.running | {home.key}, tuple(begun.items()), stages.ended)
    joint = replace(joint, live=joint.live.with_(home.key, home.prefix), more=more)
    assert handler.trigger is not None
    assert handler.body is not None
    begin(moving, joint, [(again, arm_scope(joint.address, again), handler.trigger, joint.value)])
    moving.todo.append(Strand(node_of(handler.body), given, None, scope, None, home))


# Sagas


def _arrive_at_saga(
    moving: Moving, joint: Joint, node: Saga, home: Home, value: Any, failure: Failure[Any] | None
) -> None:
    undoing: Undoing = joint.more
    if home.key == BODY and failure is None:
        if undoing.undos is not None:
            add_undo(moving, joint.frames, joint.home, Group(undoing.undos, None))
        finish(moving, moving_joint(moving, joint), _leaving(joint, value, None))
    elif home.key == BODY:
        _undo(moving, replace(joint, value=value, more=replace(undoing, then=failure)))
    elif failure is None:
        _undo(moving, replace(joint, more=undone(undoing)))
    elif failure is CANCELLED:  # it has failed the whole instance, so nobody takes an error of it
        finish(moving, joint, _leaving(joint, joint.value, CANCELLED))
    else:
        withdraw_drains(moving, replace(joint, live=joint.live.with_(home.key, home.prefix)))
        moving.put(failed_undo(joint, node, home, value, failure.failure()))


def _undo(moving: Moving, joint: Joint) -> None:
    """Begin the undo that comes next; after the last one, end the saga as its body did."""
    withdraw_drains(moving, joint)
    undo = next_undo(moving, joint.address)
    joint = moving.joint(joint.address)
    go_on(moving, joint, undo or _leaving(joint, joint.value, joint.more.then))


def undo_again(moving: Moving, failed: Active) -> None:
    """Begin an undo again that has failed."""
    home = failed.home
    assert home.joint is not None
    moving.drop(home.prefix)
    joint = moving.joint(home.joint)
    _undo(moving, replace(joint, live=joint.live.without(home.key)))


def moving_joint(moving: Moving, joint: Joint) -> Joint:
    """Return a joint with what has been saved of it meanwhile, but with the branches that it has now."""
    return replace(moving.joint(joint.address), live=joint.live)


# Milestones


def _come_to_during(moving: Moving, joint: Joint, milestone: str) -> None:
    shared = moving.shared
    node = joint.node
    assert isinstance(node, During)
    if not shared.held.get(milestone) and milestone in shared.over:
        scope = arm_scope(joint.address, "otherwise")
        begin(moving, replace(joint, more="otherwise"), [("otherwise", scope, node.otherwise, joint.value)])
        return
    moving.share(eager=(*shared.eager, joint.address))
    moving.save(joint)
    if shared.held.get(milestone):
        _offer(moving, joint)


def _offer(moving: Moving, joint: Joint) -> None:
    node = joint.node
    assert isinstance(node, During)
    begin(moving, replace(joint, more="open"), [(BODY, part_scope(joint.address), node.base, joint.value)])


# Regions


def leave_region(moving: Moving, region: Region[Any], result: Any, frames: Frames, home: Home) -> None:
    """End every active part of a region with a result; what follows each of them goes on.

    `frames` and `home` are those of the thread that leaves it.
    """
    addresses = sorted(
        joint.address
        for joint in moving.joints.values()
        if isinstance(joint.node, InRegion) and joint.node.region.name == region.name
    )
    around = parts_around(moving.joints, frames, home)
    reach_out(moving, (part for part in around if not all(covers(part, address) for address in addresses)))
    for address in addresses:
        joint = moving.joints.find(address)  # one inside another is withdrawn with it
        if joint is not None and not is_withdrawn(joint):
            finish(moving, joint, _leaving(joint, result, None))
