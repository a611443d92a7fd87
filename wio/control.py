"""How does a workflow choose, repeat, recover and answer? The constructors of the inner nodes."""

# The overloads of `loop` go from the special to the general: a way back that passes anything on, is also one to a type.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Never, TypeVar, cast, overload

import attrs
from returns.maybe import Maybe
from typing_extensions import TypeForm

from wio.errors import InvalidDefinition
from wio.names import name_of, name_or, valid_name
from wio.nodes import (
    WIO,
    Answer,
    Arm,
    Branch,
    Caught,
    Err,
    Guarding,
    HandleError,
    Loop,
    LoopTest,
    Out,
    Passage,
    Retrying,
    is_program,
)
from wio.results import AnyResult, ResultLike
from wio.retries import GivenUp, Retry
from wio.signals import Query
from wio.validators import are, is_function

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
E = TypeVar("E")
E2 = TypeVar("E2")
E3 = TypeVar("E3")
X = TypeVar("X")
R = TypeVar("R")
Rest = TypeVar("Rest")


@attrs.frozen
class NoArmMatched:
    """Is the error of a branch without a default when no guard yields. `branch` is its name, `value` its input."""

    branch: str
    value: object


_ARM = "Make an arm of a guard and a program: when(guard) >> program. Join several by |."


def checked_arms(arms: object) -> Arms[Any, Any, Any]:
    """Return the arms unchanged. Raises `InvalidDefinition` when they are none."""
    if not isinstance(arms, Arms):
        raise InvalidDefinition(f"{arms!r:.100} is no arm. {_ARM}")
    return cast("Arms[Any, Any, Any]", cast(object, arms))


@attrs.frozen
class Arms(Generic[A, Err, Out]):
    """Holds arms in order of preference; `|` adds more."""

    arms: tuple[Arm, ...] = attrs.field(validator=are(Arm, _ARM))

    def __or__(self: Arms[A, E, B], others: Arms[A, E2, C]) -> Arms[A, E | E2, B | C]:
        return Arms((*self.arms, *checked_arms(others).arms))

    def __rshift__(self, following: Never) -> Never:
        arm = self.arms[-1].name
        raise InvalidDefinition(
            f"Arm {arm!r} already has its body, so >> cannot tell whether {following!r} belongs into the arm."
            " Put brackets around the steps of an arm: when(guard) >> (first >> second)."
        )


@attrs.frozen
class Guard(Generic[A, X]):
    """Is a condition under which `>>` leads to an arm's body."""

    condition: Callable[[A], Any] = attrs.field(validator=is_function)
    name: str = attrs.field(validator=valid_name("an arm"))

    @overload
    def __rshift__(self, body: Passage) -> Arms[A, Never, X]: ...
    @overload
    def __rshift__(self, body: WIO[X, E, B]) -> Arms[A, E, B]: ...
    def __rshift__(self, body: WIO[Any, Any, Any]) -> Arms[A, Any, Any]:
        return Arms((Arm(self.condition, body, name=self.name),))


def when(guard: Callable[[A], bool], *, name: str = "") -> Guard[A, A]:
    """Return the guard that lets a value through for which a pure function says True. Named after the function."""
    return Guard(guard, name_or(name, name_of(guard, "arm")))


def when_some(guard: Callable[[A], Maybe[X]], *, name: str = "") -> Guard[A, X]:
    """Return the guard that yields what a pure function finds: `Some(x)` takes the arm with `x` as its input."""
    return Guard(guard, name_or(name, name_of(guard, "arm")))


@overload
def branch(
    arms: Arms[A, E, B], *, default: Passage, name: str = "branch", description: str = ""
) -> WIO[A, E, B | A]: ...
@overload
def branch(
    arms: Arms[A, E, B], *, default: WIO[A, Never, C], name: str = "branch", description: str = ""
) -> WIO[A, E, B | C]: ...
@overload
def branch(
    arms: Arms[A, E, B], *, default: WIO[A, E2, C], name: str = "branch", description: str = ""
) -> WIO[A, E | E2, B | C]: ...
@overload
def branch(arms: Arms[A, E, B], *, name: str = "branch", description: str = "") -> WIO[A, E | NoArmMatched, B]: ...
def branch(
    arms: Arms[Any, Any, Any],
    *,
    default: WIO[Any, Any, Any] | None = None,
    name: str = "branch",
    description: str = "",
) -> WIO[Any, Any, Any]:
    """Return the program that takes the first arm whose guard yields, or the default.

    Without a default it fails with `NoArmMatched` when no guard yields. Which arm was taken shows in the
    addresses of the steps inside it. Raises `InvalidDefinition` when two arms have the same name.

    >>> from wio.steps import pure
    >>> branch(when(lambda n: n > 9, name="large") >> pure("L"), default=pure("S"))
    <WIO branch pure('L') pure('S')>
    """
    names = [arm.name for arm in checked_arms(arms).arms]
    doubled = sorted({arm for arm in names if names.count(arm) > 1 or arm == "default"})
    if doubled:
        raise InvalidDefinition(
            f"Two arms of {name!r} are called {doubled[0]!r} ('default' is taken by the default arm), so the journal"
            " could not tell them apart. Give one of them another name: when(guard, name=...)."
        )
    return Branch(arms.arms, default, name=name, description=description)


