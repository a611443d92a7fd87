"""How does money leave an account, with all that may stop it?

    create -> valid -> calculate_fee -> put_funds_on_hold
           -> checks, asked again until they are decided; an operator decides what stays open
           -> choose: confirm or cancel -> initiate_execution, tried again after outages -> execution_completed
           -> release_funds
    and whatever fails once the funds are on hold -> cancel_hold

The words are in `withdrawal_values`: requests, states, errors, events. Here are effects, which call the bank and
return events; handlers, which are pure and fold events into states; and at the end the workflow itself.

A customer may change their mind until the transfer begins. The workflow asks for it in one place, with a signal that
confirms or cancels; one that comes while the checks run is kept, and counts when they are done. Once a part of
a workflow can be interrupted by a signal, a cancellation will end the checks at once.

    python -m examples.withdrawal [JOURNAL]

plays all stories of `withdrawal.json` on a SQLite journal, `withdrawal.db` unless it is told another.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Never

import attrs
from returns.result import Failure, Result, Success

from examples.bank import CHECKS, Bank, SimulatedBank, TransferRefused, Verdict
from examples.stories import ending_of, play, read_book
from examples.withdrawal_values import (
    CHOOSE,
    CREATE,
    EXECUTION_COMPLETED,
    OVERVIEW,
    REVIEW,
    SIGNALS,
    Account,
    Cancelled,
    Cancelling,
    CheckAnswered,
    Checking,
    ChecksAsked,
    Choice,
    Completed,
    CreateWithdrawal,
    Executing,
    ExecutionInitiated,
    ExecutionRefused,
    ExecutionReport,
    ExecutionStatus,
    FeeCalculated,
    FundsHeld,
    FundsRefused,
    FundsReleased,
    Held,
    HoldCancelled,
    Overview,
    Priced,
    Rejected,
    RejectedInChecks,
    RejectedInConfirmation,
    RejectedInFunds,
    RejectedInInitiation,
    RejectedInValidation,
    RejectedWithHold,
    Requested,
    Review,
    ReviewVerdict,
    State,
    Status,
    WithdrawalCreated,
)
from interpreters import Runtime, effect_context
from interpreters.render import draw, to_text
from interpreters.tracing import progress
from journals.sqlite import SqliteJournal
from wio import (
    Caught,
    Fixed,
    Retry,
    Workflow,
    branch,
    check,
    compute,
    handle_signal,
    loop,
    query,
    run_io,
    wait,
    when,
)

INPUT = Path(__file__).with_name("withdrawal.json")

# Effects: calls of the bank, and what a signal leaves in the journal


@attrs.frozen
class Effects:
    """Calls a bank. The idempotency key makes a call that a crash repeats count once."""

    bank: Bank

    async def calculate_fee(self, requested: Requested) -> FeeCalculated:
        """Ask what it costs."""
        return FeeCalculated(await self.bank.fee(requested.amount))

    async def put_funds_on_hold(self, priced: Priced) -> FundsHeld | FundsRefused:
        """Hold amount and fee."""
        key = effect_context().idempotency_key
        if await self.bank.hold(key, priced.account, priced.total):
            return FundsHeld(key)
        return FundsRefused(await self.bank.available(priced.account))

    async def ask_checks(self, checking: Checking) -> ChecksAsked:
        """Ask every check that has not decided."""
        key, account = effect_context().idempotency_key, checking.held.priced.account
        verdicts = [await self.bank.ask(key, account, check) for check in checking.undecided]
        return ChecksAsked(tuple(map(CheckAnswered, checking.undecided, verdicts)))

    async def initiate_execution(self, held: Held) -> ExecutionInitiated | ExecutionRefused:
        """Begin the transfer."""
        key, priced = effect_context().idempotency_key, held.priced
        try:
            return ExecutionInitiated(await self.bank.transfer(key, priced.account, held.hold, priced.recipient))
        except TransferRefused as refusal:
            return ExecutionRefused(str(refusal))

    async def release_funds(self, executing: Executing) -> FundsReleased:
        """Let the money go."""
        await self.bank.release(executing.held.hold)
        return FundsReleased(executing.held.priced.total)

    async def cancel_hold(self, cancelling: Cancelling) -> HoldCancelled:
        """Give the money back."""
        await self.bank.cancel(cancelling.held.hold)
        return HoldCancelled(cancelling.held.priced.total)


async def create(_: Account, request: CreateWithdrawal) -> WithdrawalCreated:
    """Record what is asked for."""
    return WithdrawalCreated(request.amount, request.recipient)


async def review(_: Checking, request: Review) -> Review:
    """Record the operator's decision as it is."""
    return request


