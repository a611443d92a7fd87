"""Does each rule about the structure speak where it should, and keep silent where it should?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import attrs
import pytest
from returns.result import Failure, Result

from interpreters.lint import Level, lint, problems
from interpreters.lint.clashing_definitions import clashing_definitions
from interpreters.lint.clashing_names import clashing_names
from interpreters.lint.crossed_locks import crossed_locks
from interpreters.lint.dead_handlers import dead_handlers
from interpreters.lint.decided_at_once import decided_at_once
from interpreters.lint.endless_recursion import endless_recursion
from interpreters.lint.endless_states import endless_states
from interpreters.lint.finding import Rule
from interpreters.lint.idle_milestones import idle_milestones
from interpreters.lint.lost_arrivals import lost_arrivals
from interpreters.lint.lost_leaves import lost_leaves
from interpreters.lint.lost_recursion import lost_recursion
from interpreters.lint.lost_undos import lost_undos
from interpreters.lint.needless_handlers import needless_handlers
from interpreters.lint.rules import CHECKS
from interpreters.lint.shared_signals import shared_signals
from interpreters.lint.spinning import spinning
from interpreters.lint.unreachable_states import unreachable_states
from interpreters.lint.unretried_undos import unretried_undos
from interpreters.lint.unsatisfiable_joins import unsatisfiable_joins
from wio import (
    WIO,
    Goto,
    Meeting,
    Region,
    Rest,
    Retry,
    Signal,
    Stop,
    Task,
    Workflow,
    alongside,
    arrive,
    branch,
    check,
    compute,
    critical,
    decline,
    during,
    fail,
    first_of,
    for_each,
    gather,
    hold,
    interrupt,
    leave,
    loop,
    machine,
    meet,
    multi_merge,
    new_uuid,
    now,
    on_cancel,
    parallel,
    publish,
    pure,
    race,
    random_number,
    receive_signal,
    recursive,
    region,
    repeat_while,
    retrying,
    run_io,
    saga,
    scope,
    start_child,
    state,
    task,
    timeout,
    undoable,
    wait,
    wait_until,
    when,
)
from wio.nodes import Arm, Branch, FirstOf, Handler, Machine, Parallel, Recur, State, Watch, Watched

Program = WIO[Any, Any, Any]


def measured(value: object) -> int:
    """Is the effect of most steps."""
    return len(str(value))


def yes(_: object) -> bool:
    """Is every condition."""
    return True


def goes_on(value: Any) -> Goto[Any]:
    """Never stop."""
    return Goto("a", value)


def goes_on_or_stops(value: Any) -> Goto[Any] | Stop[Any]:
    """Stop some time."""
    return Stop(value)


def unreadable(_: Any) -> Nothing:  # type: ignore[name-defined]  # noqa: F821
    """Be annotated with what there is not."""


def refused(value: Any) -> Result[Any, str]:
    """Fail."""
    return Failure(str(value))


def told(signal: Signal[Any, Any], name: str = "", *, keyed: bool = False) -> Program:
    """Return a step that waits for a signal."""
    return receive_signal(
        signal, lambda _, said: said, respond=lambda _, said: said, match=str if keyed else None, name=name
    )


def at(name: str, body: Program, function: Any, *to: str) -> Any:
    """Return a state whose body ends with what a function says."""
    return state(name, body.map(function), to=to)


AREA = Region("area", result=int)
PATIENT = Retry(attempts=3)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOLO = Meeting("solo", brings=object, needs={"a": 1})
OTHER_SOLO = Meeting("solo", brings=object, needs={"a": 2})
PAIR = Meeting("pair", brings=object, needs={"a": 1, "b": 1})
SAY = Signal("say", request=str, response=str, correlation=str)
STOP = Signal("stop", request=str, response=str)
step: Program = run_io(measured, name="step")
other: Program = run_io(measured, name="other")
done: Program = compute(measured)
pause: Program = wait(timedelta(1))
at_once: Program = wait(timedelta(0))
noon: Program = wait_until(NOON)
late: Program = pause >> fail("late")
maybe: Program = branch(when(yes) >> step, default=done)
nowhere: Program = Recur("down")


def recursing(build: Any) -> Program:
    """Return what `build` makes of itself."""
    return recursive("down", build)


def cancelling(name: str) -> Handler:
    """Return a handler for being cancelled."""
    return Handler(Watch.CANCEL, None, step, name)


def with_join(join: int) -> Program:
    """Return a parallel part whose join no constructor has seen."""
    return attrs.evolve(cast(Parallel, parallel(step, other)), join=join)


def doubled(opening: str) -> Program:
    """Return a node of which two parts have the same name, as no constructor makes it."""
    arms = (Arm(None, step, name="a"), Arm(None, other, name="a"))
    handler = Handler(Watch.INTERRUPT, pause, None, "a")
    made: dict[str, Program] = {
        "branch": Branch(arms),
        "parallel": Parallel(arms),
        "first": FirstOf(arms),
        "machine": Machine((State("a", step), State("a", step)), "a"),
        "scope": Watched(step, (handler, handler)),
    }
    return made[opening]


LOOPING = [
    (spinning, loop(done, until=yes), [("warning", "loop")]),
    (spinning, loop(done, until=yes, checkpoint=int), [("warning", "loop")]),
    (spinning, loop(done >> branch(when(yes) >> late, default=done), until=yes), [("warning", "loop")]),
    (spinning, repeat_while(yes, done), [("warning", "loop")]),
    (spinning, repeat_while(yes, maybe), [("warning", "loop")]),
    (spinning, loop(step, until=yes), []),
    (spinning, loop(done, until=yes, back=pause), []),
    (spinning, loop(now().map(str), until=yes), [("warning", "loop")]),
    (spinning, loop(now() >> random_number() >> new_uuid(), until=yes, back=at_once), [("warning", "loop")]),
    (spinning, loop(now() >> step, until=yes), []),
    (spinning, loop(publish("news", str), until=yes), [("warning", "loop")]),
    (spinning, loop(publish("news", str) >> step, until=yes), []),
    (spinning, loop(at_once, until=yes), [("warning", "loop")]),
    (spinning, loop(wait(timedelta(-1)), until=yes), [("warning", "loop")]),
    (spinning, loop(wait(lambda _: timedelta(0)), until=yes), []),
    (spinning, loop(noon, until=yes), [("warning", "loop")]),
    (spinning, loop(wait_until(lambda _: NOON), until=yes), []),
    (spinning, loop(for_each(list, step), until=yes), [("warning", "loop")]),
    (spinning, loop(for_each(list, done), until=yes), [("warning", "loop")]),
    (spinning, loop(for_each(list, step), until=yes, back=pause), []),
    (spinning, loop(parallel(step, join=0), until=yes), [("warning", "loop")]),
    (spinning, loop(parallel(step, join=0, rest=Rest.BLOCK), until=yes), []),
    (spinning, loop(for_each(list, step, join=0), until=yes), [("warning", "loop")]),
    (spinning, loop(parallel(when(yes) >> step, other), until=yes), []),
    (spinning, loop(parallel(when(yes) >> step), until=yes), [("warning", "loop")]),
    (spinning, loop(multi_merge(done, done.named("b"), each=done), until=yes), [("warning", "loop")]),
    (spinning, loop(multi_merge(done, done.named("b"), each=step), until=yes), []),
    (spinning, loop(done.flat_map(lambda _: step), until=yes), []),
    (spinning, machine(at("a", done, goes_on, "a"), start="a"), [("warning", "machine")]),
    (spinning, machine(at("a", now(), goes_on, "a"), start="a"), [("warning", "machine")]),
    (spinning, machine(at("a", maybe, goes_on, "a"), start="a"), [("warning", "machine")]),
    (
        spinning,
        machine(at("a", maybe, goes_on, "b", "a") | at("b", done, goes_on, "b"), start="a"),
        [("warning", "machine")],
    ),
    (
        spinning,
        machine(at("a", done, goes_on, "b") | at("b", step, goes_on, "a"), start="a"),
        [],
    ),
    (spinning, machine(at("a", done, goes_on, "b") | at("b", done, Stop), start="a"), []),
    (spinning, recursing(lambda again: branch(when(yes) >> again, default=done)), [("warning", "down")]),
    (spinning, recursing(lambda again: branch(when(yes) >> again, default=now())), [("warning", "down")]),
    (spinning, recursing(lambda again: branch(when(yes) >> (step >> again), default=done)), []),
    (spinning, recursing(lambda again: done >> again), [("error", "down")]),
    (spinning, recursing(lambda again: at_once >> again), [("error", "down")]),
    (spinning, recursing(lambda again: check(refused) >> again), [("warning", "down")]),
    (spinning, recursing(lambda again: again >> step), [("error", "down")]),
    (spinning, recursing(lambda again: parallel(again, step)), [("error", "down")]),
    (spinning, recursing(lambda again: branch(when(yes) >> again, default=step >> again)), [("note", "down")]),
    (
        spinning,
        recursing(lambda again: branch(when(yes) >> parallel(again, again.named("b")), default=step)),
        [("note", "down")],
    ),
    (spinning, scope(step, alongside(done, other), alongside(pause, other)), [("error", "scope[alongside]")]),
    (spinning, scope(step, alongside(now(), other)), [("error", "scope[now]")]),
    (spinning, scope(step, alongside(at_once, other)), [("error", "scope[wait]")]),
    (spinning, scope(step, alongside(noon, other)), [("error", "scope[wait]")]),
    (spinning, scope(noon, alongside(done, other)), [("error", "scope[alongside]")]),
    (spinning, scope(step, alongside(maybe, other)), [("warning", "scope[branch]")]),
    (spinning, scope(done, alongside(done, other)), []),
    (spinning, for_each(list, step, add=done), [("error", "each[+*]")]),
    (spinning, for_each(list, step, add=now()), [("error", "each[+*]")]),
    (spinning, for_each(list, step, add=at_once), [("error", "each[+*]")]),
    (spinning, for_each(list, step, add=new_uuid() >> random_number()), [("error", "each[+*]")]),
    (spinning, for_each(list, step, add=maybe), [("warning", "each[+*]")]),
    (spinning, for_each(list, done, add=done), []),
    (spinning, for_each(list, step, add=told(SAY)), []),
    (spinning, gather(arrive(SOLO, "a"), meet(SOLO, arrive(SOLO, "a") >> step)), [("warning", "gather[solo]")]),
    (
        spinning,
        gather(arrive(SOLO, "a"), meet(SOLO, maybe >> arrive(SOLO, "a"))),
        [("warning", "gather[solo]")],
    ),
    (spinning, gather(arrive(SOLO, "a"), meet(SOLO, now() >> arrive(SOLO, "a"))), [("warning", "gather[solo]")]),
    (spinning, gather(step >> arrive(PAIR, "a"), meet(PAIR, arrive(SOLO, "a")), meet(SOLO, step)), []),
    (
        spinning,
        gather(step >> arrive(PAIR, "a"), meet(PAIR, arrive(SOLO, "a")), meet(SOLO, arrive(PAIR, "b"))),
        [("warning", "gather[pair]")],
    ),
    (spinning, gather(arrive(SOLO, "a"), meet(SOLO, step >> arrive(SOLO, "a"))), []),
    (
        unsatisfiable_joins,
        gather(step >> arrive(PAIR, "a"), meet(PAIR, other)).named("part"),
        [("warning", "part")],
    ),
    (unsatisfiable_joins, gather(arrive(PAIR, "a") >> step >> decline(PAIR, "b"), meet(PAIR, other)), []),
    (unsatisfiable_joins, gather(step.flat_map(lambda _: arrive(PAIR, "b")), meet(PAIR, other)), []),
    (lost_arrivals, (step >> arrive(SOLO, "a")).named("part"), [("error", "part")]),
    (lost_arrivals, gather(step >> arrive(PAIR, "a"), meet(SOLO, other)), [("error", "gather")]),
    (lost_arrivals, gather(gather(arrive(SOLO, "a"), meet(PAIR, decline(PAIR, "b"))), meet(SOLO, other)), []),
    (
        lost_arrivals,
        saga(gather(undoable(step, arrive(SOLO, "a")), meet(SOLO, other))),
        [("error", "saga[undo *]")],
    ),
    (endless_recursion, recursing(lambda again: step >> again), [("warning", "down")]),
    (endless_recursion, recursing(lambda again: branch(when(yes) >> (step >> again), default=done)), []),
    (endless_recursion, timeout(recursing(lambda again: step >> again), timedelta(1)), []),
    (endless_recursion, race(recursing(lambda again: step >> again), other), []),
    (
        endless_recursion,
        parallel(recursing(lambda again: step >> again), other, join=1),
        [("warning", "parallel[down]/down")],
    ),
    (lost_recursion, (step >> nowhere).named("part"), [("error", "part/down")]),
    (lost_recursion, recursing(lambda again: saga(undoable(step, again)) >> branch(when(yes) >> again)), []),
    (
        lost_recursion,
        saga(recursing(lambda again: undoable(step, again) >> branch(when(yes) >> again))),
        [("error", "saga[undo *]/down")],
    ),
    (
        unreachable_states,
        machine(at("a", step, goes_on, "b") | at("b", step, Stop) | at("c", step, goes_on, "c"), start="a"),
        [("error", "machine[c]")],
    ),
    (unreachable_states, machine(at("a", step, goes_on, "b") | at("b", step, Stop), start="a"), []),
    (unreachable_states, machine(at("a", step, Stop) | at("b", step, Stop), start=str), []),
    (endless_states, machine(at("a", step, goes_on, "a"), start="a"), [("warning", "machine")]),
    (
        endless_states,
        machine(at("a", step, goes_on_or_stops, "b") | at("b", step, goes_on, "b"), start="a"),
        [("warning", "machine[b]")],
    ),
    (endless_states, machine(at("a", step, goes_on, "b") | at("b", step, goes_on_or_stops), start="a"), []),
    (endless_states, scope(machine(at("a", step, goes_on, "a"), start="a"), interrupt(told(STOP))), []),
    (
        endless_states,
        scope(machine(at("a", step, goes_on, "a"), start="a"), alongside(told(STOP), step)),
        [("warning", "scope/machine")],
    ),
    (endless_states, region(AREA, machine(at("a", step, goes_on, "a"), start="a") >> leave(AREA, yes)), []),
    (endless_states, scope(step, interrupt(machine(at("a", step, goes_on, "a"), start="a"), name="i")), []),
    (endless_states, for_each(list, machine(at("a", step, goes_on, "a"), start="a"), finish=told(STOP)), []),
    (endless_states, for_each(list, step, add=machine(at("a", step, goes_on, "a"), start="a")), []),
    (endless_states, machine(at("a", step, unreadable, "a"), start="a"), []),
    (endless_states, machine(at("a", step, lambda _: 1, "a"), start="a"), []),
    (endless_states, machine(at("a", check(refused) >> step, goes_on, "a"), start="a"), []),
    (
        endless_states,
        machine(state("a", branch(when(yes) >> pure(Goto("a", 1)), default=pure(Stop(1))), to="a"), start="a"),
        [],
    ),
    (
        endless_states,
        machine(state("a", saga(branch(when(yes) >> pure(Goto("a", 1)), default=compute(goes_on))), to="a"), start="a"),
        [("warning", "machine")],
    ),
]

STEPPING = Workflow("stepping", version=1, input=object, root=step)
STEPPING_OTHERWISE = Workflow("stepping", version=1, input=object, root=other)

JOINING = [
    *((clashing_names, doubled(opening), [("error", f"{opening}[a]")]) for opening in ("branch", "parallel", "first")),
    *((clashing_names, doubled(opening), [("error", f"{opening}[a]")]) for opening in ("machine", "scope")),
    (clashing_names, Branch((Arm(yes, step, name="default"),), other), [("error", "branch[default]")]),
    (clashing_names, parallel(step, other) >> parallel(step, other), []),
    (unsatisfiable_joins, with_join(3), [("error", "parallel")]),
    (unsatisfiable_joins, with_join(2), []),
    (unsatisfiable_joins, FirstOf(()), [("error", "first")]),
    (unsatisfiable_joins, attrs.evolve(cast(Any, for_each(list, step)), at_once=0), [("error", "each")]),
    (unsatisfiable_joins, attrs.evolve(cast(Any, for_each(list, step)), join=-1), [("error", "each")]),
    (unsatisfiable_joins, parallel(step, late), [("warning", "parallel")]),
    (unsatisfiable_joins, multi_merge(step, other, each=late), [("warning", "merge")]),
    (unsatisfiable_joins, multi_merge(step, other, each=pause), []),
    (unsatisfiable_joins, parallel(step, late, join=1), []),
    (unsatisfiable_joins, parallel(step, when(yes) >> late), []),
    (unsatisfiable_joins, for_each(list, late), [("warning", "each")]),
    (unsatisfiable_joins, for_each(list, late, join=0), []),
    (decided_at_once, first_of(step, done, pause), [("error", "first[2]")]),
    (decided_at_once, first_of(publish("news", str, name="tell") >> told(STOP), told(SAY)), [("error", "first[tell]")]),
    (decided_at_once, first_of(now() >> told(STOP), told(SAY)), [("error", "first[now]")]),
    (decided_at_once, first_of(branch(when(yes) >> now(), default=new_uuid()), step), [("error", "first[branch]")]),
    (decided_at_once, first_of(branch(when(yes) >> now(), default=other), step), []),
    (decided_at_once, first_of(step >> now(), pause), []),
    (decided_at_once, first_of(critical("m", now()), pause), []),
    (decided_at_once, first_of(saga(undoable(done, step) >> fail(1)), pause), []),
    (decided_at_once, first_of(done.flat_map(lambda _: step), pause), []),
    (decided_at_once, first_of(step, pause), []),
    (decided_at_once, first_of(done), []),
    (decided_at_once, scope(step, interrupt(done, name="now")), [("error", "scope[now]")]),
    (decided_at_once, scope(step, alongside(fail(1), other, name="now")), [("error", "scope[now]")]),
    (decided_at_once, scope(step, interrupt(now(), other)), [("error", "scope[now]")]),
    (decided_at_once, scope(step, interrupt(now() >> told(STOP), other)), []),
    (decided_at_once, scope(step, alongside(now() >> fail(1), other, name="late")), [("error", "scope[late]")]),
    (decided_at_once, scope(step, alongside(now(), other)), []),
    (decided_at_once, scope(step, alongside(done, other)), []),
    (decided_at_once, scope(done, interrupt(done)), []),
    (decided_at_once, timeout(step, timedelta(1)), []),
    (decided_at_once, for_each(list, step, finish=done), [("error", "each[finish]")]),
    (decided_at_once, for_each(list, step, finish=now()), [("error", "each[finish]")]),
    (decided_at_once, for_each(list, step, finish=told(STOP)), []),
]

WATCHING = [
    (
        dead_handlers,
        scope(done, interrupt(told(STOP)), on_cancel(step)),
        [("error", "scope[stop]"), ("error", "scope[on cancel]")],
    ),
    (dead_handlers, scope(step, interrupt(told(STOP)), on_cancel(step)), []),
    (dead_handlers, Watched(step, (cancelling("one"), cancelling("too"))), [("error", "scope[too]")]),
    (
        dead_handlers,
        region(AREA, scope(leave(AREA, yes), on_cancel(step), interrupt(told(STOP)))),
        [("error", "area/scope[stop]")],
    ),
    (dead_handlers, scope(step, interrupt(late, other)), [("warning", "scope[wait]")]),
    (dead_handlers, scope(step, interrupt(late)), []),
    (dead_handlers, scope(recursing(lambda again: step >> again), interrupt(told(STOP), other)), []),
    (dead_handlers, scope(during("mark", done, done), interrupt(told(STOP), other)), []),
    (needless_handlers, step.handle_error(other), [("warning", "!error")]),
    (needless_handlers, (step >> check(refused)).handle_error(other), []),
    (needless_handlers, step.flat_map(lambda _: step).handle_error(other), []),
    (shared_signals, parallel(told(STOP, "a"), step >> told(STOP, "b")), [("warning", "parallel[step]/b")]),
    (shared_signals, parallel(told(STOP, "a"), told(SAY, "b")), []),
    (shared_signals, multi_merge(step, other, each=told(STOP)), [("warning", "merge[other]/stop")]),
    (shared_signals, multi_merge(step, other, each=told(SAY, keyed=True)), []),
    (
        shared_signals,
        first_of(multi_merge(done, step, each=told(SAY, keyed=True)), told(SAY)),
        [("warning", "first")],
    ),
    (shared_signals, first_of(multi_merge(other, step, each=told(SAY, keyed=True)), told(SAY)), []),
    (shared_signals, parallel(told(SAY, "a", keyed=True), told(SAY, "b", keyed=True)), []),
    (shared_signals, parallel(told(SAY, "a", keyed=True), told(SAY, "b")), [("warning", "parallel[b]/b")]),
    (
        shared_signals,
        parallel(told(SAY, "a", keyed=True) >> told(SAY, "b"), told(SAY, "c", keyed=True)),
        [("warning", "parallel[c]/c")],
    ),
    (shared_signals, told(STOP) >> told(STOP), []),
    (shared_signals, branch(when(yes) >> told(STOP), default=told(STOP)), []),
    (shared_signals, scope(told(STOP, "a"), interrupt(told(STOP, "b"))), [("warning", "scope[b]/b")]),
    (shared_signals, scope(step, interrupt(told(STOP), told(STOP))), []),
    (
        shared_signals,
        scope(parallel(told(STOP, "a"), step), interrupt(pause, told(STOP)), alongside(told(STOP), step)),
        [("warning", "scope[stop]/stop")],
    ),
    (shared_signals, scope(step, alongside(told(STOP), told(STOP))), [("warning", "scope[stop]/stop#2")]),
    (shared_signals, for_each(list, told(STOP)), [("warning", "each[*]/stop")]),
    (shared_signals, for_each(list, told(STOP), at_once=1), []),
    (shared_signals, for_each(list, told(SAY, keyed=True)), []),
    (shared_signals, first_of(told(STOP, "a"), told(STOP, "b")), [("warning", "first")]),
    (shared_signals, first_of(done >> told(STOP, "a"), told(STOP, "b")), [("warning", "first")]),
    (shared_signals, first_of(step >> told(STOP, "a"), pause >> told(STOP, "b")), []),
    (shared_signals, first_of(told(SAY, "a", keyed=True), told(SAY, "b", keyed=True)), []),
]

SHARING = [
    (
        crossed_locks,
        parallel(
            critical("m", step >> critical("n", step)).named("a"), critical("n", step >> critical("m", step)).named("b")
        ),
        [("warning", "parallel[b]/b/n/m")],
    ),
    (crossed_locks, critical("m", critical("n", step)) >> critical("n", critical("m", step)), []),
    (
        crossed_locks,
        for_each(list, critical("m", critical("n", step)) >> critical("n", critical("m", step))),
        [("warning", "each[*]/n/m")],
    ),
    (crossed_locks, parallel(critical("m", critical("n", step)), critical("m", critical("n", other))), []),
    (
        crossed_locks,
        parallel(critical("g", critical("m", critical("n", step))), critical("g", critical("n", critical("m", other)))),
        [],
    ),
    (
        crossed_locks,
        branch(when(yes) >> critical("m", critical("n", step)), default=critical("n", critical("m", step))),
        [],
    ),
    (idle_milestones, step >> during("mark", step, step), [("warning", "mark")]),
    (idle_milestones, parallel(hold("mark", step), during("mark", other, other)), []),
    (idle_milestones, during("mark", step, step).flat_map(lambda _: step), []),
    (lost_leaves, (step >> leave(AREA, yes)).named("part"), [("warning", "part")]),
    (lost_leaves, parallel(region(AREA, step), other >> leave(AREA, yes)), []),
    (lost_leaves, leave(AREA, yes).flat_map(lambda _: step), []),
    (lost_undos, (undoable(step, other) >> undoable(step, other)).named("part"), [("warning", "part")]),
    (lost_undos, saga(parallel(undoable(step, other), other)), []),
    (unretried_undos, saga(undoable(step, other)), [("note", "saga[undo *]/other")]),
    (unretried_undos, saga(retrying(undoable(step, other), PATIENT)), [("note", "saga[undo *]/other")]),
    (unretried_undos, saga(undoable(step, pause >> other) >> undoable(step, other)), [("note", "saga[undo *]/other")]),
    (unretried_undos, saga(undoable(step, pause)), []),
    (unretried_undos, saga(undoable(step, run_io(measured, retry=PATIENT))), []),
    (unretried_undos, saga(undoable(step, retrying(pause >> other, PATIENT))), []),
    (unretried_undos, retrying(saga(undoable(step, other)), PATIENT), []),
    (unretried_undos, retrying(parallel(saga(undoable(step, other)), step), PATIENT), []),
    (unretried_undos, saga(retrying(saga(undoable(step, other)), PATIENT)), []),
    (unretried_undos, undoable(step, other), []),
    (
        clashing_definitions,
        told(SAY) >> told(Signal("say", request=int, response=str), "other"),
        [("warning", "other")],
    ),
    (
        clashing_definitions,
        task(Task("t", input=str, output=str), str) >> task(Task("t", input=str, output=int), str, name="other"),
        [("warning", "other")],
    ),
    (
        clashing_definitions,
        task(Task("t", input=str, output=str), str) >> task(Task("t", version=2, input=str, output=int), str),
        [],
    ),
    (clashing_definitions, region(AREA, step) >> region(Region("area", result=str), step), [("warning", "area#2")]),
    (
        clashing_definitions,
        start_child(STEPPING) >> start_child(STEPPING_OTHERWISE, name="again"),
        [("warning", "again")],
    ),
    (clashing_definitions, start_child(STEPPING) >> start_child(STEPPING, name="again"), []),
    (clashing_definitions, told(SAY) >> told(SAY) >> region(AREA, step) >> region(AREA, step), []),
    (
        clashing_definitions,
        gather(arrive(SOLO, "a"), meet(SOLO, step)) >> gather(arrive(OTHER_SOLO, "a"), meet(OTHER_SOLO, step)),
        [("warning", "gather#2")],
    ),
]

FIXTURES = [*LOOPING, *JOINING, *WATCHING, *SHARING]


def workflow(root: Program) -> Workflow[Any, Any, Any]:
    """Return a workflow for a rule to look at."""
    return Workflow("sample", version=1, input=object, root=root)


@pytest.mark.parametrize(("rule", "root", "found"), FIXTURES)
def test_a_rule_finds_what_it_is_for(rule: Rule, root: Program, found: list[tuple[str, str]]) -> None:
    assert [(one.level.value, one.address) for one in rule(workflow(root))] == found


@pytest.mark.parametrize(("rule", "root", "found"), [each for each in FIXTURES if each[2]])
def test_a_message_says_what_to_do(rule: Rule, root: Program, found: list[tuple[str, str]]) -> None:
    del found
    assert all(one.message.endswith(".") and ". " in one.message for one in rule(workflow(root)))


@pytest.mark.parametrize("rule", [*CHECKS, lost_recursion, lost_arrivals])
def test_each_check_has_a_fixture_that_is_refused_and_one_that_is_not(rule: Rule) -> None:
    found = [findings for each, _, findings in FIXTURES if each is rule]
    assert [] in found
    assert any(level == "error" for findings in found for level, _ in findings)


@pytest.mark.parametrize(("rule", "root", "found"), FIXTURES)
def test_problems_are_the_errors_of_the_checks(rule: Rule, root: Program, found: list[tuple[str, str]]) -> None:
    refused_at = {address for level, address in found if level == "error"}
    assert refused_at <= {finding.address for finding in problems(workflow(root))}
    assert {finding for finding in rule(workflow(root)) if finding.level is Level.ERROR} <= set(
        problems(workflow(root))
    )


def test_what_a_codec_may_keep_and_drafts_are_no_problems() -> None:
    root = compute(measured) >> run_io(lambda _: 1, name="secret", event=type)
    assert [one.rule for one in lint(workflow(root)) if one.level is Level.ERROR] == ["unkept-type"]
    assert problems(workflow(root)) == ()


def test_a_node_that_is_written_twice_is_reported_once() -> None:
    looping = for_each(list, step, add=done)
    (finding,) = problems(workflow((looping >> looping).named("part")))
    assert finding.address == "part/each[+*]"


def test_a_cycle_is_told_in_its_order() -> None:
    states = at("a", done, goes_on, "b") | at("b", done, goes_on, "c") | at("c", done, goes_on, "a")
    (finding,) = spinning(workflow(machine(states, start="a")))
    assert any(words in finding.message for words in ("a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"))


def test_long_chains_and_many_uses_of_one_part_are_no_matter() -> None:
    chain = twice = step
    for _ in range(20_000):
        chain = step >> chain
    for _ in range(60):
        twice = twice >> twice
    nested = step
    for _ in range(2_000):
        nested = scope(nested, interrupt(pause))
    for root in (chain, twice, nested, twice >> recursing(lambda again: branch(when(yes) >> again, default=maybe))):
        assert problems(workflow(root)) == ()
    assert len(problems(workflow(for_each(list, step, add=done) >> twice))) == 1


def test_what_is_wrong_beyond_the_places_that_are_looked_at_is_an_error_of_the_whole() -> None:
    twice = step
    for _ in range(60):
        twice = twice >> twice
    loose = recursing(lambda again: again)  # its inside is used outside
    for hidden, said in [
        (recursing(lambda again: done >> again), "Its part down runs itself again"),
        (scope(step, alongside(done, other, name="again")), "Its part scope[again] begins again"),
        (cast(Any, loose).body, "It runs 'down' again"),
    ]:
        (finding,) = problems(workflow(twice >> hidden))
        assert (finding.level, finding.address) == (Level.ERROR, "")
        assert finding.message.startswith(said)


def test_all_rules_end_where_parts_are_written_into_one_another_very_often() -> None:
    twice = parallel(told(STOP, "a"), step >> told(STOP, "b"))
    for _ in range(60):
        twice = twice >> twice
    assert [one.rule for one in lint(workflow(twice)) if one.level is Level.WARNING] == ["shared-signal"]