class NoRoundTrip:
    """Is no program: it stands for a loop of which the output, or the checkpoint, is not of the type of its input."""


@overload
def loop(
    body: WIO[A, E, A],
    *,
    until: Callable[[A], Maybe[C]],
    back: Passage,
    name: str = "loop",
    description: str = "",
    checkpoint: TypeForm[A] | None = ...,
) -> WIO[A, E, C]: ...
@overload
def loop(
    body: WIO[A, E, A],
    *,
    until: Callable[[A], bool],
    back: Passage,
    name: str = "loop",
    description: str = "",
    checkpoint: TypeForm[A] | None = ...,
) -> WIO[A, E, A]: ...
# It is for a way back that passes any value on: the overloads below would take that for a way to any type.
@overload
def loop(
    body: WIO[A, E, B],
    *,
    until: Callable[[B], object],
    back: Passage,
    name: str = "loop",
    description: str = "",
    checkpoint: object = ...,
) -> NoRoundTrip: ...
@overload
def loop(
    body: WIO[A, E, B],
    *,
    until: Callable[[B], Maybe[C]],
    back: WIO[B, Never, A],
    name: str = "loop",
    description: str = "",
    checkpoint: TypeForm[A] | None = ...,
) -> WIO[A, E, C]: ...
@overload
def loop(
    body: WIO[A, E, B],
    *,
    until: Callable[[B], bool],
    back: WIO[B, Never, A],
    name: str = "loop",
    description: str = "",
    checkpoint: TypeForm[A] | None = ...,
) -> WIO[A, E, B]: ...
@overload
def loop(
    body: WIO[A, E, B],
    *,
    until: Callable[[B], Maybe[C]],
    back: WIO[B, E2, A],
    name: str = "loop",
    description: str = "",
    checkpoint: TypeForm[A] | None = ...,
) -> WIO[A, E | E2, C]: ...
@overload
def loop(
    body: WIO[A, E, B],
    *,
    until: Callable[[B], bool],
    back: WIO[B, E2, A],
    name: str = "loop",
    description: str = "",
    checkpoint: TypeForm[A] | None = ...,
) -> WIO[A, E | E2, B]: ...
@overload
def loop(
    body: WIO[A, E, A],
    *,
    until: Callable[[A], Maybe[C]],
    name: str = "loop",
    description: str = "",
    checkpoint: TypeForm[A] | None = ...,
) -> WIO[A, E, C]: ...
@overload
def loop(
    body: WIO[A, E, A],
    *,
    until: Callable[[A], bool],
    name: str = "loop",
    description: str = "",
    checkpoint: TypeForm[A] | None = ...,
) -> WIO[A, E, A]: ...
def loop(
    body: WIO[Any, Any, Any],
    *,
    until: Callable[[Any], Any],
    back: WIO[Any, Any, Any] | None = None,
    name: str = "loop",
    description: str = "",
    checkpoint: object = None,
) -> Any:
    """Return the program that repeats `body` until `until` yields of its output (a post-test loop).

    `until` returns a bool, or a `Maybe`: `Some(c)` ends the loop with `c`. `back` leads from the end of one
    round to the start of the next, and may wait, signal or run effects of its own. With a `checkpoint`, a type, the
    value that flows into each next round is recorded, and a recovery begins with the last one.
    """
    return Loop(body, until, back, LoopTest.AFTER, name=name, description=description, checkpoint=checkpoint)


@overload
def repeat_while(
    condition: Callable[[A], bool],
    body: WIO[A, E, A],
    *,
    name: str = "loop",
    description: str = "",
    checkpoint: TypeForm[A] | None,
) -> WIO[A, E, A]: ...
@overload
def repeat_while(
    condition: Callable[[A], bool], body: WIO[A, E, A], *, name: str = "loop", description: str = ""
) -> WIO[A, E, A]: ...
def repeat_while(
    condition: Callable[[Any], bool],
    body: WIO[Any, Any, Any],
    *,
    name: str = "loop",
    description: str = "",
    checkpoint: object = None,
) -> WIO[Any, Any, Any]:
    """Return the program that repeats `body` while a pure function says True of its input (a pre-test loop).

    For `checkpoint` see `loop`.
    """
    asked = _Not(condition)
    return Loop(body, asked, None, LoopTest.BEFORE, name=name, description=description, checkpoint=checkpoint)