async def choose(_: Held, request: Choice) -> Choice:
    """Record the customer's choice as it is."""
    return request


async def complete_execution(_: Executing, request: ExecutionReport) -> ExecutionReport:
    """Record the report as it is."""
    return request


# Handlers: pure functions that fold events into states


def requested(account: Account, event: WithdrawalCreated) -> Requested:
    """Return what was asked for."""
    return Requested(account.name, event.amount, event.recipient)


def valid(requested: Requested) -> Result[Requested, RejectedInValidation]:
    """Return the request, or what is wrong with it."""
    if requested.amount <= 0:
        return Failure(RejectedInValidation(f"the amount is {requested.amount}, not more than 0"))
    return Success(requested)


def priced(requested: Requested, event: FeeCalculated) -> Priced:
    """Return the request with its price."""
    return Priced(requested.account, requested.amount, requested.recipient, event.fee)


def held(priced: Priced, event: FundsHeld | FundsRefused) -> Result[Held, RejectedInFunds]:
    """Return the withdrawal with its hold, or how much money is missing."""
    match event:
        case FundsHeld(hold):
            return Success(Held(priced, hold))
        case FundsRefused(available):
            return Failure(RejectedInFunds(available, priced.total))


def checking(held: Held) -> Checking:
    """Return a withdrawal of which no check has been asked."""
    return Checking(held, CHECKS)


def answered(checking: Checking, event: ChecksAsked) -> Result[Checking, RejectedInChecks]:
    """Return the withdrawal after one more round, or the checks that stand against it."""
    rejected = event.checks_that_said(Verdict.REJECTED)
    if rejected:
        return Failure(RejectedInChecks(rejected))
    return Success(Checking(checking.held, event.checks_that_said(Verdict.PENDING), checking.rounds + 1))


def is_undecided(checking: Checking) -> bool:
    """Tell whether a check has not decided."""
    return bool(checking.undecided)


def checks_passed(checking: Checking) -> Held:
    """Return the withdrawal without its checks."""
    return checking.held


def reviewed(checking: Checking, event: Review) -> Result[Held, RejectedInChecks]:
    """Return what the operator made of the open checks."""
    if event.verdict is ReviewVerdict.APPROVE:
        return Success(checking.held)
    return Failure(RejectedInChecks(checking.undecided, event.operator))


def chosen(held: Held, event: Choice) -> Result[Held, Cancelled]:
    """Return the withdrawal if the customer still wants it."""
    return Success(held) if event is Choice.CONFIRM else Failure(Cancelled(held.priced.recipient))


def initiated(held: Held, event: ExecutionInitiated | ExecutionRefused) -> Result[Executing, RejectedInInitiation]:
    """Return the withdrawal with its transfer, or why there is none."""
    match event:
        case ExecutionInitiated(reference):
            return Success(Executing(held, reference))
        case ExecutionRefused(reason):
            return Failure(RejectedInInitiation(reason))


def confirmed(executing: Executing, event: ExecutionReport) -> Result[Executing, RejectedInConfirmation]:
    """Return the withdrawal if the transfer succeeded."""
    if event.status is ExecutionStatus.SUCCEEDED:
        return Success(executing)
    return Failure(RejectedInConfirmation(event.reason))


def completed(executing: Executing, _: FundsReleased) -> Completed:
    """Return the outcome."""
    priced = executing.held.priced
    return Completed(priced.amount, priced.recipient, priced.fee, executing.reference)


def cancelling(caught: Caught[Held, RejectedWithHold]) -> Cancelling:
    """Return what has to be cancelled, and why."""
    return Cancelling(caught.input, caught.error)


def rejected(cancelling: Cancelling, _: HoldCancelled) -> Result[Never, RejectedWithHold]:
    """Return the reason for which the hold was cancelled: the withdrawal fails with it all the same."""
    return Failure(cancelling.reason)


# Answers: what senders of signals and askers of questions are told


def creation_answer(account: Account, event: WithdrawalCreated) -> str:
    """Tell the customer whether the request makes sense."""
    result = valid(requested(account, event))
    return "accepted" if isinstance(result, Success) else f"rejected: {result.failure().reason}"


