"""How is a subscription billed every month, with reminders when the card is declined, until it ends?

    ↻ month:  charge
              ↻ while it is due:  remind  ->  first of: pay
                                                        cancel
                                                        a week passes  └─> Lapsed, after three reminders
              first of: the month is over
                        cancel, and then the month is over

Every wait is for a time that the journal keeps, so a process need not live for a year; it may stop after any line.

    python -m examples.subscription

plays the stories of `subscription.json`, a year long, in virtual time.
"""

from __future__ import annotations

import calendar
import enum
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import msgspec
from returns.result import Failure, Result, Success

from examples.stories import Ending, ending_of
from interpreters.render import draw, to_text
from interpreters.testing import SimulatedInstance, Simulation
from interpreters.tracing import progress
from journals.entries import Entry, Kind
from wio import (
    Early,
    Query,
    Signal,
    Workflow,
    check,
    compute,
    first_of,
    loop,
    now,
    query,
    receive_signal,
    repeat_while,
    run_io,
    wait,
    wait_until,
)

INPUT = Path(__file__).with_name("subscription.json")
BETWEEN_REMINDERS = timedelta(days=7)
MOST_REMINDERS = 3

# What flows through the workflow


@attrs.frozen
class Plan:
    """Is what a customer subscribes to: so many months at a price each."""

    customer: str
    price: Decimal
    months: int


class Standing(enum.Enum):
    """Says how it stands with the present month."""

    DUE = "due"
    PAID = "paid"
    CANCELLED = "cancelled"


@attrs.frozen
class Subscription:
    """Is a plan that has begun. `reminders` counts those of the present month."""

    plan: Plan
    since: datetime
    standing: Standing = Standing.DUE
    months_paid: int = 0
    reminders: int = 0


@attrs.frozen
class Ended:
    """Is the outcome of a subscription that ended as it should."""

    months_paid: int
    reason: str


@attrs.frozen
class Lapsed:
    """Says that a subscription ended because nobody paid."""

    months_paid: int


# Signals and queries


@attrs.frozen
class Payment:
    """Is a payment by hand, such as with another card."""

    reference: str


@attrs.frozen
class Cancellation:
    """Is the wish to end a subscription, and why."""

    reason: str = ""


PAY = Signal("pay", request=Payment, response=str)
CANCEL = Signal("cancel", request=Cancellation, response=str, early=Early.KEEP)
STATUS = Query("status", response=str)

# Events: what the journal keeps


@attrs.frozen
class Charged:
    """Records a payment by card."""

    price: Decimal


@attrs.frozen
class CardDeclined:
    """Records that the card was not charged."""


@attrs.frozen
class ReminderSent:
    """Records a reminder."""

    number: int


# Effects


@attrs.frozen
class Office:
    """Charges cards and writes letters; `declined` are the months in which the card of a customer is not charged."""

    declined: Mapping[str, tuple[int, ...]]

    async def charge(self, subscription: Subscription) -> Charged | CardDeclined:
        """Charge the card for one month."""
        plan, month = subscription.plan, subscription.months_paid + 1
        return CardDeclined() if month in self.declined.get(plan.customer, ()) else Charged(plan.price)

    async def remind(self, subscription: Subscription) -> ReminderSent:
        """Write to the customer."""
        return ReminderSent(subscription.reminders + 1)


# Handlers: pure functions that fold what happens into what flows on


def begun(plan: Plan, time: datetime) -> Subscription:
    """Return the subscription as it begins."""
    return Subscription(plan, since=time)


def charged(subscription: Subscription, event: Charged | CardDeclined) -> Subscription:
    """Return the subscription with the month paid, or still due."""
    return paid(subscription, event) if isinstance(event, Charged) else subscription


def paid(subscription: Subscription, _: object) -> Subscription:
    """Return the subscription with the present month paid."""
    return attrs.evolve(subscription, standing=Standing.PAID, months_paid=subscription.months_paid + 1, reminders=0)


def reminded(subscription: Subscription, event: ReminderSent) -> Subscription:
    """Return the subscription with one more reminder."""
    return attrs.evolve(subscription, reminders=event.number)


def cancelled(subscription: Subscription, _: Cancellation) -> Subscription:
    """Return the subscription that will not go on after the present month."""
    return attrs.evolve(subscription, standing=Standing.CANCELLED)


def patient(subscription: Subscription) -> Result[Subscription, Lapsed]:
    """Return the subscription if there are reminders left."""
    if subscription.reminders < MOST_REMINDERS:
        return Success(subscription)
    return Failure(Lapsed(subscription.months_paid))


def next_month(subscription: Subscription) -> Subscription:
    """Return the subscription with one more month to pay."""
    return attrs.evolve(subscription, standing=Standing.DUE)


def ended(subscription: Subscription) -> Ended:
    """Return the outcome."""
    is_cancelled = subscription.standing is Standing.CANCELLED
    return Ended(subscription.months_paid, "the customer has cancelled" if is_cancelled else "the term is over")


def is_due(subscription: Subscription) -> bool:
    """Tell whether the present month has to be paid."""
    return subscription.standing is Standing.DUE


