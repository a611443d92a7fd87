"""What is said of a withdrawal? Requests go in, events are recorded, states flow, errors and outcomes come out."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import TypeAlias

import attrs

from examples.bank import Verdict
from wio import Early, Query, Signal

# Requests: what people and services tell a withdrawal


@attrs.frozen
class CreateWithdrawal:
    """Asks for an amount to be sent to a recipient."""

    amount: Decimal
    recipient: str


class Choice(enum.Enum):
    """Says what a customer wants in the end."""

    CONFIRM = "confirm"
    CANCEL = "cancel"


class ReviewVerdict(enum.Enum):
    """Says what an operator decides."""

    APPROVE = "approve"
    REJECT = "reject"


@attrs.frozen
class Review:
    """Decides, by a person, the checks that stay open."""

    verdict: ReviewVerdict
    operator: str


class ExecutionStatus(enum.Enum):
    """Says how a transfer ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


@attrs.frozen
class ExecutionReport:
    """Tells how the transfer ended."""

    status: ExecutionStatus
    reason: str = ""


CREATE = Signal("create", request=CreateWithdrawal, response=str)
CHOOSE = Signal("choose", request=Choice, response=str, early=Early.KEEP)
REVIEW = Signal("review", request=Review, response=str, early=Early.KEEP)
EXECUTION_COMPLETED = Signal("execution_completed", request=ExecutionReport, response=str, early=Early.KEEP)
SIGNALS = (CREATE, CHOOSE, REVIEW, EXECUTION_COMPLETED)

# States: what flows through the workflow


@attrs.frozen
class Account:
    """Is where the money is."""

    name: str


@attrs.frozen
class Requested:
    """Is a withdrawal before its price is known."""

    account: str
    amount: Decimal
    recipient: str


@attrs.frozen
class Priced:
    """Is a withdrawal with its price."""

    account: str
    amount: Decimal
    recipient: str
    fee: Decimal

    @property
    def total(self) -> Decimal:
        """Is what the account must have."""
        return self.amount + self.fee


@attrs.frozen
class Held:
    """Is a withdrawal whose money is on hold."""

    priced: Priced
    hold: str


@attrs.frozen
class Checking:
    """Is a withdrawal in its checks, after `rounds` rounds of asking."""

    held: Held
    undecided: tuple[str, ...]
    rounds: int = 0


@attrs.frozen
class Executing:
    """Is a withdrawal whose transfer was begun."""

    held: Held
    reference: str


@attrs.frozen
class Completed:
    """Is the outcome of a withdrawal that went well."""

    amount: Decimal
    recipient: str
    fee: Decimal
    reference: str


# Errors: how a withdrawal ends otherwise


@attrs.frozen
class RejectedInValidation:
    """Says what is wrong with the request."""

    reason: str


@attrs.frozen
class RejectedInFunds:
    """Says how much there is, and how much would be needed."""

    available: Decimal
    needed: Decimal


@attrs.frozen
class RejectedInChecks:
    """Says which checks stood against the withdrawal, and who decided so, if a person did."""

    checks: tuple[str, ...]
    operator: str = ""


@attrs.frozen
class RejectedInInitiation:
    """Says why the bank does not begin the transfer."""

    reason: str


@attrs.frozen
class RejectedInConfirmation:
    """Says why the transfer failed after it was begun."""

    reason: str


@attrs.frozen
class Cancelled:
    """Says that the customer changed their mind."""

    recipient: str


RejectedWithHold: TypeAlias = RejectedInChecks | RejectedInInitiation | RejectedInConfirmation | Cancelled
Rejected: TypeAlias = RejectedInValidation | RejectedInFunds | RejectedWithHold


@attrs.frozen
class Cancelling:
    """Is a withdrawal that was rejected after its money was put on hold."""

    held: Held
    reason: RejectedWithHold


State: TypeAlias = Account | Requested | Priced | Held | Checking | Executing | Cancelling | Completed


# Events: what the journal keeps


@attrs.frozen
class WithdrawalCreated:
    """Records what was asked for."""

    amount: Decimal
    recipient: str


@attrs.frozen
class FeeCalculated:
    """Records the price."""

    fee: Decimal


@attrs.frozen
class FundsHeld:
    """Records under which name the bank holds the money."""

    hold: str


@attrs.frozen
class FundsRefused:
    """Records that there was not enough money."""

    available: Decimal


@attrs.frozen
class CheckAnswered:
    """Records what one check said."""

    check: str
    verdict: Verdict


@attrs.frozen
class ChecksAsked:
    """Records one round of asking."""

    answers: tuple[CheckAnswered, ...]

    def checks_that_said(self, verdict: Verdict) -> tuple[str, ...]:
        """Return the names of some of the checks."""
        return tuple(answer.check for answer in self.answers if answer.verdict is verdict)


@attrs.frozen
class ExecutionInitiated:
    """Records the bank's reference of the transfer."""

    reference: str


@attrs.frozen
class ExecutionRefused:
    """Records that the bank does not begin the transfer."""

    reason: str


@attrs.frozen
class FundsReleased:
    """Records that the money has left the account."""

    total: Decimal


@attrs.frozen
class HoldCancelled:
    """Records that the money is available again."""

    total: Decimal


# Answers: what may be asked at any time


class Status(enum.Enum):
    """Says how far a withdrawal is."""

    NEW = "new"
    REQUESTED = "requested"
    PRICED = "priced"
    CHECKING = "checking"
    FUNDS_ON_HOLD = "funds on hold"
    EXECUTING = "executing"
    CANCELLING = "cancelling"
    COMPLETED = "completed"


@attrs.frozen
class Overview:
    """Is what is known of a withdrawal; None is what is not known yet."""

    status: Status
    amount: Decimal | None = None
    recipient: str | None = None
    fee: Decimal | None = None
    undecided: tuple[str, ...] = ()


OVERVIEW = Query("overview", response=Overview)
