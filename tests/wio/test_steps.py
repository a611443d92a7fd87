"""What does each step do when it runs? A story per constructor, driven by hand; numbers are those of the behaviours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from returns.future import FutureResultE, future_safe
from returns.io import IOFailure, IOResult, IOResultE
from returns.result import Failure, Result, Success

from interpreters import DraftReached, Runtime, UserFunctionRaised, WrongPayload, effect_context
from interpreters.errors import JournalMismatch, NotActive, NotDue
from interpreters.machine.pending import EffectToRun, Outcome, PausedAt, SignalExpected, TimerRunning, pending
from interpreters.machine.recovery import recover
from interpreters.runtime.driving.agenda import described
from interpreters.testing import START, Simulation
from journals import InMemoryJournal
from journals.entries import Kind
from tests.machine.driving import begun, failed, fired, lost, ran, resumed, signalled
from tests.machine.programs import AT
from wio import (
    WIO,
    Fixed,
    InvalidDefinition,
    Retry,
    Signal,
    Workflow,
    check,
    compute,
    draft,
    fail,
    handle_signal,
    new_uuid,
    now,
    pure,
    random_number,
    run_io,
    wait,
    wait_until,
)
from wio.nodes import Drawn, Record, TransformOutput


@attrs.frozen
class Order:
    number: int


@attrs.frozen
class Charged:
    amount: int


@attrs.frozen
class Declined:
    amount: int


@attrs.frozen
class Approve:
    by: str


def charge(order: Order) -> Charged:
    return Charged(order.number * 10)


def keeps(order: Order, charged: Charged) -> Order:
    return Order(order.number + charged.amount)


def pays(order: Order, charged: Charged) -> Result[Order, Declined]:
    return Success(keeps(order, charged)) if charged.amount < 100 else Failure(Declined(charged.amount))


def is_even(order: Order) -> Result[Order, str]:
    return Success(order) if order.number % 2 == 0 else Failure("odd")


def workflow(root: WIO[Order, object, object]) -> Workflow[Order, object, object]:
    return Workflow("order", version=1, input=Order, root=root)


ONE = Order(1)


# Values


def test_a_pure_value_is_the_outcome_and_needs_no_event() -> None:
    """10: a pure value becomes the state without any event."""
    here = begun(workflow(pure(3)), ONE)
    assert here.pending[0] == Outcome(Success(3), recorded=True)
    assert [entry.kind for entry in here.entries] == [Kind.STARTED, Kind.COMPLETED]


def test_after_the_end_nothing_happens_any_more() -> None:
    """11, 13: a wake-up, an event or a signal at the end does nothing."""
    here = begun(workflow(pure(3)), ONE)
    for stimulus in (ran, signalled):
        with pytest.raises(NotActive):
            stimulus(here, 1, address="step")
    with pytest.raises(NotActive):
        fired(here, AT, address="wait")


def test_a_pure_error_goes_to_the_error_channel() -> None:
    """12: so does the error of a check."""
    assert begun(workflow(fail("no")), ONE).pending[0] == Outcome(Failure("no"), recorded=True)
    assert begun(workflow(check(is_even)), ONE).pending[0] == Outcome(Failure("odd"), recorded=True)
    assert begun(workflow(check(is_even)), Order(2)).pending[0] == Outcome(Success(Order(2)), recorded=True)
    assert begun(workflow(fail("no")), ONE).entries[-1].kind is Kind.FAILED


def test_after_an_error_the_following_steps_are_left_out() -> None:
    here = begun(workflow(check(is_even) >> run_io(charge)), ONE)
    assert here.pending[0] == Outcome(Failure("odd"), recorded=True)


def test_a_pure_function_that_raises_is_named_with_its_place() -> None:
    with pytest.raises(UserFunctionRaised, match="divide") as raised:
        begun(Workflow("w", version=1, input=int, root=compute(divide).named("divide")), 0)
    assert raised.value.function == "divide"
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def divide(number: int) -> int:
    return 1 // number


# Effects


def test_an_effect_yields_an_event_that_the_handler_folds() -> None:
    """14: the wake-up runs the effect, its event is recorded, the handler makes the new state."""
    here = begun(workflow(run_io(charge, keeps)), ONE)
    assert here.pending[0] == EffectToRun("charge", "charge", charge, (ONE,), attempt=1)
    here = ran(here, Charged(5))
    assert here.pending[0] == Outcome(Success(Order(6)), recorded=True)
    event, end = here.entries
    assert (event.kind, event.address, event.seq) == (Kind.EVENT, "charge", 2)
    assert event.payload is not None
    assert event.payload.text == '{"amount":5}'
    assert (end.kind, end.seq) == (Kind.COMPLETED, 3)


def test_without_a_handler_the_event_is_the_output() -> None:
    here = ran(begun(workflow(run_io(charge)), ONE), Charged(5))
    assert here.pending[0] == Outcome(Success(Charged(5)), recorded=True)


def test_an_exception_is_shown_and_leaves_the_state() -> None:
    """15, 81: without a retry policy the instance is paused with the reason; no event is stored."""
    here = failed(begun(workflow(run_io(charge, keeps)), ONE), OSError("no route"))
    assert isinstance(here.pending[0], PausedAt)
    assert str(here.pending[0].problem) == "OSError: no route"
    assert here.entries[0].kind is Kind.ATTEMPT_FAILED
    assert described(here.pending[0]) == "paused at charge: OSError: no route"


def test_after_a_resume_the_effect_runs_again() -> None:
    """16: as the second attempt."""
    here = resumed(failed(begun(workflow(run_io(charge, keeps)), ONE), OSError("no route")))
    assert here.pending[0] == EffectToRun("charge", "charge", charge, (ONE,), attempt=2)
    assert ran(here, Charged(1)).pending[0] == Outcome(Success(Order(2)), recorded=True)


def test_a_paused_instance_takes_nothing_but_a_resume() -> None:
    """R: an event that turns up while the instance is paused is refused, in the journal too."""
    here = failed(begun(workflow(run_io(charge, keeps)), ONE), OSError("no route"))
    for stimulus in (lambda: ran(here, Charged(1)), lambda: failed(here, OSError("again")), lambda: lost(here)):
        with pytest.raises(JournalMismatch, match="a resume"):
            stimulus()
    assert resumed(here).pending[0]


def test_a_handler_may_fail_with_a_domain_error() -> None:
    """18: the event is recorded all the same."""
    here = ran(begun(workflow(run_io(charge, pays)), ONE), Charged(100))
    assert here.pending[0] == Outcome(Failure(Declined(100)), recorded=True)
    assert [entry.kind for entry in here.entries] == [Kind.EVENT, Kind.FAILED]


def test_a_handler_that_raises_leaves_the_execution_as_it_was() -> None:
    """R: nothing is recorded, and the same execution can go on with another event."""

    def raises(order: Order, charged: Charged) -> Order:
        return Order(order.number // charged.amount)

    here = begun(workflow(run_io(charge, raises)), ONE)
    with pytest.raises(UserFunctionRaised, match="raises"):
        ran(here, Charged(0))
    assert ran(here, Charged(1)).pending[0] == Outcome(Success(ONE), recorded=True)


def test_an_event_that_cannot_be_kept_is_refused_before_it_is_recorded() -> None:
    with pytest.raises(WrongPayload, match="'charge'"):
        ran(begun(workflow(run_io(charge, keeps)), ONE), "no event")


@attrs.frozen
class Seen:
    instance: str
    key: str
    attempt: int


def look(order: Order) -> Seen:
    assert order
    context = effect_context()
    return Seen(context.instance_id, context.idempotency_key, context.attempt)


def test_a_step_sees_the_instance_and_its_input() -> None:
    """19: and its attempt, and a key that is the same on each attempt."""
    looking = workflow(run_io(look))
    with Simulation(looking) as simulation:
        assert simulation.start(looking, id="o-1", input=ONE).result() == Success(Seen("o-1", "o-1:look", 1))


def test_names_of_a_step() -> None:
    """20: the default is the function's name; a lambda has none; a description is kept."""
    assert begun(workflow(run_io(lambda _: 1)), ONE).pending[0].address == "step"  # type: ignore[union-attr]
    named = run_io(charge, name="take money", description="Takes it.")
    assert begun(workflow(named), ONE).pending[0].address == "take money"  # type: ignore[union-attr]
    assert named == run_io(charge, name="take money", description="Takes it.")
    assert named != run_io(charge, name="take money")


