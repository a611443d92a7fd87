"""How is work withdrawn? At once, in the same transition; only undos and cancel handlers still run.

A part that has something to undo goes on until that is done; whoever withdrew it waits for it.
"""

from __future__ import annotations

from collections.abc import Container

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

_NOBODY: Map[str] = Map()


def withdraw(moving: Moving, prefix: str) -> bool:
    """Withdraw a thread and all in it. Return whether something of it still has to run."""
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
    alive = withdraw_branches(moving, joint)
    withdraw_drains(moving, moving.joint(joint.address))
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
    moving.save(joint)
    left = joint.live
    for key, prefix in live_in_order(joint):
        if key not in keep and not withdraw(moving, prefix):
            left = left.without(key)
    withdrawn = {prefix for key, prefix in joint.live.items() if key not in keep}
    _withdraw_drains_of(moving, joint.address, withdrawn)
    return left


def _withdraw_drains_of(moving: Moving, address: str, prefixes: Container[str]) -> None:
    joint = moving.joint(address)
    inside = [drain for drain in joint.drains if moving.joint(drain).home.prefix in prefixes]
    if inside:
        moving.save(replace(joint, drains=tuple(drain for drain in joint.drains if drain not in inside)))
    for drain in inside:
        withdraw_drain(moving, drain)


def withdraw_drains(moving: Moving, joint: Joint) -> None:
    """Withdraw what is still finishing in joints that have passed inside of a joint."""
    moving.save(replace(joint, drains=()))
    for address in joint.drains:
        withdraw_drain(moving, address)


def withdraw_drain(moving: Moving, address: str) -> None:
    """Withdraw the rest of a joint that has passed; what still has to run, runs at the end of the instance."""
    drained = moving.joint(address)
    alive = withdraw_branches(moving, drained)
    withdraw_drains(moving, moving.joint(address))
    if alive:
        moving.save(replace(moving.joint(address), live=alive, home=ROOT))
        moving.drains = (*moving.drains, address)
    else:
        moving.joints = moving.joints.without(address)


def release(moving: Moving, joint: Joint) -> None:
    """Take a joint away, with what it held; joints that have passed inside of it now belong to the one around it."""
    moving.joints = moving.joints.without(joint.address)
    for address in joint.drains:
        attach_drain(moving, replace(moving.joint(address), home=joint.home))
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
    around = drained.home.joint
    if around is None:
        moving.drains = (*moving.drains, drained.address)
    else:
        holder = moving.joint(around)
        moving.save(replace(holder, drains=(*holder.drains, drained.address)))


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