def is_last(subscription: Subscription) -> bool:
    """Tell whether no other month follows."""
    return subscription.standing is Standing.CANCELLED or subscription.months_paid == subscription.plan.months


def paid_until(subscription: Subscription) -> datetime:
    """Return when the months paid are over: on the day of the month it began, or on the last one of a short month.

    >>> from datetime import UTC
    >>> plan = Plan("Ada", Decimal(9), months=12)
    >>> paid_until(Subscription(plan, datetime(2026, 1, 31, tzinfo=UTC), months_paid=1)).date().isoformat()
    '2026-02-28'
    """
    since = subscription.since
    years, month = divmod(since.month - 1 + subscription.months_paid, 12)
    year = since.year + years
    _, days = calendar.monthrange(year, month + 1)
    return since.replace(year=year, month=month + 1, day=min(since.day, days))


# Answers


def thanks(_: Subscription, payment: Payment) -> str:
    """Tell the customer that the money has come."""
    return f"received: {payment.reference}"


def farewell(subscription: Subscription, _: Cancellation) -> str:
    """Tell the customer when the subscription ends."""
    return f"ends on {paid_until(subscription):%Y-%m-%d}"


SubscriptionState: TypeAlias = Plan | Subscription | Ended


def status(state: SubscriptionState) -> str:
    """Tell the customer how it stands."""
    match state:
        case Plan():
            return "new"
        case Subscription():
            return f"{state.months_paid} of {state.plan.months} months paid, {state.standing.value}"
        case Ended():
            return f"ended: {state.reason}"


# The workflow


def subscription_workflow(office: Office) -> Workflow[Plan, Lapsed, Ended]:
    """Return the workflow of the subscriptions of an office."""
    cancel = receive_signal(CANCEL, cancelled, respond=farewell)
    answer = first_of(
        receive_signal(PAY, paid, respond=thanks),
        cancel,
        wait(BETWEEN_REMINDERS, name="a week") >> check(patient),
        name="answer",
    )
    payment = repeat_while(is_due, run_io(office.remind, reminded) >> answer, name="reminders")
    end_of_month = wait_until(paid_until, name="end of month")
    rest_of_month = first_of(end_of_month, cancel >> end_of_month, name="rest of month")
    month = run_io(office.charge, charged) >> payment >> rest_of_month
    return Workflow(
        "subscription",
        version=1,
        input=Plan,
        root=query(
            STATUS,
            status,
            now(begun, name="begin") >> loop(month, until=is_last, back=compute(next_month), name="month").map(ended),
        ),
    )


subscription = subscription_workflow(Office({}))
"""Is for pictures and checks, which charge nobody."""

# The script

SIGNALS: Mapping[str, tuple[Signal[Any, str], Any]] = {
    "pay": (PAY, Payment("by another card")),
    "cancel": (CANCEL, Cancellation()),
}


@attrs.frozen
class Act:
    """Is a signal that a customer sends, and when."""

    on: datetime
    signal: str


@attrs.frozen
class Case:
    """Is one subscription: when the card is declined, what the customer does, and how that has to end."""

    id: str
    about: str
    plan: Plan
    declined_months: tuple[int, ...]
    acts: tuple[Act, ...]
    ending: Ending


@attrs.frozen
class Book:
    """Is the input file: when all subscriptions begin, and the stories."""

    begin: datetime
    stories: tuple[Case, ...]

    @property
    def office(self) -> Office:
        """Is the office of all stories."""
        return Office({case.plan.customer: case.declined_months for case in self.stories})


def read_book(path: Path = INPUT) -> Book:
    """Return what is in a JSON file."""
    return msgspec.json.decode(path.read_bytes(), type=Book)


Run = SimulatedInstance[Lapsed, Ended]


def play(simulation: Simulation, workflow: Workflow[Plan, Lapsed, Ended], case: Case) -> Run:
    """Play a story to its end."""
    run = simulation.start(workflow, id=case.id, input=case.plan)
    for number, act in enumerate(case.acts):
        simulation.advance_to(act.on)
        run.signal(*SIGNALS[act.signal], key=f"act {number}")
    while simulation.advance_to_next():
        pass
    return run


def diary(history: Iterable[Entry]) -> Iterator[str]:
    """Yield what happened on which day, without the timers."""
    for entry in history:
        if entry.kind in (Kind.EVENT, Kind.SIGNAL) and entry.payload is not None:
            yield f"{entry.recorded_at:%Y-%m-%d}  {entry.address}  {entry.payload.text}"


def main() -> None:
    """Play all stories, each in a year of its own, and print the diary of the one in which a reminder helps."""
    book = read_book()
    workflow = subscription_workflow(book.office)
    histories: dict[str, tuple[Entry, ...]] = {}
    for case in book.stories:
        with Simulation(workflow, start=book.begin) as simulation:
            run = play(simulation, workflow, case)
            history = histories[case.id] = run.history
            print(f"{case.id}: {case.about}: {ending_of(run.result()).type} on {history[-1].recorded_at:%Y-%m-%d}")
    print(*diary(histories["new card"]), sep="\n")
    print(to_text(draw(workflow, progress=progress(workflow, histories["new card"]))), end="")


if __name__ == "__main__":
    main()
