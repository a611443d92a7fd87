"""Is every page of a document read, whatever happens on the way, and none twice that is in the journal?"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Never

import pytest
from returns.result import Success

from examples.ingestion import (
    ADD_PAGE,
    AT_ONCE,
    PROGRESS,
    Document,
    Ingested,
    Page,
    Progress,
    Scanner,
    ingestion_workflow,
    read_shelf,
)
from interpreters.errors import DuplicateKey
from interpreters.testing import CrashAt, SimulatedInstance, Simulation
from journals.entries import Entry, Kind
from journals.sqlite import SqliteJournal

SHELF = read_shelf()
PAGES = len(SHELF.pages)
ALL = range(1, PAGES + 1)
NEVER_READ = 404
MINUTE = timedelta(minutes=1)
ROOT = Path(__file__).parents[2]


class Scene:
    """Is a scanner that breaks down at some pages, its workflow, and a simulation of it."""

    def __init__(self, jams: dict[int, int]) -> None:
        self.scanner = Scanner(SHELF.pages + SHELF.late, jams)
        self.workflow = ingestion_workflow(self.scanner)
        self.simulation = Simulation(self.workflow)

    def __enter__(self) -> Scene:
        self.simulation.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self.simulation.__exit__(None, None, None)

    def start(self, pages: int = PAGES) -> SimulatedInstance[Never, Ingested]:
        return self.simulation.start(self.workflow, id="log", input=Document("log", pages))


def read_pages(entries: tuple[Entry, ...]) -> list[int]:
    """Return the numbers of the pages whose text is in the journal, in its order."""
    return [number_in(entry) for entry in entries if entry.kind is Kind.EVENT and entry.address.endswith("/read")]


def number_in(entry: Entry) -> int:
    return int(entry.address.removeprefix("pages[page ").partition("]")[0])


def words_of(numbers: range) -> int:
    texts = SHELF.pages + SHELF.late
    return sum(len(texts[number - 1].split()) for number in numbers)


def test_the_input_file_has_a_thousand_different_pages() -> None:
    assert PAGES == 1_000
    assert len({*SHELF.pages, *SHELF.late}) == PAGES + 5


def test_all_pages_are_ingested_and_one_that_cannot_be_read_is_counted() -> None:
    with Scene(dict(SHELF.jams)) as scene:
        run = scene.start()
        scene.simulation.advance(MINUTE)
        words = words_of(ALL) - len(SHELF.pages[NEVER_READ - 1].split())
        assert run.result() == Success(Ingested("log", PAGES - 1, words, (NEVER_READ,)))
        assert sorted(read_pages(run.history)) == [number for number in ALL if number != NEVER_READ]
    assert scene.scanner.reads == dict.fromkeys(ALL, 1) | {17: 3, 118: 2, 250: 4, 404: 4, 666: 2, 871: 3}


def test_a_page_that_fails_is_read_again_after_a_while_and_holds_up_no_other() -> None:
    with Scene({2: 2}) as scene:
        run = scene.start(pages=100)
        assert run.query(PROGRESS) == Progress(begun=100, done=99)
        scene.simulation.advance(timedelta(seconds=2))
        assert run.query(PROGRESS) == Progress(begun=100, done=99)
        scene.simulation.advance(timedelta(seconds=1))
        assert run.query(PROGRESS) == Progress(begun=100, done=100)
        assert run.result() == Success(Ingested("log", 100, words_of(range(1, 101)), ()))


def test_no_more_pages_are_under_way_than_allowed() -> None:
    with Scene(dict.fromkeys(range(51, PAGES + 1), 1)) as scene:
        run = scene.start()
        assert run.query(PROGRESS) == Progress(begun=50 + AT_ONCE, done=50)
        assert len(scene.scanner.reads) == 50 + AT_ONCE


def test_a_crash_in_the_middle_reads_no_page_again_that_is_in_the_journal() -> None:
    with Scene(dict.fromkeys(range(501, 501 + AT_ONCE), 1)) as scene:
        run = scene.start()
        assert read_pages(run.history) == list(range(1, 501))
        scene.simulation.crash()
        assert len(scene.scanner.reads) == 500 + AT_ONCE
        assert run.query(PROGRESS) == Progress(begun=500 + AT_ONCE, done=500)
        scene.simulation.advance(MINUTE)
        assert run.result() == Success(Ingested("log", PAGES, words_of(ALL), ()))
    again = {number for number, times in scene.scanner.reads.items() if times > 1}
    assert again == set(range(501, 501 + AT_ONCE))


@pytest.mark.parametrize("side", CrashAt)
@pytest.mark.parametrize("commit", [1, 2, 3, 40, 41])
def test_a_crash_at_a_commit_repeats_at_most_what_was_under_way(commit: int, side: CrashAt) -> None:
    with Scene({}) as scene:
        scene.simulation.crash_at(commit, side)
        run = scene.start(pages=60)
        assert run.result() == Success(Ingested("log", 60, words_of(range(1, 61)), ()))
        assert scene.simulation.crashes == 1
        assert sorted(read_pages(run.history)) == list(range(1, 61))
    assert set(scene.scanner.reads) == set(range(1, 61))
    assert sum(scene.scanner.reads.values()) <= 60 + AT_ONCE


def test_pages_are_added_while_others_are_under_way_and_survive_a_crash() -> None:
    with Scene({1: 1}) as scene:
        run = scene.start(pages=3)
        for number in (PAGES + 1, PAGES + 2):
            assert run.signal(ADD_PAGE, Page(number)) == f"page {number} is now a part of log"
            scene.simulation.crash()
        assert run.query(PROGRESS) == Progress(begun=5, done=4)
        scene.simulation.advance(MINUTE)
        added = range(PAGES + 1, PAGES + 3)
        assert run.result() == Success(Ingested("log", 5, words_of(range(1, 4)) + words_of(added), ()))
    assert scene.scanner.reads == {1: 2, 2: 1, 3: 1, PAGES + 1: 1, PAGES + 2: 1}


def test_a_page_that_is_there_already_is_not_added() -> None:
    with Scene({1: 1}) as scene:
        run = scene.start(pages=3)
        with pytest.raises(DuplicateKey, match="page 3"):
            run.signal(ADD_PAGE, Page(3))
        assert run.query(PROGRESS) == Progress(begun=3, done=2)
        scene.simulation.advance(MINUTE)
        assert run.result() == Success(Ingested("log", 3, words_of(range(1, 4)), ()))


def test_a_document_without_pages_has_nothing_to_ingest() -> None:
    with Scene({}) as scene:
        assert scene.start(pages=0).result() == Success(Ingested("log", 0, 0, ()))


def test_the_script_goes_on_after_a_real_kill(tmp_path: Path) -> None:
    file = tmp_path / "ingestion.db"
    command = [sys.executable, "-m", "examples.ingestion", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as killed:
        assert killed.stdout is not None
        assert "reading page 500\n" in killed.stdout
        killed.kill()
    known = len(read_pages(asyncio.run(all_entries(SqliteJournal(file)))))
    assert 500 - 2 * AT_ONCE <= known < PAGES
    again, repeated = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
        for _ in range(2)
    )
    assert "reading page 400" not in again
    assert "reading page 600" in again
    outcome = f"<Success: {Ingested('harbour log', 1004, 21431, (404,))}>"
    scanned = again[again.index(outcome) + 1]
    put_on_the_scanner = int(scanned.split()[0])
    assert put_on_the_scanner in (1005 - known, 1005 - known - 1), "page 404 may have been given up before the kill"
    assert repeated[0] == "1005 pages are in the journal"
    assert repeated[6:8] == [outcome, "0 pages were put on the scanner, 0 times in all"]
    assert again[again.index(scanned) + 1 :] == repeated[8:]
    assert any("1,005 done" in line for line in repeated[8:])


async def all_entries(journal: SqliteJournal) -> tuple[Entry, ...]:
    async with journal:
        return await journal.read("harbour log", most=100_000)
