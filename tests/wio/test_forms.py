"""Which types may an event of this step have?"""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
import types
import typing
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Generic, NoReturn, TypeVar

import attrs
import pytest
from returns.future import Future, FutureResult, FutureResultE, future_safe
from returns.io import IO, IOResult, IOResultE, impure_safe

from wio.errors import InvalidDefinition
from wio.forms import event_form
from wio.nodes import HandleSignal, RunIO
from wio.signals import Signal

T = TypeVar("T")

if typing.TYPE_CHECKING:
    from decimal import Decimal as OnlyForCheckers


@attrs.frozen
class Order:
    id: str


@attrs.frozen
class Paid:
    amount: int


@attrs.frozen
class Refused:
    reason: str


@attrs.frozen
class Box(Generic[T]):
    content: T


def pay(order: Order) -> Paid:
    return Paid(len(order.id))


async def pay_later(order: Order) -> Paid:
    return Paid(len(order.id))


def pay_or_refuse(order: Order) -> Paid | Refused:
    return Refused(order.id)


def pay_in_io(order: Order) -> IOResult[Paid, ValueError]: ...
def pay_in_io_e(order: Order) -> IOResultE[Paid]: ...
def pay_in_future(order: Order) -> FutureResult[Paid, ValueError]: ...
def pay_in_future_e(order: Order) -> FutureResultE[Paid]: ...
def pay_in_plain_future(order: Order) -> Future[Paid]: ...
def pay_in_plain_io(order: Order) -> IO[Paid]: ...
async def pay_in_io_later(order: Order) -> IOResultE[Paid]: ...
def awaitable(order: Order) -> Awaitable[Paid]: ...
def old_awaitable(order: Order) -> typing.Awaitable[Paid]: ...
def coroutine(order: Order) -> Coroutine[Any, Any, IOResultE[Paid]]: ...
def task(order: Order) -> asyncio.Task[Paid]: ...
def annotated(order: Order) -> Annotated[Paid, "in cents"]: ...
def annotated_io(order: Order) -> Annotated[IOResultE[Annotated[Paid, 1]], 2]: ...
def either_io(order: Order) -> IOResultE[Paid] | IOResultE[Refused]: ...
def union_in_io(order: Order) -> IOResultE[Paid | Refused]: ...
def optional(order: Order) -> Paid | None: ...
def nothing(order: Order) -> None: ...
def nothing_in_io(order: Order) -> IOResultE[None]: ...
def many(order: Order) -> list[Paid]: ...
def boxed(order: Order) -> Box[int]: ...
def unknown_parameter(order: OnlyForCheckers) -> Paid: ...


@future_safe
async def safely_later(order: Order) -> Paid:
    return Paid(len(order.id))


@future_safe(exceptions=(ValueError,))
async def safely_later_from_some(order: Order) -> Paid:
    return Paid(len(order.id))


@impure_safe
def safely(order: Order) -> Paid:
    return Paid(len(order.id))


@functools.cache
def remembered(order: Order) -> Paid:
    return Paid(len(order.id))


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: object) -> object:
        return function(*arguments)

    return call


@logged
def wrapped(order: Order) -> Paid:
    return Paid(len(order.id))


@attrs.frozen
class Till:
    shop: str

    def pay(self, order: Order) -> Paid:
        return Paid(len(order.id))

    @classmethod
    def pay_at_any(cls, order: Order) -> Paid:
        return Paid(len(order.id))

    @staticmethod
    def pay_anywhere(order: Order) -> Paid:
        return Paid(len(order.id))


@attrs.frozen
class Pay:
    shop: str

    def __call__(self, order: Order) -> Paid:
        return Paid(len(order.id))


@attrs.define
class Unhashable:
    shop: str

    async def __call__(self, order: Order) -> IOResultE[Paid]: ...


@attrs.frozen
class CalledSafely:
    @future_safe
    async def __call__(self, order: Order) -> Paid:
        return Paid(len(order.id))


def form_of(effect: Callable[..., Any], event: object = None) -> object | None:
    return event_form(RunIO(effect, name="pay", event=event))


@pytest.mark.parametrize(
    "effect",
    [
        pay,
        pay_later,
        pay_in_io,
        pay_in_io_e,
        pay_in_future,
        pay_in_future_e,
        pay_in_plain_future,
        pay_in_plain_io,
        pay_in_io_later,
        awaitable,
        old_awaitable,
        coroutine,
        task,
        annotated,
        annotated_io,
        unknown_parameter,
        safely_later,
        safely_later_from_some,
        safely,
        remembered,
        wrapped,
        functools.partial(pay),
        functools.partial(functools.partial(safely_later)),
        Till("a").pay,
        Till.pay_at_any,
        Till.pay_anywhere,
        functools.partial(Till("a").pay),
        Pay("a"),
        Unhashable("a"),
        CalledSafely(),
        Paid,
        functools.partial(Paid),
    ],
    ids=repr,
)
def test_what_an_effect_yields_is_the_form(effect: Callable[..., Any]) -> None:
    assert form_of(effect) is Paid


