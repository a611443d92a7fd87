"""How do two people approve an expense, although the first may forget it and nobody may approve twice?

    first approval:   ask managers; a reminder every day; after 60 hours ask directors instead
    second approval:  ask finance, again and again, until somebody else than the first approves
    either:           └─> Rejected

A task is offered with data that says to whom. Here these are a group, and the people in it who may not decide: who
wants the money, and who has approved before. They are computed from the value, which is folded from the instance's
own history. An inbox that respects it does not even show them the task; and the workflow itself counts nobody twice.

    python -m examples.approval

plays the stories of `approval.json`, days long, in virtual time.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import msgspec
from returns.result import Failure, Result, Success

from examples.stories import Ending, ending_of
from interpreters.render import draw, to_text
from interpreters.runtime.requests.tasking import OfferedTask
from interpreters.testing import SimulatedInstance, Simulation
from interpreters.tracing import progress
from wio import WIO, Interrupted, Signed, Task, Workflow, alongside, compute, interrupt, loop, run_io, scope, task, wait

INPUT = Path(__file__).with_name("approval.json")
BETWEEN_REMINDERS = timedelta(hours=24)
BEFORE_ESCALATION = timedelta(hours=60)

# What flows through the workflow


@attrs.frozen
class Expense:
    """Is what an employee wants to have paid."""

    employee: str
    purpose: str
    amount: Decimal


@attrs.frozen
class Approvals:
    """Is an expense with the people who have approved it, in their order."""

    expense: Expense
    by: tuple[str, ...] = ()


@attrs.frozen
class Approved:
    """Is the outcome: who has approved."""

    by: tuple[str, ...]


@attrs.frozen
class Rejected:
    """Says who has rejected the expense."""

    by: str


# Tasks


@attrs.frozen
class Decision:
    """Is the answer of a person. Whose it is, the journal knows: that of who has claimed the task."""

    approved: bool


@attrs.frozen
class Offer:
    """Says to whom a task is offered: to a group, but not to all in it."""

    group: str
    but_not: tuple[str, ...]


APPROVE = Task("approve", input=Expense, output=Decision)


def barred(approvals: Approvals) -> tuple[str, ...]:
    """Return who may not decide: who wants the money, and who has approved before."""
    return (approvals.expense.employee, *approvals.by)


@attrs.frozen
class OfferTo:
    """Offers a task to those in a group who may decide: an `Offer` as plain JSON."""

    group: str

    def __call__(self, approvals: Approvals) -> Mapping[str, object]:
        return {"group": self.group, "but_not": list(barred(approvals))}


# Effects


@attrs.frozen
class ReminderSent:
    """Records a reminder."""

    text: str


async def remind(late: Interrupted[Approvals, Approvals]) -> ReminderSent:
    """Write to the managers."""
    expense = late.input.expense
    text = f"{expense.employee} waits for an answer: {expense.purpose}"
    print(f"        reminder: {text}")
    return ReminderSent(text)


# Handlers: pure functions that fold an answer into what flows on


def nobody_yet(expense: Expense) -> Approvals:
    """Return an expense that nobody has approved."""
    return Approvals(expense)


def expense_of(approvals: Approvals) -> Expense:
    """Return what the person who decides gets to see."""
    return approvals.expense


def decided(approvals: Approvals, decision: Signed[Decision]) -> Result[Approvals, Rejected]:
    """Return the approvals with one more, unless it comes from somebody who may not decide, or from nobody."""
    if decision.by is None or decision.by in barred(approvals):
        return Success(approvals)
    if not decision.output.approved:
        return Failure(Rejected(decision.by))
    return Success(attrs.evolve(approvals, by=(*approvals.by, decision.by)))


def still_open(late: Interrupted[Approvals, Approvals]) -> Approvals:
    """Return what the first group was asked."""
    return late.input


def by_two(approvals: Approvals) -> bool:
    """Tell whether two people have approved."""
    return len(approvals.by) >= 2


def approved(approvals: Approvals) -> Approved:
    """Return the outcome."""
    return Approved(approvals.by)


# The workflow


def ask(group: str) -> WIO[Approvals, Rejected, Approvals]:
    """Return the task for a group."""
    return task(APPROVE.signed, expense_of, decided, to=OfferTo(group), name=f"ask {group}")


first_approval = scope(
    ask("managers"),
    alongside(wait(BETWEEN_REMINDERS, name="a day"), run_io(remind), name="every day"),
    interrupt(wait(BEFORE_ESCALATION, name="60 hours"), ask("directors").transform_input(still_open), name="too late"),
    name="first approval",
)
second_approval = loop(ask("finance"), until=by_two, name="second approval")

approval = Workflow(
    "approval",
    version=1,
    input=Expense,
    root=(compute(nobody_yet) >> first_approval >> second_approval).map(approved),
)

# People


class Says(enum.Enum):
    """Is what a person does with a task."""

    CLAIM = "claim"
    APPROVE = "approve"
    REJECT = "reject"


@attrs.frozen
class Act:
    """Is what somebody wants to do, and how long after the beginning."""

    after_hours: int
    who: str
    says: Says


@attrs.frozen
class Case:
    """Is one expense, what people do about it, and how that has to end."""

    id: str
    about: str
    expense: Expense
    acts: tuple[Act, ...]
    ending: Ending


@attrs.frozen
class Book:
    """Is the input file: everybody's groups, and the stories."""

    staff: Mapping[str, Sequence[str]]
    stories: tuple[Case, ...]


def read_book(path: Path = INPUT) -> Book:
    """Return what is in a JSON file."""
    return msgspec.json.decode(path.read_bytes(), type=Book)


Run = SimulatedInstance[Rejected, Approved]


def inbox(run: Run, who: str, groups: Sequence[str]) -> list[OfferedTask[Expense]]:
    """Return the tasks that are offered to somebody and that nobody else has claimed."""
    offers = [(each, msgspec.convert(each.to, Offer)) for each in run.tasks if each.by in (None, who)]
    return [each for each, offer in offers if offer.group in groups and who not in offer.but_not]


def perform(run: Run, act: Act, groups: Sequence[str]) -> str:
    """Do what somebody wants, and return what came of it."""
    tasks = inbox(run, act.who, groups)
    if not tasks:
        return f"{act.who} finds nothing to {act.says.value}"
    match act.says:
        case Says.CLAIM:
            run.claim(tasks[0].address, by=act.who)
        case Says.APPROVE | Says.REJECT:
            decision = Decision(approved=act.says is Says.APPROVE)
            run.complete(tasks[0].address, decision, by=act.who)
    return f"{act.who}: {act.says.value}"


def play(simulation: Simulation, case: Case, staff: Mapping[str, Sequence[str]]) -> Run:
    """Play a story to its end, and print it."""
    print(f"{case.id}: {case.about}")
    run = simulation.start(approval, id=case.id, input=case.expense)
    begin = simulation.clock.now()
    for act in case.acts:
        simulation.advance_to(begin + timedelta(hours=act.after_hours))
        print(f"    {act.after_hours:2}h {perform(run, act, staff[act.who])}")
    print(f"        {ending_of(run.result()).type}")
    return run


def main() -> None:
    """Play all stories one after another, and print the picture of the one that a director had to decide."""
    book = read_book()
    with Simulation(approval) as simulation:
        for case in book.stories:
            play(simulation, case, book.staff)
        entries = SimulatedInstance(simulation, approval, "escalated").history
    print(to_text(draw(approval, progress=progress(approval, entries))), end="")


if __name__ == "__main__":
    main()