async def charge_soon(order: Order) -> Charged:
    return charge(order)


def charge_io(order: Order) -> IOResultE[Charged]:
    return IOResult.from_value(charge(order))


@future_safe
async def charge_future(order: Order) -> Charged:
    return charge(order)


def charge_later(order: Order) -> FutureResultE[Charged]:
    return charge_future(order)


async def charge_io_soon(order: Order) -> IOResultE[Charged]:
    return IOResult.from_value(charge(order))


class Charging:
    """Is an effect with parts."""

    def __call__(self, order: Order) -> Charged:
        return charge(order)


@pytest.mark.parametrize(
    "effect", [charge, charge_soon, charge_io, charge_future, charge_later, charge_io_soon, Charging()]
)
@pytest.mark.parametrize("handler", [keeps, pays])
def test_effects_of_every_kind_with_handlers_of_every_kind(effect: object, handler: object) -> None:
    charging: Workflow[Order, object, object] = workflow(run_io(effect, handler))  # type: ignore[call-overload]
    with Simulation(charging) as simulation:
        assert simulation.start(charging, id="i", input=Order(2)).result() == Success(Order(22))


def charge_refused(order: Order) -> IOResultE[Charged]:
    return IOFailure(OSError(f"no money in {order}"))


def test_an_io_failure_is_a_technical_error() -> None:
    refusing = workflow(run_io(charge_refused))
    with Simulation(refusing) as simulation:
        waiting = simulation.start(refusing, id="i", input=ONE).pending[0]
        assert isinstance(waiting, PausedAt)
        assert waiting.problem.type == "OSError"