@pytest.mark.parametrize("effect", [pay_or_refuse, either_io, union_in_io])
def test_a_union_is_the_form(effect: Callable[..., Any]) -> None:
    assert form_of(effect) == Paid | Refused


def test_a_union_that_is_not_wrapped_stays_as_it_was_written() -> None:
    assert isinstance(form_of(pay_or_refuse), types.UnionType)


@pytest.mark.parametrize(
    ("effect", "form"),
    [
        (optional, Paid | None),
        (nothing, type(None)),
        (nothing_in_io, type(None)),
        (many, list[Paid]),
        (boxed, Box[int]),
        (Box[int], Box[int]),
    ],
)
def test_other_forms(effect: Callable[..., Any], form: object) -> None:
    assert form_of(effect) == form


def without_annotation(order):
    return order


def only_a_parameter(order: Order):
    return order


def anything(order: Order) -> Any: ...
def an_object(order: Order) -> object: ...
def same(order: T) -> T: ...
def same_later(order: T) -> Awaitable[T]: ...
def anything_in_io(order: Order) -> IOResultE[Any]: ...
def perhaps_anything(order: Order) -> Paid | Any: ...
def bare_io(order: Order) -> IOResult: ...
def bare_awaitable(order: Order) -> typing.Awaitable: ...
def bare_future(order: Order) -> FutureResult: ...
def never(order: Order) -> NoReturn: ...


@pytest.mark.parametrize(
    "effect",
    [
        lambda order: order,
        functools.partial(lambda order: order),
        logged(lambda order: order),
        without_annotation,
        only_a_parameter,
        anything,
        an_object,
        same,
        same_later,
        anything_in_io,
        perhaps_anything,
        bare_io,
        bare_awaitable,
        bare_future,
        never,
        len,
        [].append,
    ],
)
def test_what_says_nothing_declares_nothing(effect: Callable[..., Any]) -> None:
    assert form_of(effect) is None


def test_an_explicit_event_comes_before_the_annotation() -> None:
    assert form_of(pay, Refused) is Refused
    assert form_of(pay, type(None)) is type(None)
    assert form_of(pay, object) is None
    assert form_of(pay, Any) is None


def test_a_signal_step_has_the_form_of_its_effect_too() -> None:
    def effect(_order: Order, _request: str) -> Paid:
        return Paid(1)

    signal = Signal("pay", request=str, response=str)
    assert event_form(HandleSignal(signal, effect, None, str, name="pay")) is Paid
    assert event_form(HandleSignal(signal, effect, None, str, name="pay", event=Refused)) is Refused


def test_a_name_that_cannot_be_found_is_refused_with_the_way_out() -> None:
    class Local:
        pass

    def effect(_order: Order) -> IOResultE[Local]:
        raise NotImplementedError

    with pytest.raises(InvalidDefinition) as caught:
        form_of(effect)
    assert str(caught.value) == (
        "Step 'pay': the type of its event is unknown. Its effect"
        f" {__name__}.test_a_name_that_cannot_be_found_is_refused_with_the_way_out.<locals>.effect is annotated to"
        " return 'IOResultE[Local]', which cannot be resolved: name 'Local' is not defined. Define that at the top"
        " of the module, or pass the class of the event to the step: event=..."
    )
    assert form_of(effect, Local) is Local


def test_an_annotation_that_is_no_type_is_refused() -> None:
    def effect(_order: Order) -> None: ...

    effect.__annotations__["return"] = "3 + 'x'"
    with pytest.raises(InvalidDefinition, match="unsupported operand"):
        form_of(effect)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="`type` statements and type parameters are new in 3.12")
def test_named_types_and_type_parameters() -> None:
    names: dict[str, Any] = {**globals()}
    exec(
        "type Payment = IOResultE[Paid]\n"
        "def effect(order) -> Payment: ...\n"
        "def many(order) -> list[Payment]: ...\n"
        "def same[X](order: X) -> X: ...\n",
        names,
    )
    payment = names["Payment"]
    assert form_of(names["effect"]) is Paid
    assert form_of(names["many"]) == list[payment]
    assert form_of(names["same"]) is None


def test_fresh_functions_do_not_pile_up() -> None:
    def fresh() -> Callable[[Order], Paid]:
        def effect(order: Order) -> Paid:
            return Paid(len(order.id))

        return effect

    def ask() -> weakref.ref[object]:
        effect = fresh()
        assert form_of(effect) is Paid
        return weakref.ref(effect)

    first = ask()
    for _ in range(2_000):
        ask()
    gc.collect()
    assert first() is None


def test_a_function_without_annotations_is_not_kept() -> None:
    effect = lambda order: order  # noqa: E731
    known = weakref.ref(effect)
    assert form_of(effect) is None
    del effect
    gc.collect()
    assert known() is None
