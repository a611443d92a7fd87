"""How are a thousand pages read, parsed and embedded, a few at a time, and none of them twice?

    pages, at most 16 at once:  read ──> parse ──> embed     tried again when the scanner jams, skipped in the end
    and beside them:            add_page                     one more page, while the others are under way

A page is named by its number, so its steps have addresses like `pages[page 17]/read`. The scanner is slow and sometimes
jams; a page that it has read is in the journal, and is not read again after a crash.

    python -m examples.ingestion [JOURNAL]

ingests the harbour log of `ingestion.json` on a SQLite journal, `ingestion.db` unless it is told another. Kill it while
it prints `reading page 500` and start it again: it goes on with the pages that are missing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Never, TypeAlias
from zlib import crc32

import attrs
import msgspec
from returns.result import Result, Success

from interpreters import Runtime
from interpreters.render import draw, to_text
from interpreters.tracing import progress
from journals.sqlite import SqliteJournal
from wio import (
    Exponential,
    GivenUp,
    Query,
    Retry,
    Signal,
    Workflow,
    compute,
    for_each,
    query,
    receive_signal,
    retrying,
    run_io,
)

INPUT = Path(__file__).with_name("ingestion.json")
AT_ONCE = 16
DIMENSIONS = 8

# What flows through the workflow


@attrs.frozen
class Document:
    """Is what is to be ingested: its name and how many pages it has."""

    name: str
    pages: int


@attrs.frozen
class Page:
    """Is a page that nobody has read."""

    number: int


@attrs.frozen
class Scanned:
    """Is a page with its text."""

    number: int
    text: str


@attrs.frozen
class Parsed:
    """Is a page as its words."""

    number: int
    words: tuple[str, ...]


@attrs.frozen
class Embedded:
    """Is a page that can be searched for."""

    number: int
    words: int
    vector: tuple[float, ...]


@attrs.frozen
class Skipped:
    """Is a page that could not be ingested, and why."""

    number: int
    reason: str


PageState: TypeAlias = Page | Scanned | Parsed | Embedded | Skipped


@attrs.frozen
class Ingested:
    """Is the outcome: how many pages can be searched for, how many words they have, and which pages are missing."""

    name: str
    pages: int
    words: int
    skipped: tuple[int, ...]


# Effects: calls of a scanner and of a model; each runs again only when its event was not recorded


class Jammed(Exception):
    """Says that the scanner could not take in a page. It is technical: it may be tried again."""


@attrs.define
class Scanner:
    """Reads the pages of one document. `jams` is how often it fails before it reads a page; `reads` counts."""

    pages: Sequence[str]
    jams: Mapping[int, int]
    delay: timedelta = timedelta(0)
    reads: dict[int, int] = attrs.field(factory=dict[int, int])

    async def read(self, page: Page) -> str:
        """Return the text of a page."""
        if page.number % 100 == 0:
            print(f"reading page {page.number}", flush=True)
        tries = self.reads[page.number] = self.reads.get(page.number, 0) + 1
        await asyncio.sleep(self.delay.total_seconds())
        if tries <= self.jams.get(page.number, 0):
            raise Jammed(f"jam {tries} on page {page.number}")
        return self.pages[page.number - 1]


async def embed(parsed: Parsed) -> tuple[float, ...]:
    """Return a vector for the words: how often each of a few hash values occurs among them."""
    counts = [0] * DIMENSIONS
    for word in parsed.words:
        counts[crc32(word.encode()) % DIMENSIONS] += 1
    return tuple(round(count / max(len(parsed.words), 1), 3) for count in counts)


# Pure functions


def pages_of(document: Document) -> list[Page]:
    """Return the pages with which the document comes."""
    return [Page(number) for number in range(1, document.pages + 1)]


def name_of_page(page: Page) -> str:
    """Return how a page is called in addresses."""
    return f"page {page.number}"


def scanned(page: Page, text: str) -> Scanned:
    """Return the page with its text."""
    return Scanned(page.number, text)


def parse(scanned: Scanned) -> Parsed:
    """Return the words of a page."""
    return Parsed(scanned.number, tuple(word.strip(".,").lower() for word in scanned.text.split()))


def embedded(parsed: Parsed, vector: tuple[float, ...]) -> Embedded:
    """Return the page with its vector."""
    return Embedded(parsed.number, len(parsed.words), vector)


def skipped(page: Page, given_up: GivenUp) -> Result[Skipped, Never]:
    """Go on without a page that was given up."""
    return Success(Skipped(page.number, given_up.message))


def ingested(document: Document, results: Mapping[str, Embedded | Skipped]) -> Ingested:
    """Return the outcome of all pages."""
    pages = [page for page in results.values() if isinstance(page, Embedded)]
    missing = tuple(page.number for page in results.values() if isinstance(page, Skipped))
    return Ingested(document.name, len(pages), sum(page.words for page in pages), missing)


# What can be told to a running ingestion, and asked of it

ADD_PAGE = Signal("add_page", request=Page, response=str)


def added(_: Document, page: Page) -> Page:
    """Return the page that is added, as one more element."""
    return page


def welcome(document: Document, page: Page) -> str:
    """Tell the sender that the page will be read."""
    return f"page {page.number} is now a part of {document.name}"


@attrs.frozen
class Progress:
    """Tells how many pages have begun, and how many are done."""

    begun: int
    done: int


PROGRESS = Query("progress", response=Progress)


def counted(_: Document, pages: Mapping[str, PageState]) -> Progress:
    """Merge the latest values of the pages that have begun."""
    return Progress(len(pages), sum(isinstance(page, Embedded | Skipped) for page in pages.values()))


def how_far(state: Document | Progress | Ingested) -> Progress:
    """Answer at any time: before the pages, between them and after them."""
    match state:
        case Document():
            return Progress(0, 0)
        case Progress():
            return state
        case Ingested(_, pages, _, missing):
            return Progress(pages + len(missing), pages + len(missing))


# The workflow

PATIENCE = Retry(attempts=4, backoff=Exponential(timedelta(seconds=1)))


def ingestion_workflow(scanner: Scanner, patience: Retry = PATIENCE) -> Workflow[Document, Never, Ingested]:
    """Return the workflow of documents that a scanner reads."""
    page = run_io(scanner.read, scanned) >> compute(parse, name="parse") >> run_io(embed, embedded)
    pages = for_each(
        pages_of,
        retrying(page, patience, skipped),
        key=name_of_page,
        at_once=AT_ONCE,
        add=receive_signal(ADD_PAGE, added, respond=welcome),
        merge=counted,
        name="pages",
    )
    return Workflow(
        "ingestion",
        version=1,
        input=Document,
        root=query(PROGRESS, how_far, pages.transform_output(ingested)),
    )


ingestion = ingestion_workflow(Scanner((), {}))
"""Is for pictures and checks, which read nothing."""

# The script

IN_A_HURRY = Retry(attempts=4, backoff=Exponential(timedelta(milliseconds=10)))


@attrs.frozen
class Shelf:
    """Is the input file: a document, the pages that are found later, and how often the scanner jams on which page."""

    name: str
    jams: Mapping[int, int]
    pages: tuple[str, ...]
    late: tuple[str, ...]

    @property
    def document(self) -> Document:
        """Is the document without the pages that are found later."""
        return Document(self.name, len(self.pages))

    @property
    def late_pages(self) -> tuple[Page, ...]:
        """Is the pages that are found later; their numbers follow those of the others."""
        return tuple(Page(len(self.pages) + number) for number in range(1, len(self.late) + 1))

    def scanner(self, delay: timedelta = timedelta(0)) -> Scanner:
        """Return a scanner that has all the pages."""
        return Scanner(self.pages + self.late, self.jams, delay)


def read_shelf(path: Path = INPUT) -> Shelf:
    """Return what a JSON file holds."""
    return msgspec.json.decode(path.read_bytes(), type=Shelf)


async def main(journal: Path) -> None:
    """Ingest the document, or go on with it, and print what became of it and how often it was scanned for that."""
    shelf = read_shelf()
    scanner = shelf.scanner(delay=timedelta(milliseconds=20))
    workflow = ingestion_workflow(scanner, IN_A_HURRY)
    async with Runtime(SqliteJournal(journal), [workflow]) as runtime:
        instance = await runtime.start(workflow, id=shelf.name, input=shelf.document)
        before = await instance.query(PROGRESS)
        print(f"{before.done} pages are in the journal", flush=True)
        for page in shelf.late_pages:
            answer = await instance.signal(ADD_PAGE, page, key=name_of_page(page))
            print(answer, flush=True)
        print(await instance.result())
        entries = await instance.history()
    print(f"{len(scanner.reads)} pages were put on the scanner, {sum(scanner.reads.values())} times in all")
    print(to_text(draw(workflow, progress=progress(workflow, entries))), end="")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "ingestion.db")))