def test_a_lost_attempt_runs_again_and_does_not_count_for_the_policy() -> None:
    """R 85: what the journal says of an attempt survives; a crash uses nothing of the policy up."""
    policy = Retry(attempts=2, backoff=Fixed(timedelta(seconds=10)))
    here = lost(lost(begun(workflow(run_io(charge, keeps, retry=policy)), ONE)))
    assert isinstance(here.pending[0], EffectToRun)
    assert (here.pending[0].attempt, here.pending[0].not_before) == (3, None)
    here = failed(here, OSError("once"))
    assert isinstance(here.pending[0], EffectToRun)
    assert (here.pending[0].attempt, here.pending[0].not_before) == (4, AT + timedelta(seconds=10))
    assert isinstance(failed(here, OSError("twice")).pending[0], PausedAt)


def test_steps_run_in_order_and_state_accumulates() -> None:
    """1, 4: one effect after another."""
    step = run_io(charge, keeps)
    here = begun(workflow(step >> step >> step), ONE)
    for amount in (1, 10, 100):
        here = ran(here, Charged(amount))
    assert here.pending[0] == Outcome(Success(Order(112)), recorded=True)


# Signals

APPROVE = Signal("approve", request=Approve, response=str)


@attrs.frozen
class Approved:
    by: str
    number: int


def approve(order: Order, request: Approve) -> Approved:
    if not request.by:
        raise PermissionError("nobody")
    return Approved(request.by, order.number)


def count(order: Order, approved: Approved) -> Order:
    return Order(order.number + len(approved.by))


def judge(order: Order, approved: Approved) -> Result[Order, str]:
    return Failure("not by you") if approved.by == "you" else Success(count(order, approved))


