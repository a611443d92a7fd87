"""Is what is read of an instance all of it, or nothing, also while it is removed and its id is taken by another?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import reduce

import pytest

from interpreters.machine.transition import JSON
from interpreters.runtime.journal.reading import read_all, read_execution
from journals.entries import Entry, Status
from journals.errors import UnknownInstance
from journals.laws.samples import commit, entry
from journals.memory import InMemoryJournal
from tests.runtime.running import FaultyJournal, run, virtual, workflow
from wio import run_io

PAGE = 1_000


def entries(number: int, text: str = "{}") -> list[Entry]:
    return [entry(seq, text) for seq in range(1, number + 1)]


async def ended(journal: InMemoryJournal, given: list[Entry]) -> None:
    await journal.commit(commit("a", 0, given, token=given[0].address + str(given[0].payload), status=Status.COMPLETED))


def removal(journal: InMemoryJournal, anew: list[Entry] | None = None) -> Callable[[], Awaitable[None]]:
    """Return what removes the instance, and starts another under its id."""

    async def remove() -> None:
        assert await journal.remove([await journal.find("a")]) == ("a",)
        if anew is not None:
            await ended(journal, anew)

    return remove


@pytest.mark.parametrize("anew", [None, entries(3 * PAGE, '"anew"')], ids=["removed", "removed, and started anew"])
def test_an_instance_that_is_removed_between_two_pages_is_unknown(anew: list[Entry] | None) -> None:
    """Fault 56: who reads a long history does not get the beginning of one instance and the end of another."""

    async def main() -> None:
        store = InMemoryJournal()
        journal = FaultyJournal(store)
        async with journal:
            await ended(store, entries(PAGE + 5))
            assert len(await read_all(journal, "a")) == PAGE + 5
            journal.fail("read", None, removal(store, anew))
            with pytest.raises(UnknownInstance):
                await read_all(journal, "a")

    run(main())


def test_a_short_history_is_read_by_one_question() -> None:
    async def main() -> None:
        store = InMemoryJournal()
        journal = FaultyJournal(store)
        async with journal:
            await ended(store, entries(5))
            assert await read_all(journal, "a") == tuple(entries(5))
            assert journal.calls["read"] == 1

    run(main())


def test_entries_of_two_instances_are_no_mismatch() -> None:
    """Fault 56: an instance is removed and started anew while another process recovers it: that is no lost workflow."""
    step = run_io(lambda _: 1, name="s", event=int)
    flow = workflow(reduce(lambda before, _: before >> step, range(5 * PAGE + 5), step))

    async def main() -> None:
        store = InMemoryJournal()
        async with virtual(store, flow) as runtime:
            await (await runtime.start(flow, id="a", input=1)).result()
        journal = FaultyJournal(store)
        async with journal:
            assert (await read_execution(journal, "a", flow, JSON)).outcome is not None
            journal.fail("read", None, removal(store, entries(6 * PAGE, '"anew"')))
            with pytest.raises(UnknownInstance):
                await read_execution(journal, "a", flow, JSON)

    run(main())
