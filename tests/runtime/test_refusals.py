"""What is answered to what cannot be done with several things at once? A typed error that names the place."""

from __future__ import annotations

from typing import Any

import pytest

from interpreters.errors import (
    DuplicateKey,
    InstancePaused,
    TaskRefused,
    UndeclaredTarget,
    UnexpectedSignal,
    UserFunctionRaised,
    WrongPayload,
)
from interpreters.testing import SimulatedInstance, Simulation
from journals.entries import Kind
from tests.runtime.running import workflow
from wio import (
    WIO,
    Goto,
    Signal,
    Task,
    first_of,
    for_each,
    machine,
    parallel,
    pure,
    receive_signal,
    run_io,
    state,
    task,
    when,
)

GO = Signal("go", request=str, response=str, correlation=lambda request: request)
MORE = Signal("more", request=str, response=str)
WORK = Task("work", input=str, output=int, error=str)


def asked(name: str = "work") -> WIO[Any, Any, Any]:
    return task(WORK, lambda value: f"{value}", name=name)


def paused(run: SimulatedInstance[Any, Any]) -> InstancePaused:
    with pytest.raises(InstancePaused) as raised:
        run.result()
    return raised.value


def test_two_elements_with_one_key_pause_the_step_that_leads_to_them() -> None:
    flow = workflow(run_io(abs, event=int) >> for_each(lambda _: ["a", "b", "a"], asked(), key=str))
    with Simulation(flow) as simulation:
        run = simulation.start(flow, id="i", input=1)
        assert "key 'a'" in paused(run).problem
        assert run.history[-1].kind is Kind.PAUSED
        assert run.history[-1].address == "each"


def test_two_elements_with_one_key_by_a_signal_are_refused_to_its_sender() -> None:
    more = receive_signal(MORE, lambda _, request: request, respond=lambda _, request: request)
    flow = workflow(for_each(lambda _: ["a"], asked(), key=str, add=more))
    with Simulation(flow) as simulation:
        run = simulation.start(flow, id="i", input=1)
        before = run.history
        with pytest.raises(DuplicateKey, match="'a'"):
            run.signal(MORE, "a")
        assert run.history == before
        run.signal(MORE, "b")
        assert [each.address for each in run.tasks] == ["each[a]/work", "each[b]/work"]


def test_an_element_that_cannot_be_kept_pauses_the_for_each() -> None:
    flow = workflow(for_each(lambda _: [object()], asked(), element=str))  # type: ignore[arg-type,list-item]
    with Simulation(flow) as simulation:
        run = simulation.start(flow, id="i", input=1)
        assert (paused(run).address, "elements" in paused(run).problem) == ("each", True)


def test_a_key_that_no_address_can_hold_pauses_the_for_each() -> None:
    flow = workflow(for_each(lambda _: ["a/b"], asked(), key=str))
    with Simulation(flow) as simulation:
        assert paused(simulation.start(flow, id="i", input=1)).address == "each"


def test_a_guard_that_raises_is_told_to_who_starts() -> None:
    flow = workflow(parallel(when(lambda value: value["no"], name="odd") >> asked(), asked("other")))
    with Simulation(flow) as simulation, pytest.raises(UserFunctionRaised, match="parallel"):
        simulation.start(flow, id="i", input=1)


def test_a_signal_for_an_element_that_is_gone_is_refused() -> None:
    go = receive_signal(GO, lambda value, _: value, respond=lambda _, request: request, match=str)
    flow = workflow(for_each(lambda _: ["a", "b"], go, key=str))
    with Simulation(flow) as simulation:
        run = simulation.start(flow, id="i", input=1)
        assert run.signal(GO, "a") == "a"
        before = run.history
        for gone in ("a", "c"):
            with pytest.raises(UnexpectedSignal):
                run.signal(GO, gone)
        assert run.history == before
        assert run.signal(GO, "b") == "b"


def test_a_task_is_answered_by_who_has_claimed_it_and_once() -> None:
    flow = workflow(first_of(asked("a"), asked("b")))
    with Simulation(flow) as simulation:
        run = simulation.start(flow, id="i", input=1)
        with pytest.raises(TaskRefused, match="Claim it first"):
            run.fail_task("first[a]/a", "no", by="ann")
        run.claim("first[a]/a", by="ann")
        with pytest.raises(TaskRefused, match="withdrawn"):
            run.claim("first[b]/b", by="bob")
        with pytest.raises(TaskRefused, match="ann has claimed it"):
            run.fail_task("first[a]/a", "no", by="bob")
        with pytest.raises(WrongPayload, match="output of task 'work'"):
            run.complete("first[a]/a", "no number", by="ann")
        run.complete("first[a]/a", 7, by="ann")
        with pytest.raises(TaskRefused, match="it has been completed"):
            run.fail_task("first[a]/a", "no", by="ann")
        with pytest.raises(TaskRefused, match="no such task"):
            run.claim("nowhere", by="ann")
        assert run.result().unwrap() == 7


def test_a_released_task_is_offered_again_and_a_delegated_one_to_somebody_else() -> None:
    flow = workflow(task(WORK, lambda value: f"{value}", to=lambda _: ["clerks"]))
    with Simulation(flow) as simulation:
        run = simulation.start(flow, id="i", input=1)
        run.claim("work", by="ann")
        run.release("work", by="ann")
        run.delegate("work", to=["boss"])
        (offered,) = run.tasks
        assert (offered.to, offered.by, offered.input) == (["boss"], None, "1")
        run.skip("work", 3)
        assert run.result().unwrap() == 3


def test_an_undeclared_target_names_both_states_and_pauses() -> None:
    a = state("a", run_io(abs, event=int).map(lambda value: Goto("c", value)), to="b")
    b = state("b", pure(Goto("a", 1)), to="a")
    flow = workflow(machine(a, b, start="a"))
    with Simulation(flow) as simulation:
        problem = paused(simulation.start(flow, id="i", input=1))
        assert ("'a'" in problem.problem, "'c'" in problem.problem) == (True, True)
        assert UndeclaredTarget.__name__ in problem.problem