def thank(order: Order, approved: Approved) -> str:
    return f"thanks, {approved.by}, for {order.number}"


approved = handle_signal(APPROVE, approve, count, respond=thank)


def test_a_signal_is_recorded_with_its_response() -> None:
    """21, 25: the response is made of the input and the event."""
    here = begun(workflow(approved), ONE)
    assert isinstance(here.pending[0], SignalExpected)
    assert here.pending[0].node.signal == APPROVE
    here = signalled(here, Approved("me", 1), key="k")
    entry = here.entries[0]
    assert (entry.kind, entry.address, entry.key) == (Kind.SIGNAL, "approve", "k")
    assert entry.response is not None
    assert entry.response.text == '"thanks, me, for 1"'
    assert here.pending[0] == Outcome(Success(Order(3)), recorded=True)


def test_only_the_signal_of_the_present_step_is_expected() -> None:
    """2, 3: the second is expected after the first."""
    here = begun(workflow(approved >> approved.named("again")), ONE)
    assert here.pending[0].address == "approve"  # type: ignore[union-attr]
    assert signalled(here, Approved("a", 1)).pending[0].address == "again"  # type: ignore[union-attr]


def test_a_signal_may_lead_to_a_domain_error_and_still_has_a_response() -> None:
    """23."""
    here = signalled(begun(workflow(handle_signal(APPROVE, approve, judge, respond=thank)), ONE), Approved("you", 1))
    assert here.pending[0] == Outcome(Failure("not by you"), recorded=True)
    assert here.entries[0].response is not None


def test_a_response_of_the_wrong_type_is_refused_before_anything_is_recorded() -> None:
    wrong = handle_signal(APPROVE, approve, count, respond=count)  # type: ignore[call-overload]
    with pytest.raises(WrongPayload, match="response to signal 'approve'"):
        signalled(begun(workflow(wrong), ONE), Approved("me", 1))


def test_the_exception_of_a_signals_effect_goes_to_its_sender() -> None:
    waiting = workflow(approved)
    with Simulation(waiting) as simulation:
        run = simulation.start(waiting, id="i", input=ONE)
        with pytest.raises(PermissionError):
            run.signal(APPROVE, Approve(""))
        assert isinstance(run.pending[0], SignalExpected)
        assert len(run.history) == 1
        assert run.signal(APPROVE, Approve("me")) == "thanks, me, for 1"


def test_no_attempt_of_a_signals_effect_is_recorded_while_its_sender_waits() -> None:
    here = begun(workflow(approved), ONE)
    with pytest.raises(JournalMismatch, match="signal 'approve'"):
        failed(here, OSError("no"))


# Waits


def test_a_wait_records_its_deadline_and_ends_there() -> None:
    """33: at the deadline, and not before."""
    here = begun(workflow(wait(timedelta(days=1)) >> run_io(charge)), ONE)
    due = AT + timedelta(days=1)
    assert here.pending[0] == TimerRunning("wait", due)
    assert [entry.kind for entry in here.entries] == [Kind.STARTED, Kind.TIMER_SET]
    with pytest.raises(NotDue):
        fired(here, due - timedelta(microseconds=1))
    assert fired(here, due).pending[0] == EffectToRun("charge", "charge", charge, (ONE,), attempt=1)


def test_a_recorded_deadline_survives_new_code() -> None:
    """37: R: the duration in the code changes, the deadline does not."""
    from_old = begun(workflow(wait(timedelta(days=1))), ONE).entries
    from_new = begun(workflow(wait(timedelta(days=9))), ONE)
    recovered = recovered_pending(workflow(wait(timedelta(days=9))), from_old)
    assert recovered == (TimerRunning("wait", AT + timedelta(days=1)),)
    assert from_new.pending[0] == TimerRunning("wait", AT + timedelta(days=9))


def recovered_pending(of: Workflow[Order, object, object], entries: object) -> object:
    return pending(recover(of, entries))  # type: ignore[arg-type]


