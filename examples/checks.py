"""How are any number of checks made at the same time, each asked again until it has decided, but not for ever?

    checks, all at once:   ask ──> complete, or wait and ask again      the first to reject ends it all
    and beside them:       the deadline                                 ends it with the answers so far
    then                   review, if a check was late or unsure        a person approves or rejects

    python -m examples.checks [JOURNAL]

plays all stories of `checks.json` on a SQLite journal, `checks.db` unless it is told another.
"""

from __future__ import annotations

import asyncio
import enum
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import attrs
import msgspec
from returns.result import Failure, Result, Success

from examples.stories import Story, ending_of, play
from interpreters import Runtime, effect_context
from interpreters.render import draw, to_text
from interpreters.tracing import progress
from journals.sqlite import SqliteJournal
from wio import (
    Early,
    Query,
    Signal,
    Workflow,
    branch,
    compute,
    for_each,
    loop,
    query,
    receive_signal,
    run_io,
    wait,
    when,
)

INPUT = Path(__file__).with_name("checks.json")

# What flows through the workflow


class Verdict(enum.Enum):
    """Says what a check thinks of a customer; one that is unsure leaves it to a person."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    UNSURE = "unsure"


@attrs.frozen
class Application:
    """Asks to become a customer, which some checks have to approve."""

    customer: str
    checks: tuple[str, ...]


@attrs.frozen
class Check:
    """Is one check of one customer, and what it has said last."""

    customer: str
    name: str
    verdict: Verdict = Verdict.PENDING


@attrs.frozen
class Tally:
    """Is an application after its checks; `undecided` are those that were late or unsure."""

    application: Application
    undecided: tuple[str, ...]


@attrs.frozen
class Approved:
    """Is the outcome for a customer who is welcome."""

    customer: str
    by: str


# What may go wrong


@attrs.frozen
class RejectedByCheck:
    """Says which check was the first to reject."""

    check: str


@attrs.frozen
class RejectedInReview:
    """Says who rejected, and which checks had left it to a person."""

    checks: tuple[str, ...]
    by: str


Rejected: TypeAlias = RejectedByCheck | RejectedInReview

# Effects: calls of the offices that make the checks


class Offices:
    """Makes checks in memory. `verdicts` has for each customer what a check says first, then, and at last.

    A check that is not mentioned approves.
    """

    def __init__(self, verdicts: Mapping[str, Mapping[str, tuple[Verdict, ...]]]) -> None:
        self._verdicts = verdicts
        self.answers: dict[str, Verdict] = {}
        self.asked: list[tuple[str, str]] = []

    async def ask(self, check: Check) -> Verdict:
        """Return what a check says by now; a call that is repeated with its key is answered as before."""
        key = effect_context().idempotency_key
        if key not in self.answers:
            verdicts = self._verdicts[check.customer].get(check.name, (Verdict.APPROVED,))
            before = self.asked.count((check.customer, check.name))
            self.asked.append((check.customer, check.name))
            self.answers[key] = verdicts[min(before, len(verdicts) - 1)]
        return self.answers[key]


# Pure functions


def checks_of(application: Application) -> list[Check]:
    """Return the checks to make."""
    return [Check(application.customer, name) for name in application.checks]


def name_of_check(check: Check) -> str:
    """Return how a check is called in addresses."""
    return check.name


def answered(check: Check, verdict: Verdict) -> Result[Check, RejectedByCheck]:
    """Return the check with its verdict; a rejection fails it, and with it all others."""
    if verdict is Verdict.REJECTED:
        return Failure(RejectedByCheck(check.name))
    return Success(attrs.evolve(check, verdict=verdict))


def is_complete(check: Check) -> bool:
    """Tell whether there is no sense in asking again."""
    return check.verdict is not Verdict.PENDING


def tally(application: Application, answers: Mapping[str, Check]) -> Tally:
    """Return what the checks have left open; one that was late has no answer."""
    approved = {name for name, check in answers.items() if check.verdict is Verdict.APPROVED}
    return Tally(application, tuple(name for name in application.checks if name not in approved))


def is_undecided(tally: Tally) -> bool:
    """Tell whether a person has to decide."""
    return bool(tally.undecided)


def approved(tally: Tally) -> Approved:
    """Return the outcome of checks that all approve."""
    return Approved(tally.application.customer, "the checks")


# What can be told to a running application, and asked of it


@attrs.frozen
class Review:
    """Decides in place of the checks."""

    verdict: Verdict
    by: str


REVIEW = Signal("review", request=Review, response=str, early=Early.KEEP)


def reviewed(tally: Tally, review: Review) -> Result[Approved, RejectedInReview]:
    """Return what the person has decided; only an approval approves."""
    if review.verdict is Verdict.APPROVED:
        return Success(Approved(tally.application.customer, review.by))
    return Failure(RejectedInReview(tally.undecided, review.by))


def noted(tally: Tally, review: Review) -> str:
    """Tell the person which checks the review stands for."""
    return f"{review.verdict.value} in place of {', '.join(tally.undecided)}"


STATUS = Query("status", response=dict[str, str])


def standing(_: Application, checks: Mapping[str, Check]) -> dict[str, str]:
    """Merge the latest answers of the checks."""
    return {name: check.verdict.value for name, check in checks.items()}


def status(state: Application | dict[str, str] | Tally | Approved) -> dict[str, str]:
    """Tell by name how each check stands, or who has to decide, or has decided."""
    match state:
        case Application():
            return {}
        case Tally():
            return dict.fromkeys(state.undecided, "in review")
        case Approved():
            return {state.by: "approved"}
        case _:
            return state


# The workflow


@attrs.frozen
class Pace:
    """Says how long to wait before a check is asked again, and when a person has to decide in its place."""

    between: timedelta = timedelta(minutes=10)
    deadline: timedelta = timedelta(hours=1)


def checks_workflow(offices: Offices, pace: Pace) -> Workflow[Application, Rejected, Approved]:
    """Return the workflow of applications that some offices check."""
    asking = loop(
        run_io(offices.ask, answered),
        until=is_complete,
        back=wait(pace.between, name="pause"),
        name="asking",
    )
    checks = for_each(
        checks_of,
        asking,
        key=name_of_check,
        finish=wait(pace.deadline, name="deadline"),
        merge=standing,
        name="checks",
    )
    decided = branch(
        when(is_undecided, name="undecided") >> receive_signal(REVIEW, reviewed, respond=noted),
        default=compute(approved),
        name="decided",
    )
    return Workflow(
        "checks",
        version=1,
        input=Application,
        root=query(STATUS, status, checks.transform_output(tally) >> decided),
    )


checks = checks_workflow(Offices({}), Pace())
"""Is for pictures, which ask nobody."""

# The script

IN_A_HURRY = Pace(between=timedelta(milliseconds=20), deadline=timedelta(seconds=1))


@attrs.frozen
class Book:
    """Is the input file: what the offices say of each customer, and stories of applications."""

    verdicts: Mapping[str, Mapping[str, tuple[Verdict, ...]]]
    stories: tuple[Story, ...]


def read_book(path: Path = INPUT) -> Book:
    """Return what a JSON file holds."""
    return msgspec.json.decode(path.read_bytes(), type=Book)


async def main(journal: Path) -> None:
    """Play all stories at once, print how they end, and the picture of the one that came to a person for its delay."""
    book = read_book()
    quick = checks_workflow(Offices(book.verdicts), IN_A_HURRY)
    async with Runtime(SqliteJournal(journal), [quick]) as runtime:
        instances = await asyncio.gather(*(play(runtime, quick, story, [REVIEW]) for story in book.stories))
        print("| application | story | outcome | as expected |")
        print("|---|---|---|---|")
        for story, instance in zip(book.stories, instances, strict=True):
            ending = ending_of(await instance.result())
            print(f"| {story.id} | {story.about} | {ending.type} | {'yes' if ending == story.ending else 'NO'} |")
        entries = await (await runtime.instance(quick, "late")).history()
    print(to_text(draw(quick, progress=progress(quick, entries))), end="")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "checks.db")))