@attrs.frozen
class _Not:
    condition: Callable[[Any], bool] = attrs.field(validator=is_function)

    @property
    def __name__(self) -> str:
        return f"not {name_of(self.condition, 'condition')}"

    def __call__(self, value: object) -> bool:
        return not self.condition(value)


def _class(_instance: Any, _attribute: Any, on: Any) -> None:
    if not isinstance(on, type):
        raise InvalidDefinition(f"catch({on!r:.100}, ...): errors are told apart by their class. Give it one class.")


@attrs.frozen
class Catch(Guarding, Generic[A, E, E2, C]):
    """Is a handler for the errors of one type; calling it with a program guards that program."""

    on: type[E] = attrs.field(validator=_class)
    handler: WIO[Caught[A, E], E2, C] = attrs.field(validator=is_program)

    @overload
    def __call__(self, base: WIO[A, E, B]) -> WIO[A, E2, B | C]: ...
    @overload
    def __call__(self, base: WIO[A, E | Rest, B]) -> WIO[A, Rest | E2, B | C]: ...
    def __call__(self, base: WIO[Any, Any, Any]) -> WIO[Any, Any, Any]:
        return HandleError(base, self.handler, self.on)


@attrs.frozen
class CatchAnywhere(Guarding, Generic[E, E2, C]):
    """Is such a handler that does not look at the input of what failed, so that it guards programs of any input."""

    on: type[E] = attrs.field(validator=_class)
    handler: WIO[Caught[object, E], E2, C] = attrs.field(validator=is_program)

    @overload
    def __call__(self, base: WIO[A, E, B]) -> WIO[A, E2, B | C]: ...
    @overload
    def __call__(self, base: WIO[A, E | Rest, B]) -> WIO[A, Rest | E2, B | C]: ...
    def __call__(self, base: WIO[Any, Any, Any]) -> WIO[Any, Any, Any]:
        return HandleError(base, self.handler, self.on)


# The overloads overlap where a handler takes `Caught[Any, E]`: it does not say which input it needs.
@overload
def catch(on: type[E], handler: WIO[Caught[object, E], E2, C]) -> CatchAnywhere[E, E2, C]: ...  # pyright: ignore[reportOverlappingOverload]
@overload
def catch(on: type[E], handler: WIO[Caught[A, E], E2, C]) -> Catch[A, E, E2, C]: ...
def catch(on: type[Any], handler: WIO[Any, Any, Any]) -> Catch[Any, Any, Any, Any] | CatchAnywhere[Any, Any, Any]:
    """Return a handler for errors of type `on`, for `program.handle_error(...)`; other errors pass it by.

    Raises `InvalidDefinition` when `on` is not a class: give each class of a union a handler of its own.
    """
    return Catch(on, handler)


def query(question: Query[R], answer: Callable[[A | B], R], base: WIO[A, E, B]) -> WIO[A, E, B]:
    """Return the program that, while `base` runs and after it, answers `question`.

    `answer` is a pure function of the latest value in `base`. It must take its input, its output, and what
    flows between them. Where queries nest, the innermost one around the active step answers.
    """
    return Answer(question, answer, base)


@overload
def retrying(body: WIO[A, E, B], retry: Retry, give_up: Callable[[A, GivenUp], AnyResult]) -> WIO[A, Any, Any]: ...
@overload
def retrying(
    body: WIO[A, Never, B], retry: Retry, give_up: Callable[[A, GivenUp], ResultLike[C, Never]]
) -> WIO[A, Never, B | C]: ...
@overload
def retrying(
    body: WIO[A, E, B], retry: Retry, give_up: Callable[[A, GivenUp], ResultLike[C, E2]]
) -> WIO[A, E | E2, B | C]: ...
@overload
def retrying(body: WIO[A, E, B], retry: Retry) -> WIO[A, E, B]: ...
def retrying(
    body: WIO[Any, Any, Any], retry: Retry, give_up: Callable[[Any, GivenUp], Any] | None = None
) -> WIO[Any, Any, Any]:
    """Return the program that runs `body`, in which steps without a policy of their own follow `retry`.

    When a step in it is given up, the pure function `give_up` ends all of it: with `Success` it goes on with that
    value, with `Failure` it fails. It gets the input of `body`. Without it the instance pauses there.
    """
    return Retrying(body, retry, give_up)
