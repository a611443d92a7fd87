"""How is work withdrawn? At once, in the same transition; only undos and cancel handlers still run.

A part that has something to undo goes on until that is done; whoever withdrew it waits for it.
"""

from __future__ import annotations

from collections.abc import Container, Generator
from typing import Any, TypeAlias, TypeVar

from msgspec.structs import replace

from interpreters.machine.addresses import Scope, arm_scope
from interpreters.machine.branch_order import live_in_order
from interpreters.machine.checkpoints import parts_around, reach_out
from interpreters.machine.children import withdraw_child
from interpreters.machine.execution import CANCELLED, ROOT, Active, ChildLink, Home, Joint, Strand
from interpreters.machine.locking import close_milestone, unlock
from interpreters.machine.mailbox import give_back
from interpreters.machine.maps import Map
from interpreters.machine.moving import Moving
from interpreters.machine.undoing import Undoing, next_undo
from wio.nodes import Critical, During, Handler, Hold, InRegion, Interrupted, Watch, Watched, node_of

T = TypeVar("T")

Withdrawal: TypeAlias = Generator["Withdrawal", bool, bool]
"""Is how a thread, or the rest of a joint that has passed, is withdrawn.

It yields what is to be withdrawn inside of it, and is sent whether something of that still has to run, as it returns
itself in the end. So a loop, and not Python's stack, goes as deep as the joints are nested.
"""

_NOBODY: Map[str] = Map()


def withdraw(moving: Moving, prefix: str) -> bool:
    """Withdraw a thread and all in it. Return whether something of it still has to run."""
    return _carried_out(_thread(moving, prefix))


def _carried_out(whole: Generator[Withdrawal, bool, T]) -> T:
    """Carry out a withdrawal, and tell its result. Joints may be nested deeper than Python calls can."""
    under_way: list[Generator[Withdrawal, bool, Any]] = [whole]
    told: Any = None
    while under_way:
        try:
            inside = under_way[-1].send(told)
        except StopIteration as end:
            under_way.pop()
            told = end.value
        else:
            under_way.append(inside)
            told = None
    result: T = told
    return result


def _thread(moving: Moving, prefix: str) -> Withdrawal:
    place = moving.threads.find(prefix)
    if place is None:
        return False
    if isinstance(place, Active):
        if place.kept is not None and place is not moving.mover:
            give_back(moving, place.kept)
        moving.drop(prefix)
        if isinstance(place.standing, ChildLink) and place is not moving.mover:
            withdraw_child(moving, place)
        return False
    joint = moving.joints.find(place.joint)
    if joint is None:  # it has just left that joint
        moving.drop(prefix)
        return False
    if joint.home.prefix != prefix or joint.passed:  # it waits to enter a joint that others still block
        moving.save(replace(joint, waiting=tuple(each for each in joint.waiting if each.home.prefix != prefix)))
        moving.drop(prefix)
        return False
    if _is_unwinding(joint):
        moving.save(_cancelled(joint))
        return True
    alive = yield from _branches(moving, joint)
    yield from _drains(moving, moving.joint(joint.address))
    joint = moving.joint(joint.address)
    then = _last_words(moving, joint)
    if then is None and not alive:
        release(moving, joint)
        moving.drop(prefix)
        return False
    joint = moving.joint(joint.address)
    go_on(moving, replace(joint, live=alive), then or _leaving(joint))
    return True


def finish(moving: Moving, joint: Joint, then: Strand) -> None:
    """Withdraw what is left in a joint, and go on with `then` as soon as all of it is gone."""
    alive = withdraw_branches(moving, joint)
    if _takes_along(joint, then):
        withdraw_drains(moving, moving.joint(joint.address))
    go_on(moving, replace(moving.joint(joint.address), live=alive), then)


def _takes_along(joint: Joint, then: Strand) -> bool:
    """Tell whether what still drains in a joint ends with it: it does when that fails, or is a region."""
    leaves = then.home.joint != joint.address
    return leaves and (then.failure is not None or isinstance(joint.node, InRegion))


def go_on(moving: Moving, joint: Joint, then: Strand) -> None:
    """Go on with `then`, now or when the last live branch has ended; close the joint when that leads out of it."""
    if joint.live:
        moving.save(replace(joint, closing=then))
    elif then.home.joint == joint.address:
        live = _NOBODY.with_(then.home.key, then.home.prefix)
        moving.save(replace(joint, live=live, closing=None))
        moving.todo.append(then)
    else:
        if _takes_along(joint, then):
            withdraw_drains(moving, joint)
            joint = moving.joint(joint.address)
        release(moving, joint)
        moving.todo.append(then)


def withdraw_branches(moving: Moving, joint: Joint, keep: Container[str] = ()) -> Map[str]:
    """Withdraw the branches of a joint, and what drains in them. Return those in which something still has to run.

    Those in `keep` stay, and are among them.
    """
    if not joint.live:  # as most often: it has come to its end
        moving.save(joint)
        return joint.live
    return _carried_out(_branches(moving, joint, keep))