def noted(_: object, event: object) -> str:
    """Tell a sender that the message counts."""
    return f"noted: {event}"


def overview(state: State) -> Overview:
    """Tell how far a withdrawal is."""
    match state:
        case Account():
            return Overview(Status.NEW)
        case Requested():
            return Overview(Status.REQUESTED, state.amount, state.recipient)
        case Priced():
            return _priced_overview(Status.PRICED, state)
        case Held():
            return _priced_overview(Status.FUNDS_ON_HOLD, state.priced)
        case Checking():
            return attrs.evolve(_priced_overview(Status.CHECKING, state.held.priced), undecided=state.undecided)
        case Executing():
            return _priced_overview(Status.EXECUTING, state.held.priced)
        case Cancelling():
            return _priced_overview(Status.CANCELLING, state.held.priced)
        case Completed():
            return Overview(Status.COMPLETED, state.amount, state.recipient, state.fee)


def _priced_overview(status: Status, priced: Priced) -> Overview:
    return Overview(status, priced.amount, priced.recipient, priced.fee)


# The workflow


@attrs.frozen
class Pace:
    """Says how patient a withdrawal is: with its checks, and with a bank that does not answer."""

    after_first_round: timedelta = timedelta(minutes=10)
    most_rounds: int = 3
    before_retry: timedelta = timedelta(minutes=15)
    most_attempts: int = 5

    def is_over(self, checking: Checking) -> bool:
        """Tell whether there is nothing left to ask, or nobody wants to wait for it."""
        return not is_undecided(checking) or checking.rounds >= self.most_rounds

    def before_next_round(self, checking: Checking) -> timedelta:
        """Return how long to wait: longer after every round."""
        return self.after_first_round * checking.rounds


def withdrawal_workflow(bank: Bank, pace: Pace) -> Workflow[Account, Rejected, Completed]:
    """Return the workflow of withdrawals from one bank."""
    effects = Effects(bank)
    retry = Retry(attempts=pace.most_attempts, backoff=Fixed(pace.before_retry))

    checks = loop(
        run_io(effects.ask_checks, answered),
        until=pace.is_over,
        back=wait(pace.before_next_round),
        name="checks",
    )
    decided = branch(
        when(is_undecided, name="undecided") >> handle_signal(REVIEW, review, reviewed, respond=noted),
        default=compute(checks_passed),
        name="decided",
    )
    transfer = (
        handle_signal(CHOOSE, choose, chosen, respond=noted)
        >> run_io(effects.initiate_execution, initiated, retry=retry)
        >> handle_signal(EXECUTION_COMPLETED, complete_execution, confirmed, respond=noted)
        >> run_io(effects.release_funds, completed)
    )
    cancel_hold = run_io(effects.cancel_hold, rejected).transform_input(cancelling)

    return Workflow(
        "withdrawal",
        version=1,
        input=Account,
        root=query(
            OVERVIEW,
            overview,
            handle_signal(CREATE, create, requested, respond=creation_answer)
            >> check(valid)
            >> run_io(effects.calculate_fee, priced)
            >> run_io(effects.put_funds_on_hold, held)
            >> (compute(checking) >> checks >> decided >> transfer).handle_error(cancel_hold),
        ),
    )


withdrawal = withdrawal_workflow(SimulatedBank({}), Pace())
"""Is for pictures and checks, which call no bank."""

# The script

IN_A_HURRY = Pace(after_first_round=timedelta(milliseconds=20), before_retry=timedelta(milliseconds=100))


async def main(journal: Path) -> None:
    """Play all stories at once, print how they end, and the picture of the one that an operator had to decide."""
    book = read_book(INPUT)
    quick = withdrawal_workflow(SimulatedBank(book.worlds), IN_A_HURRY)
    async with Runtime(SqliteJournal(journal), [quick]) as runtime:
        instances = await asyncio.gather(*(play(runtime, quick, story, SIGNALS) for story in book.stories))
        print("| withdrawal | story | outcome | as expected |")
        print("|---|---|---|---|")
        for story, instance in zip(book.stories, instances, strict=True):
            ending = ending_of(await instance.result())
            print(f"| {story.id} | {story.about} | {ending.type} | {'yes' if ending == story.ending else 'NO'} |")
        entries = await (await runtime.instance(quick, "reviewed")).history()
    print(to_text(draw(quick, progress=progress(quick, entries))), end="")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "withdrawal.db")))
