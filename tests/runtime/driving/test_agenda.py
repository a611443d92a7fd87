"""Who gets a signal for which several steps wait? The one that has waited longest, whatever has died meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from interpreters import Runtime, recover
from interpreters.runtime.driving.agenda import Agenda
from interpreters.testing import Simulation
from journals import InMemoryJournal
from tests.runtime.running import run
from wio import WIO, Signal, Workflow, interrupt, parallel, receive_signal, scope

TOLD = Signal("told", request=str, response=str)


def told(name: str) -> WIO[Any, Any, Any]:
    return receive_signal(TOLD, lambda _, request: request, respond=lambda *_: name, name=name)


# The trigger has waited longer than the second step, whose address comes first in every other order.
program = scope(told("first") >> told("second"), interrupt(told("stop")))
workflow = Workflow("listens", version=1, input=str, root=program)


@pytest.mark.parametrize("dies", [False, True])
def test_a_crash_does_not_change_who_is_next(dies: bool) -> None:
    with Simulation(workflow) as simulation:
        instance = simulation.start(workflow, id="a", input="x")
        assert instance.signal(TOLD, "1") == "first"
        if dies:
            simulation.crash()
        assert instance.signal(TOLD, "2") == "stop"


def test_nor_does_an_instance_that_was_dropped_from_memory() -> None:
    async def story() -> None:
        async with Runtime(InMemoryJournal(), [workflow], most_idle=0) as runtime:
            instance = await runtime.start(workflow, id="a", input="x")
            assert await instance.signal(TOLD, "1") == "first"
            await runtime.idle()
            assert await instance.signal(TOLD, "2") == "stop"

    run(story())


# What people are told


def test_of_many_waits_the_first_by_address_are_told_whatever_came_when() -> None:
    """Also when the journal is read again; and the record says the same after each entry as a fresh reading."""
    flow = Workflow(
        "many", version=1, input=str, root=parallel(*(told(name) >> told(f"{name}2") for name in "edcbafg"))
    )

    async def story() -> None:
        async with Runtime(InMemoryJournal(), [flow]) as runtime:
            instance = await runtime.start(flow, id="a", input="x")
            details: list[str] = []
            for _ in range(14):
                details.append((await instance.record()).detail)
                execution = recover(flow, await instance.history(), id="a")
                assert Agenda.of(execution)[0].detail(execution) == details[-1]
                await instance.signal(TOLD, "x")
            assert details[0] == (
                "waits for signal told at parallel[a]/a; waits for signal told at parallel[b]/b;"
                " waits for signal told at parallel[c]/c; and 4 more"
            )

    run(story())