def _branches(moving: Moving, joint: Joint, keep: Container[str] = ()) -> Generator[Withdrawal, bool, Map[str]]:
    moving.save(joint)
    left = joint.live
    for key, prefix in live_in_order(joint):
        if key not in keep and not (yield _thread(moving, prefix)):
            left = left.without(key)
    withdrawn = {prefix for key, prefix in joint.live.items() if key not in keep}
    joint = moving.joint(joint.address)
    drains = [address for address in joint.drains if moving.joint(address).home.prefix in withdrawn]
    if drains:
        gone = set(drains)
        moving.save(replace(joint, drains=tuple(address for address in joint.drains if address not in gone)))
    for address in drains:
        yield _drain(moving, address)
    return left


def withdraw_drains(moving: Moving, joint: Joint) -> None:
    """Withdraw what is still finishing in joints that have passed inside of a joint."""
    _carried_out(_drains(moving, joint))


def _drains(moving: Moving, joint: Joint) -> Generator[Withdrawal, bool, None]:
    moving.save(replace(joint, drains=()))
    for address in joint.drains:
        yield _drain(moving, address)


def withdraw_drain(moving: Moving, address: str) -> None:
    """Withdraw the rest of a joint that has passed; what still has to run, runs at the end of the instance."""
    _carried_out(_drain(moving, address))


def _drain(moving: Moving, address: str) -> Withdrawal:
    alive = yield from _branches(moving, moving.joint(address))
    yield from _drains(moving, moving.joint(address))
    if alive:
        moving.save(replace(moving.joint(address), live=alive, home=ROOT))
        moving.drains = (*moving.drains, address)
    else:
        moving.joints = moving.joints.without(address)
    return bool(alive)


def release(moving: Moving, joint: Joint) -> None:
    """Take a joint away, with what it held; joints that have passed inside of it now belong to the one around it."""
    moving.joints = moving.joints.without(joint.address)
    for address in joint.drains:
        moving.save(replace(moving.joint(address), home=joint.home))
    _add_drains(moving, joint.home, joint.drains)
    match joint.node:
        case Critical(lock):
            moving.share(gates=moving.shared.gates - 1)
            unlock(moving, lock, joint.address)
            if joint.drains:  # they have left it as well
                moving.loose, moving.freed = True, None
        case Hold(milestone):
            reach_out(moving, parts_around(moving.joints, joint.frames, joint.home))
            close_milestone(moving, milestone)
        case During():
            eager = tuple(each for each in moving.shared.eager if each != joint.address)
            moving.share(eager=eager, gates=moving.shared.gates - 1)
        case _:
            pass


def attach_drain(moving: Moving, drained: Joint) -> None:
    """Let a joint that has passed belong to the joint around its thread."""
    moving.save(drained)
    _add_drains(moving, drained.home, (drained.address,))


def _add_drains(moving: Moving, home: Home, drains: tuple[str, ...]) -> None:
    """Let joints that have passed belong to the joint around a thread."""
    if home.joint is None:
        moving.drains = (*moving.drains, *drains)
    elif drains:
        holder = moving.joint(home.joint)
        moving.save(replace(holder, drains=(*holder.drains, *drains)))


def _is_unwinding(joint: Joint) -> bool:
    """Tell whether a joint already runs what it has to run when it is withdrawn."""
    if isinstance(joint.more, Undoing):
        return joint.more.then is not None
    return is_withdrawn(joint) or joint.live.find(_CANCEL) is not None


def is_withdrawn(joint: Joint) -> bool:
    """Tell whether a joint ends as withdrawn when its live branches have ended."""
    return joint.closing is not None and joint.closing.failure is CANCELLED


def _cancelled(joint: Joint) -> Joint:
    """Let a joint that is unwinding end as a withdrawn one."""
    if isinstance(joint.more, Undoing):
        return replace(joint, more=replace(joint.more, then=CANCELLED))
    return joint


def _leaving(joint: Joint) -> Strand:
    return Strand(None, joint.value, CANCELLED, joint.scope, joint.frames, joint.home)


_CANCEL = "!cancel"


def _last_words(moving: Moving, joint: Joint) -> Strand | None:
    """Return what has to run when a joint is withdrawn, or None."""
    if isinstance(joint.more, Undoing) and joint.more.undos is not None:
        undoing = replace(joint.more, then=CANCELLED)
        moving.save(replace(joint, more=undoing))
        return next_undo(moving, joint.address)
    if isinstance(joint.node, Watched):
        handler = next((each for each in joint.node.handlers if each.watch is Watch.CANCEL), None)
        if handler is not None:
            return cancel_strand(moving, joint, handler)
    return None


def cancel_strand(moving: Moving, joint: Joint, handler: Handler) -> Strand:
    """Return the thread that runs the handler of a cancelled scope."""
    assert handler.body is not None
    scope: Scope = arm_scope(joint.address, handler.name)
    if moving.observe is not None:
        moving.observe(None, scope.prefix, handler.body)
    given = Interrupted(joint.value, None, joint.value)
    return Strand(node_of(handler.body), given, None, scope, None, Home(scope.prefix, joint.address, _CANCEL))


def is_cancel_handler(key: str) -> bool:
    """Tell whether a branch of a scope is its handler for being cancelled."""
    return key == _CANCEL