def tomorrow(order: Order) -> datetime:
    return AT + timedelta(days=order.number)


def as_many_hours(order: Order) -> timedelta:
    return timedelta(hours=order.number)


def test_a_wait_may_be_computed_from_the_value() -> None:
    here = begun(workflow(wait(as_many_hours)), ONE)
    assert here.pending[0] == TimerRunning("as_many_hours", AT + timedelta(hours=1))
    assert begun(workflow(wait_until(tomorrow)), ONE).pending[0] == TimerRunning("tomorrow", AT + timedelta(days=1))


def test_a_wait_until_another_zones_time_is_said_in_utc() -> None:
    noon_elsewhere = datetime(2026, 1, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    waiting = begun(workflow(wait_until(noon_elsewhere)), ONE).pending[0]
    assert described(waiting) == "waits at wait until 2026-01-02 10:00:00 UTC"


@pytest.mark.parametrize("duration", [timedelta(0), timedelta(days=-3), timedelta.min])
def test_a_wait_that_is_over_already_ends_at_once(duration: timedelta) -> None:
    waiting = workflow(wait(duration))
    with Simulation(waiting) as simulation:
        assert simulation.start(waiting, id="i", input=ONE).result() == Success(ONE)


def test_a_wait_beyond_the_calendar_never_ends() -> None:
    here = begun(workflow(wait(timedelta.max)), ONE)
    assert here.pending[0] == TimerRunning("wait", datetime.max.replace(tzinfo=UTC))
    far = datetime.max.replace(tzinfo=timezone(timedelta(hours=-2)))
    assert begun(workflow(wait_until(far)), ONE).pending[0] == TimerRunning("wait", far)


def test_a_moment_of_the_wrong_type_pauses_the_instance() -> None:
    here = begun(workflow(wait(tomorrow)), ONE)  # type: ignore[arg-type]
    assert isinstance(here.pending[0], PausedAt)
    assert "not a timedelta" in here.pending[0].problem.message
    naive = begun(workflow(wait_until(lambda _: datetime(2026, 1, 1))), ONE)
    assert isinstance(naive.pending[0], PausedAt)
    assert isinstance(resumed(naive).pending[0], PausedAt)


def test_a_constant_time_without_a_zone_is_refused_when_the_step_is_built() -> None:
    with pytest.raises(InvalidDefinition, match="aware"):
        wait_until(datetime(2026, 1, 1))


def test_a_wait_in_virtual_time() -> None:
    waiting = workflow(wait(timedelta(days=30)) >> run_io(charge, keeps))
    with Simulation(waiting) as simulation:
        run = simulation.start(waiting, id="i", input=ONE)
        simulation.advance(timedelta(days=29))
        assert run.pending[0] == TimerRunning("wait", START + timedelta(days=30))
        simulation.advance(timedelta(days=1))
        assert run.result() == Success(Order(11))


# Drafts


def test_a_draft_composes_and_is_refused_by_a_runtime() -> None:
    drafted = workflow(run_io(charge) >> draft("ship", input=Charged, output=Order))
    with pytest.raises(DraftReached, match="ship"):
        Runtime(InMemoryJournal(), [drafted])
    with pytest.raises(DraftReached, match="ship"):
        ran(begun(drafted, ONE), Charged(1))


# What is drawn from outside, once


@pytest.mark.parametrize(
    ("draw", "drawn", "name"),
    [(now, Drawn.NOW, "now"), (random_number, Drawn.RANDOM, "random number"), (new_uuid, Drawn.UUID, "new UUID")],
)
def test_what_is_drawn_is_the_output_or_is_folded(draw: Any, drawn: Drawn, name: str) -> None:
    assert draw() == Record(drawn, name=name)
    assert draw(name="n", description="Draws.") == Record(drawn, name="n", description="Draws.")
    assert draw(max) == TransformOutput(Record(drawn, name=name), max)
    assert draw(max, name="n", description="Draws.") == TransformOutput(
        Record(drawn, name="n", description="Draws."), max
    )
