"""What holds of an execution between two entries, whatever has happened? And what of it must two of them share?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from interpreters.machine.branches import Elements
from interpreters.machine.execution import Active, Bond, ChildLink, Execution, Joint, Parked
from interpreters.machine.gathering import Arrivals
from interpreters.machine.locking import blocker
from interpreters.machine.mailbox import takes_request
from interpreters.machine.undoing import Undoing, programs
from interpreters.machine.watching import Stages
from wio.nodes import Critical, During, Gathering, HandleSignal, Hold, OfferTask, Saga


def broken(execution: Execution) -> list[str]:
    """Return what does not hold, in words; nothing of a sound execution."""
    return [
        *_threads(execution),
        *_children(execution),
        *_joints(execution),
        *_drains(execution),
        *_locks(execution),
        *_milestones(execution),
        *_meetings(execution),
        *_signals(execution),
        *_end(execution),
    ]


def _threads(execution: Execution) -> Iterator[str]:
    joints = execution.joints
    branches = {prefix for joint in joints.values() for prefix in joint.live.values()}
    for prefix, place in execution.threads.items():
        if prefix and prefix not in branches and not sees_to_child(place):
            yield f"thread {prefix!r} belongs to no joint"
        if isinstance(place, Active) and place.home.prefix != prefix:
            yield f"thread {prefix!r} stands at {place.address!r} of another thread"
        if isinstance(place, Active) and place.home.joint is not None:
            holder = joints.find(place.home.joint)
            if holder is None or holder.live.find(place.home.key) != prefix:
                yield f"{place.address!r} belongs to no live branch"
        if isinstance(place, Parked):
            joint = joints.find(place.joint)
            if joint is None:
                yield f"thread {prefix!r} waits at {place.joint!r}, which is gone"
            elif not _waits_at(prefix, joint):
                yield f"thread {prefix!r} waits at {place.joint!r}, which does not know it"


def sees_to_child(place: Active | Parked) -> bool:
    """Tell whether a thread only sees to a child whose step is gone."""
    link = place.standing if isinstance(place, Active) else None
    return isinstance(link, ChildLink) and link.bond is not Bond.STEP


def _children(execution: Execution) -> Iterator[str]:
    seen_to = sum(1 for place in execution.threads.values() if sees_to_child(place))
    if seen_to != execution.shared.children:
        yield f"{execution.shared.children} children are counted, and {seen_to} are seen to"


def _waits_at(prefix: str, joint: Joint) -> bool:
    if joint.passed:
        return prefix in {strand.home.prefix for strand in joint.waiting}
    return joint.home.prefix == prefix


def _joints(execution: Execution) -> Iterator[str]:
    for address, joint in execution.joints.items():
        if joint.address != address:
            yield f"joint {address!r} thinks that it is at {joint.address!r}"
        for key, prefix in joint.live.items():
            if prefix not in execution.threads:
                yield f"branch {key!r} of {address!r} has no thread"
        if joint.home.joint is not None and joint.home.joint not in execution.joints:
            yield f"{address!r} is inside {joint.home.joint!r}, which is gone"
        if not joint.live and joint.more != "waiting":
            yield f"{address!r} waits for nobody"
        if not joint.passed and execution.threads.find(joint.home.prefix) != Parked(address):
            place = execution.threads.find(joint.home.prefix)
            if not isinstance(place, Parked) or place.joint != address:
                yield f"nobody waits at {address!r}"


def _drains(execution: Execution) -> Iterator[str]:
    listed = Counter(execution.drains)
    for joint in execution.joints.values():
        listed.update(joint.drains)
        for address in joint.drains:
            drained = execution.joints.find(address)
            if drained is not None and drained.home.joint != joint.address:
                yield f"{address!r} is listed at {joint.address!r}, and belongs to {drained.home.joint!r}"
    passed = {address for address, joint in execution.joints.items() if joint.passed}
    if set(listed) != passed or any(count > 1 for count in listed.values()):
        yield f"listed are {sorted(listed.elements())}, have passed {sorted(passed)}"


def _locks(execution: Execution) -> Iterator[str]:
    shared, joints = execution.shared, execution.joints
    for name, address in shared.locks.items():
        joint = joints.find(address)
        if joint is None or not isinstance(joint.node, Critical) or joint.node.lock != name:
            yield f"lock {name!r} is held by {address!r}"
    gates = sum(1 for joint in joints.values() if isinstance(joint.node, Critical | During))
    if gates != shared.gates:
        yield f"{shared.gates} gates are counted, and there are {gates}"
    for place in execution.threads.values():
        if isinstance(place, Active) and place.gated:
            if place.home.prefix not in shared.gated:
                yield f"{place.address!r} is gated, and nobody knows"
            if blocker(joints, shared.locks, place.home) is None:
                yield f"{place.address!r} is gated, and nothing is in its way"
        elif isinstance(place, Active) and _has_begun(place):
            held = blocker(joints, shared.locks, place.home)
            if held is not None:
                yield f"{place.address!r} has begun while {held.address!r} has its lock"


def _has_begun(place: Active) -> bool:
    if isinstance(place.node, OfferTask):
        return getattr(place.standing, "by", None) is not None
    if isinstance(place.node, Saga):  # an undo that has failed waits for nothing but a resume
        return False
    return not isinstance(place.node, HandleSignal) or place.kept is not None


def _milestones(execution: Execution) -> Iterator[str]:
    shared = execution.shared
    holds = Counter(joint.node.milestone for joint in execution.joints.values() if isinstance(joint.node, Hold))
    counted = {name: count for name, count in shared.held.items() if count}
    if dict(holds) != counted:
        yield f"held are {dict(holds)}, counted {counted}"
    eager: list[str] = []
    for address, joint in execution.joints.items():
        if isinstance(joint.node, During) and joint.more in ("waiting", "open") and joint.closing is None:
            eager.append(address)
            if (joint.more == "open") is not bool(holds[joint.node.milestone]):
                yield f"{address!r} is {joint.more} while {holds[joint.node.milestone]} parts hold its milestone"
    missing = set(eager) - set(shared.eager)
    gone = {address for address in shared.eager if address not in execution.joints}
    if missing or gone or len(set(shared.eager)) != len(shared.eager):
        yield f"eager are {sorted(eager)}, known {shared.eager}"


def _meetings(execution: Execution) -> Iterator[str]:
    for address, joint in execution.joints.items():
        if not isinstance(joint.node, Gathering):
            continue
        arrivals: Arrivals = joint.more
        waiting = 0
        for meet in joint.node.meets:
            name, needs = meet.meeting.name, meet.meeting.needs
            rounds = arrivals.rounds.get(name, 0)
            left = [arrivals.came.get(f"{name}/{party}", 0) - rounds * count for party, count in needs]
            waiting += sum(left)
            if min(left) < 0:
                yield f"{address!r} has used more arrivals at {name!r} than there were: {left}"
            if all(kept >= count for kept, (_, count) in zip(left, needs, strict=True)):
                yield f"all are there at {name!r} of {address!r}, and it was not held"
            if arrivals.held.get(name, 0) > rounds:
                yield f"{name!r} of {address!r} was held more often than all were there"
        if waiting != len(arrivals.brought):
            yield f"{waiting} wait at {address!r}, and {len(arrivals.brought)} have brought something"
        if arrivals.ended is not None and not joint.live and joint.closing is None:
            yield f"{address!r} has ended, and is still there"


def _signals(execution: Execution) -> Iterator[str]:
    numbers = [kept.seq for kept in execution.mailbox]
    if numbers != sorted(set(numbers)):
        yield f"the mailbox is out of order: {numbers}"
    if execution.held is not None:
        return  # what is kept is taken after the resume
    for place in execution.threads.values():
        if not isinstance(place, Active) or not isinstance(place.node, HandleSignal) or place.kept is not None:
            continue
        if place.problem is not None or blocker(execution.joints, execution.shared.locks, place.home) is not None:
            continue
        for kept in execution.mailbox:
            if kept.signal != place.node.signal.name:
                continue
            request = execution.codec.decode(kept.request, place.node.signal.request)
            if takes_request(place, place.node, request):
                yield f"{place.address!r} waits for a signal that is kept in entry {kept.seq}"


def _end(execution: Execution) -> Iterator[str]:
    if execution.ended is None and not execution.threads:
        yield "nothing is left, and there is no outcome"
    if execution.outcome is not None and (execution.joints or execution.drains or execution.shared.locks):
        yield f"it has ended, and left {sorted(execution.joints)}, {execution.drains}, {execution.shared.locks}"


def unhandled(execution: Execution) -> set[int]:
    """Return the kept signals that nobody has handled: those in the mailbox, and those that places have taken."""
    taken = [place.kept for place in execution.threads.values() if isinstance(place, Active)]
    return {kept.seq for kept in (*execution.mailbox, *taken) if kept is not None}


def shape(execution: Execution) -> dict[str, Any]:
    """Return what an execution consists of, as values that can be compared and printed."""
    shared = execution.shared
    return {
        "seq": execution.seq,
        "threads": {prefix: _place(place) for prefix, place in sorted(execution.threads.items())},
        "joints": {address: _joint(joint) for address, joint in sorted(execution.joints.items())},
        "mailbox": execution.mailbox,
        "shared": (shared.gates, dict(shared.locks), shared.gated, dict(shared.held), shared.over, shared.eager),
        "drains": execution.drains,
        "ended": execution.ended and (str(execution.ended.outcome), execution.ended.recorded),
    }


def _place(place: Active | Parked) -> object:
    if isinstance(place, Parked):
        return place.joint
    scope = place.scope.prefix
    return place.address, str(place.value), scope, place.standing, place.problem, place.kept, place.gated


def _joint(joint: Joint) -> object:
    closing = joint.closing and (joint.closing.home.prefix, str(joint.closing.value), str(joint.closing.failure))
    return (
        type(joint.node).__name__,
        str(joint.value),
        (joint.home.prefix, joint.home.joint, joint.home.key),
        sorted(joint.live.items()),
        sorted((key, str(result)) for key, result in joint.results.items()),
        joint.passed,
        closing,
        joint.drains,
        [strand.home.prefix for strand in joint.waiting],
        _more(joint.more),
    )


def _more(more: Any) -> object:
    if isinstance(more, Elements):
        return more.keys, more.begun, more.added
    if isinstance(more, Undoing):
        return len(programs(more.undos)), more.begun, str(more.then)
    if isinstance(more, Stages):
        return sorted(more.running), more.begun, more.ended is None
    if isinstance(more, Arrivals):
        counts = (sorted(more.came.items()), sorted(more.rounds.items()), sorted(more.held.items()))
        return counts, sorted((key, str(value)) for key, value in more.brought.items()), more.ended is None
    return more
