"""How far does an instance get without a new entry? The walk of its threads from one recorded place to the next.

The walk goes into programs until it meets a step, and comes out of frames with a value or a failure until
one of them leads into a program again. It calls the user's pure functions and nothing else. It is a loop,
so neither a long chain nor a long history can exhaust Python's stack.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, TypeAlias, cast

from returns.result import Failure, Result, Success

from interpreters.errors import DraftReached, EndlessRounds, UndeclaredTarget, WrongReturn
from interpreters.machine.addresses import Scope, arm_scope, handler_name, numbered, part_scope, round_scope
from interpreters.machine.branches import waits_to_enter
from interpreters.machine.calling import call, place_in, yielded
from interpreters.machine.checkpoints import (
    Checkpointed,
    end_of_round,
    form_of,
    part_at,
    parts_around,
    round_of,
    with_closed,
)
from interpreters.machine.execution import (
    Active,
    Attempts,
    Cancelled,
    Closed,
    Deadline,
    Ended,
    GaveUp,
    Going,
    Home,
    Offer,
    Unread,
    Unrecorded,
)
from interpreters.machine.frames import (
    Answering,
    Checkpointing,
    Continuing,
    Finishing,
    Following,
    Frame,
    Frames,
    Guarding,
    Leaving,
    Recursing,
    Repeating,
    Staying,
    Trying,
    Undoing,
)
from interpreters.machine.gathering import arrive_at_meeting
from interpreters.machine.joints import arrive, open_joint
from interpreters.machine.locking import joints_around
from interpreters.machine.moving import Moving
from interpreters.machine.recorded import Onward
from interpreters.machine.settling import settle, stand
from interpreters.machine.undoing import Undo, add_undo
from interpreters.machine.watching import leave_region
from interpreters.machine.withdrawing import withdraw_drain
from wio.control import NoArmMatched
from wio.machines import Goto, Stop
from wio.names import name_of
from wio.nodes import (
    WIO,
    AndThen,
    Answer,
    Arrive,
    Branch,
    Caught,
    Check,
    Checkpoint,
    Compute,
    Critical,
    Done,
    Draft,
    During,
    Fail,
    Feed,
    FirstOf,
    FlatMap,
    ForEach,
    Function,
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
    Retrying,
    RunChild,
    RunIO,
    Saga,
    SetAttributes,
    State,
    TransformOutput,
    Undoable,
    Wait,
    Watched,
    node_of,
)

_Inside: TypeAlias = tuple[Any, "Failure[Any] | None", Scope, Frames]
_Outside: TypeAlias = tuple["Node | None", Any, "Failure[Any] | None", Scope, Frames]

MOST_ROUNDS = 1_000_000
"""Is how often parts may begin again within one transition: rounds, states, recursions, continuations, threads."""

_AGAIN = 50
"""Is how many rounds a trigger that begins again counts, and one more element: each costs more than the last one."""

_CHARACTERS_PER_ROUND = 25
"""Is of how much address a level of a recursion counts as one round more: each level keeps a longer one."""

_FRESH = Attempts()
_NO_DEADLINE = Deadline()
_NO_OFFER = Offer()
_UNRECORDED = Unrecorded()
_UNREAD = Unread()


def advance(moving: Moving) -> None:
    """Let every thread in `todo` go on until it stands at a step, waits at a joint, has ended, or one has halted.

    Raises `UserFunctionRaised` or `DraftReached`.
    """
    todo = moving.todo
    most = MOST_ROUNDS + len(todo)  # those of a wide part that begin together are no rounds
    begun = 0
    while moving.halted is None:
        settle(moving)
        if not todo:
            return
        strand = todo.pop()
        begun += _AGAIN if _begins_again(strand.home.key) else 1
        if begun > most:
            raise _endless("What begins again", place_in(strand.scope))
        if moving.is_live(strand.home):
            walk(moving, strand.node, strand.value, strand.failure, strand.scope, strand.frames, strand.home)


def _begins_again(key: str) -> bool:
    """Tell whether a thread is a trigger that begins again, or what adds elements to a for-each."""
    first = key[:1]
    return first == "+" or (first != "[" and "#" in key)


def walk(
    moving: Moving,
    node: Node | None,
    value: Any,
    failure: Failure[Any] | None,
    scope: Scope,
    frames: Frames,
    home: Home,
) -> None:
    """Go in while there is a node, come out while there is none, until one thread stands or has ended.

    While `failure` is set, `value` stays the latest value that was flowing.
    """
    while True:
        if node is not None:
            inside = _go_in(moving, node, value, scope, frames, home)
            if inside is None:
                return
            if isinstance(inside, Active):
                if moving.mailbox or moving.shared.gates:
                    stand(moving, inside)
                else:
                    moving.put(inside)
                return
            value, failure, scope, frames = inside
            node = None
        while node is None:
            if frames is None:
                _end(moving, value, failure, scope, home)
                return
            # The commonest frame by far is taken off here, without a call.
            if failure is None and isinstance(frames, Following):
                node, frames = node_of(frames.program), frames.below
                break
            outside = _come_out(moving, frames, value, failure, scope, home)
            if isinstance(outside, Active):
                stand(moving, outside)
                return
            node, value, failure, scope, frames = outside


def _end(moving: Moving, value: Any, failure: Failure[Any] | None, scope: Scope, home: Home) -> None:
    if home.joint is not None:
        arrive(moving, home, value, failure, scope)
        return
    moving.drop(home.prefix)
    failing = moving.shared.failing
    failure = failure if failing is None else Failure(failing)
    moving.ended = Ended(Success(value) if failure is None else failure, value)
    if failure is not None:
        drains, moving.drains = moving.drains, ()
        for address in drains:
            withdraw_drain(moving, address)


def _go_in(moving: Moving, node: Node, value: Any, scope: Scope, frames: Frames, home: Home) -> Active | _Inside | None:
    """Return the first step in a program, or the value or failure with which it ends without one.

    None says that the thread waits at a joint, has halted, or has been withdrawn.
    """
    while True:
        match node:
            # The commonest node comes first; the others stand in the order of `wio.nodes`.
            case RunIO() | HandleSignal():
                address, scope = scope.place(node.name)
                return Active(node, address, value, scope, frames, home, _FRESH, moving.seq)
            case Pure(constant):
                return constant, None, scope, frames
            case Fail(error):
                return value, Failure(error), scope, frames
            case Compute(function):
                return call(function, scope, value), None, scope, frames
            case Check(function):
                checked = _result_of(call(function, scope, value), function, scope, "A check")
                if isinstance(checked, Failure):
                    return value, checked, scope, frames
                return checked.unwrap(), None, scope, frames
            case Wait():
                address, scope = scope.place(node.name)
                return Active(node, address, value, scope, frames, home, _NO_DEADLINE)
            case Draft(name):
                raise DraftReached(f"The workflow, at {scope.place(name)[0]!r},", (name,))
            case Record() | SetAttributes() | Publish() | RunChild() | ForEach():
                if isinstance(node, ForEach) and waits_to_enter(moving, node, value, scope, frames, home):
                    return None
                address, scope = scope.place(node.name)
                return Active(node, address, value, scope, frames, home, _UNRECORDED)
            case OfferTask():
                address, scope = scope.place(node.name)
                return Active(node, address, value, scope, frames, home, _NO_OFFER)
            case Leave(region, result):
                leave_region(moving, region, call(result, scope, value), frames, home)
                settle(moving)
                return (value, None, scope, frames) if moving.is_live(home) else None
            case Arrive():
                arrive_at_meeting(moving, node, value, scope, frames, home)
                return value, None, scope, frames
            case AndThen(first, second):
                frames, node = Following(second, frames), node_of(first)
            case FlatMap(base):
                frames, node = Continuing(node, value, frames), node_of(base)
            case TransformOutput(base):
                frames, node = Finishing(node, value, frames), node_of(base)
            case Branch():
                address, scope = scope.place(node.name)
                chosen = _chosen_arm(node, value, address)
                if chosen is None:
                    return value, Failure(NoArmMatched(node.name, value)), scope, frames
                name, body, value = chosen
                frames, scope, node = Leaving(scope, frames), arm_scope(address, name), node_of(body)
                _observe(moving, scope, body)
            case Loop() | Machine() | Checkpoint():
                address, scope = scope.place(node.name)
                if moving.recovering and form_of(node) is not None:
                    moving.halt(Active(node, address, value, scope, frames, home, _UNREAD))
                    return None
                inside, value, _, scope, frames = go_into_part(moving, node, address, value, scope, frames)
                if inside is None:
                    return value, None, scope, frames
                node = inside
            case Recovered():
                address, scope = scope.place(node.name)
                if moving.recovering:
                    moving.halt(Active(node, address, value, scope, frames, home, _UNREAD))
                    return None
                return value, None, scope, frames
            case Recursive(body):
                address, outer = scope.place(node.name)
                frames, scope, node = Recursing(node, outer, frames), part_scope(address), node_of(body)
                _observe(moving, scope, body)
            case Recur(name):
                moving.rounds += 1 + len(scope.prefix) // _CHARACTERS_PER_ROUND
                if moving.rounds > MOST_ROUNDS:
                    raise _endless(f"The recursion {name!r}", place_in(scope))
                node = _level_around(moving, name, frames, home, scope)
            case Retrying(base):
                frames, node = Trying(node, value, frames), node_of(base)
            case HandleError(base):
                frames, node = Guarding(node, value, frames), node_of(base)
            case Answer(_, _, base):
                frames, node = Answering(node, frames), node_of(base)
            case Named(base):
                address, scope = scope.place(node.name)
                frames, scope, node = Leaving(scope, frames), part_scope(address), node_of(base)
            case Undoable(base):
                frames, node = Undoing(node, value, frames), node_of(base)
            case (
                Parallel() | FirstOf() | Watched() | InRegion() | Critical() | Hold() | During() | Gathering() | Saga()
            ):
                open_joint(moving, node, value, scope, frames, home)
                return None


def go_into_part(
    moving: Moving, node: Checkpointed, address: str, value: Any, scope: Scope, frames: Frames
) -> _Outside:
    """Begin the part at an address: its program, or the value with which it is over."""
    match node:
        case Loop(body):
            if node.test is LoopTest.BEFORE:
                ends, end = yielded(node.until, value, address)
                if ends:
                    return None, end, None, scope, frames
            repeating = Repeating(node, address, 1, False, scope, frames)
            return node_of(body), value, None, round_scope(address, 1), repeating
        case Machine():
            state = _first_state(node, value, address)
            staying = Staying(node, address, state, {state.name: 1}, scope, frames)
            inside = arm_scope(address, state.name)
            _observe(moving, inside, state.body)
            return node_of(state.body), value, None, inside, staying
        case Checkpoint(base):
            return node_of(base), value, None, part_scope(address), Checkpointing(node, address, scope, frames)


def leave_checkpoint(
    moving: Moving, node: Checkpointed, address: str, value: Any, onward: Onward, scope: Scope, frames: Frames
) -> _Outside:
    """Go on from a checkpoint: behind its part, with the next round, or in the next state."""
    match node:
        case Loop(body):
            number = round_of(address) + 1
            repeating = Repeating(node, part_at(address), number, False, scope, frames)
            return node_of(body), value, None, round_scope(repeating.address, number), repeating
        case Machine():
            state, part, visits = _state(node, onward.state), part_at(address), onward.visits
            inside = arm_scope(part, numbered(state.name, visits[state.name]))
            _observe(moving, inside, state.body)
            return node_of(state.body), value, None, inside, Staying(node, part, state, visits, scope, frames)
        case Checkpoint():
            return None, value, None, scope, frames


def _observe(moving: Moving, scope: Scope, program: WIO[Any, Any, Any], dynamic: FlatMap | None = None) -> None:
    if moving.observe is not None:
        moving.observe(dynamic, scope.prefix, program)


def _come_out(
    moving: Moving, frame: Frame, value: Any, failure: Failure[Any] | None, scope: Scope, home: Home
) -> _Outside | Active:
    """Take one frame off the stack, and go on as it says: into a program, further out, or to record a checkpoint."""
    below = frame.below
    match frame:
        case Following(program):
            return (node_of(program) if failure is None else None), value, failure, scope, below
        case Continuing(dynamic, given):
            if failure is not None:
                return None, value, failure, scope, below
            moving.rounds += 1
            if moving.rounds > MOST_ROUNDS:
                raise _endless(name_of(dynamic.continuation, "A continuation"), place_in(scope))
            program = _program(call(dynamic.continuation, scope, value), dynamic, scope)
            _observe(moving, scope, program, dynamic)
            fed = given if dynamic.feed is Feed.INPUT else value
            return node_of(program), fed, None, scope, below
        case Finishing(transform, given):
            output = value if failure is not None else call(transform.function, scope, given, value)
            return None, output, failure, scope, below
        case Guarding(guarded, given):
            if failure is None or not _takes(guarded, failure.failure()):
                return None, value, failure, scope, below
            address, outer = scope.place(handler_name(guarded.on))
            caught = Caught(given, failure.failure(), value)
            _observe(moving, part_scope(address), guarded.handler)
            return node_of(guarded.handler), caught, None, part_scope(address), Leaving(outer, below)
        case Answering(answering):
            part = next(parts_around(moving.joints, below, home), "") if moving.has_parts else ""
            moving.closed = with_closed(moving.closed, Closed(answering, value, part))
            return None, value, failure, scope, below
        case Repeating():
            return _next_round(moving, frame, value, failure, scope, home)
        case Checkpointing(checkpoint, address, outer):
            if failure is not None:
                return None, value, failure, outer, below
            return Active(checkpoint, address, value, outer, below, home, _UNRECORDED)
        case Leaving(outer) | Recursing(_, outer):
            return None, value, failure, outer, below
        case Staying():
            return _next_state(moving, frame, value, failure, home)
        case Undoing(undoable, given):
            if failure is None:
                add_undo(moving, below, home, Undo(undoable.undo, Done(given, value), None))
            return None, value, failure, scope, below
        case Trying(retrying, given):
            if failure is None or retrying.give_up is None or not isinstance(failure.failure(), GaveUp):
                return None, value, failure, scope, below
            ended = call(retrying.give_up, scope, given, failure.failure().given_up)
            result = _result_of(ended, retrying.give_up, scope, "A give_up")
            if isinstance(result, Failure):
                return None, value, result, scope, below
            return None, result.unwrap(), None, scope, below


def _next_round(
    moving: Moving, frame: Repeating, value: Any, failure: Failure[Any] | None, scope: Scope, home: Home
) -> _Outside | Active:
    """End the loop, take its way back, or start its next round; the way back belongs to the round before it."""
    loop, address, outer = frame.node, frame.address, frame.outer
    if failure is not None:
        return None, value, failure, outer, frame.below
    asks = not frame.on_way_back if loop.test is LoopTest.AFTER else loop.back is None or frame.on_way_back
    if asks:
        ends, end = yielded(loop.until, value, address)
        if ends:
            return None, end, None, outer, frame.below
    if loop.back is not None and not frame.on_way_back:
        back = Repeating(loop, address, frame.round, True, outer, frame.below)
        return node_of(loop.back), value, None, scope, back
    if loop.checkpoint is not None:
        return Active(loop, end_of_round(address, frame.round), value, outer, frame.below, home, _UNRECORDED)
    moving.rounds += 1
    if moving.rounds > MOST_ROUNDS:
        raise _endless(f"The loop {loop.name!r}", address)
    number = frame.round + 1
    following = Repeating(loop, address, number, False, outer, frame.below)
    return node_of(loop.body), value, None, round_scope(address, number), following


def _next_state(
    moving: Moving, frame: Staying, value: Any, failure: Failure[Any] | None, home: Home
) -> _Outside | Active:
    """Go to the state that the present one has named, or out of the machine."""
    if failure is not None:
        return None, value, failure, frame.outer, frame.below
    said: object = value
    if isinstance(said, Stop):
        return None, cast("Stop[Any]", cast(object, said)).value, None, frame.outer, frame.below
    if not isinstance(said, Goto):
        raise WrongReturn(f"State {frame.state.name!r}", frame.address, said, "a Goto or a Stop")
    goto = cast("Goto[Any]", cast(object, said))
    if goto.state not in frame.state.to:
        raise UndeclaredTarget(frame.address, frame.state.name, goto.state, frame.state.to)
    state = _state(frame.node, goto.state)
    number = frame.visits.get(state.name, 0) + 1
    visits = {**frame.visits, state.name: number}
    if frame.node.checkpoint is not None:
        ended = numbered(frame.state.name, frame.visits[frame.state.name])
        at = f"{frame.address}[{ended}]"
        return Active(frame.node, at, goto.value, frame.outer, frame.below, home, Going(state.name, visits))
    moving.rounds += 1
    if moving.rounds > MOST_ROUNDS:
        raise _endless(f"The machine {frame.node.name!r}", frame.address)
    staying = Staying(frame.node, frame.address, state, visits, frame.outer, frame.below)
    inside = arm_scope(frame.address, numbered(state.name, number))
    _observe(moving, inside, state.body)
    return node_of(state.body), goto.value, None, inside, staying


def _endless(part: str, address: str) -> EndlessRounds:
    return EndlessRounds(part, address, f"more than {MOST_ROUNDS:,} rounds")


def _first_state(machine: Machine, value: Any, address: str) -> State:
    if not callable(machine.start):
        return _state(machine, machine.start)
    name: object = call(machine.start, address, value)
    names = tuple(state.name for state in machine.states)
    if name not in names:
        raise UndeclaredTarget(address, "", f"{name}", names)
    return _state(machine, str(name))


def _state(machine: Machine, name: str) -> State:
    return next(state for state in machine.states if state.name == name)


def _level_around(moving: Moving, name: str, frames: Frames, home: Home, scope: Scope) -> Recursive:
    """Return the recursive part of a name around a place."""
    around = (joint.frames for joint, _ in joints_around(moving.joints, home))  # the nearest is found first
    for stack in chain((frames,), around):
        frame: Frames = stack
        while frame is not None:
            if isinstance(frame, Recursing) and frame.node.name == name:
                return frame.node
            frame = frame.below
    raise WrongReturn(f"The call of {name!r}", place_in(scope), name, "inside recursive(...) of that name")


def _chosen_arm(branch: Branch, value: Any, address: str) -> tuple[str, WIO[Any, Any, Any], Any] | None:
    """Return the name, the body and the input of the arm to take, or None."""
    for arm in branch.arms:
        found, inside = (True, value) if arm.guard is None else yielded(arm.guard, value, address)
        if found:
            return arm.name, arm.body, inside
    return None if branch.default is None else ("default", branch.default, value)


def _takes(guarded: HandleError, error: object) -> bool:
    return not isinstance(error, Cancelled | GaveUp) and (guarded.on is None or isinstance(error, guarded.on))


def _result_of(checked: object, function: Function, scope: Scope, what: str) -> Result[Any, Any]:
    if isinstance(checked, Result):
        return cast("Result[Any, Any]", cast(object, checked))
    raise WrongReturn(name_of(function, what), place_in(scope), checked, "a Result")


def _program(made: object, dynamic: FlatMap, scope: Scope) -> WIO[Any, Any, Any]:
    if isinstance(made, WIO):
        return cast("WIO[Any, Any, Any]", cast(object, made))
    raise WrongReturn(name_of(dynamic.continuation, "A continuation"), place_in(scope), made, "a WIO")
