"""What is a program? `WIO`, its methods, and the nodes that they make.

`WIO[In, Err, Out]` is a program that takes an `In`, and ends with an `Out` or with an error `Err`.
It is an immutable tree; building it runs nothing. No function here recurses into the tree: a chain of
100,000 steps is an ordinary value.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Generic, Never, TypeAlias, TypeVar, cast, overload

import attrs
from returns.interfaces.altable import AltableN
from returns.interfaces.container import ContainerN
from returns.interfaces.lashable import LashableN
from returns.primitives.hkt import SupportsKind3
from returns.result import Failure, Result

from wio.errors import InvalidDefinition
from wio.names import checked_name, name_of, valid_name, valid_name_or_none
from wio.notebook import svg_of
from wio.validators import is_function, is_text

In = TypeVar("In", contravariant=True)
Err = TypeVar("Err", covariant=True)
Out = TypeVar("Out", covariant=True)
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
E = TypeVar("E")
E2 = TypeVar("E2")
S = TypeVar("S")
R = TypeVar("R")
Given = TypeVar("Given", covariant=True)
Made = TypeVar("Made", covariant=True)

Function: TypeAlias = Callable[..., Any]
"""Is a user's function as interpreters see it: the types were checked where the node was built."""


class ExactWIO(Generic[In, Err, B]):
    """Is a `WIO` by its output as it is: for `checkpoint`, whom a wider type would tell nothing."""

    __slots__ = ()


# The interfaces of `returns` declare no variance; like its own containers, `WIO` has some all the same.
class WIO(  # type: ignore[type-var]  # pyright: ignore[reportGeneralTypeIssues]
    ExactWIO[In, Err, Out],  # pyright: ignore[reportInvalidTypeArguments]
    Generic[In, Err, Out],
    SupportsKind3["Composable[Any, Any, Any]", Out, Err, In],  # pyright: ignore[reportInvalidTypeForm]
    ContainerN[Out, Err, In],  # pyright: ignore[reportInvalidTypeArguments]
    AltableN[Out, Err, In],  # pyright: ignore[reportInvalidTypeArguments]
    LashableN[Out, Err, In],  # pyright: ignore[reportInvalidTypeArguments]
):
    """Is a program from `In` to `Out` that may fail with `Err`, as a value.

    Error channels widen by union: `a >> b` is a `WIO[A, E1 | E2, C]`, and `Never` means "cannot fail".
    Two programs are equal when they have the same structure and the same functions.
    """

    __slots__ = ()

    @overload
    def __rshift__(self: WIO[A, E, B], following: Passage) -> WIO[A, E, B]: ...
    @overload
    def __rshift__(self: WIO[A, E, B], following: WIO[B, E2, C]) -> WIO[A, E | E2, C]: ...
    def __rshift__(self, following: WIO[Any, Any, Any]) -> WIO[Any, Any, Any]:
        """Return the program that runs this one and then `following`, which gets its output as input."""
        return AndThen(self, checked_program(following))

    @overload
    def and_then(self: WIO[A, E, B], following: Passage) -> WIO[A, E, B]: ...
    @overload
    def and_then(self: WIO[A, E, B], following: WIO[B, E2, C]) -> WIO[A, E | E2, C]: ...
    def and_then(self, following: WIO[Any, Any, Any]) -> WIO[Any, Any, Any]:
        """Return the program that runs this one and then `following`: the method form of `>>`."""
        return AndThen(self, checked_program(following))

    def flat_map(self: WIO[A, E, B], function: Callable[[B], WIO[B, E2, C]]) -> WIO[A, E | E2, C]:
        """Return the program that runs this one and then whatever `function` makes of its output.

        The chosen program gets that output as its input, as after `>>`. `function` must be pure: it is called
        again at every recovery. A picture shows the place as dynamic; prefer `branch` where arms are known.
        """
        return FlatMap(self, _callable(function), Feed.OUTPUT)

    def bind(self: WIO[A, E, B], function: Callable[[B], WIO[A, E2, C]]) -> WIO[A, E | E2, C]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the program that runs this one, and what `function` makes of its output on the original input.

        The chosen program gets the *original* input again: this is the lawful bind of the `returns` package,
        where the input is an environment that all parts share.
        """
        return FlatMap(self, _callable(function), Feed.INPUT)

    def map(self: WIO[A, E, B], function: Callable[[B], C]) -> WIO[A, E, C]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return this program with its output changed by a pure function."""
        return AndThen(self, Compute(function))

    def apply(self: WIO[A, E, B], container: WIO[A, E2, Callable[[B], C]]) -> WIO[A, E | E2, C]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the program that runs `container`, then this one, and applies the function to the value."""
        return FlatMap(checked_program(container), _MapOver(self), Feed.INPUT)

    def alt(self: WIO[A, E, B], function: Callable[[E], E2]) -> WIO[A, E2, B]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return this program with its error changed by a pure function."""
        return HandleError(self, Check(_ChangeError(function)))

    def lash(self: WIO[A, E, B], function: Callable[[E], WIO[A, E2, B]]) -> WIO[A, E2, B]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the program that, when this one fails, runs what `function` makes of the error on the same input."""
        return HandleError(self, FlatMap(Compute(_same), _Rescue(function), Feed.OUTPUT))

    @classmethod
    def from_value(cls, inner_value: C) -> WIO[object, Never, C]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the program that ends at once with the value: `wio.pure`."""
        return Pure(inner_value)

    def transform_input(self: WIO[A, E, B], function: Callable[[S], A]) -> WIO[S, E, B]:
        """Return this program for another input, from which a pure function makes the present one."""
        return AndThen(Compute(function), self)

    def transform_output(self: WIO[A, E, B], function: Callable[[A, B], C]) -> WIO[A, E, C]:
        """Return this program with its output made by a pure function of the original input and the output."""
        return TransformOutput(self, function)

    @overload
    def handle_error(self: WIO[A, E, B], handler: WIO[Caught[A, E], E2, C]) -> WIO[A, E2, B | C]: ...
    @overload
    def handle_error(self: S, handler: Callable[[S], R]) -> R: ...
    def handle_error(self, handler: Any) -> Any:
        """Return the program that runs `handler` when this one fails.

        A program as handler takes every error, as a `Caught` value. `catch(SomeError, program)` takes errors
        of that type only; the others stay in the error channel.
        """
        if isinstance(handler, Guarding):
            return cast(Any, handler)(self)
        return HandleError(self, checked_program(handler))

    def named(self: WIO[A, E, B], name: str, description: str = "") -> WIO[A, E, B]:
        """Return this program under a name: a step is renamed, a part of several steps becomes a scope.

        The name is part of the addresses in the journal: changing it under open instances parks them.
        """
        if isinstance(self, Named) or not hasattr(type(self), "name"):
            return Named(self, name=name, description=description)
        node = cast(Any, self)
        renamed: WIO[A, E, B] = attrs.evolve(
            node,
            name=checked_name(name, "a step"),
            description=node.description if description == "" else description,
        )
        return renamed

    @property
    def label(self) -> str:
        """Is how a node is called in `repr`; empty for one that only holds others together."""
        return str(getattr(self, "name", ""))

    def __eq__(self, other: object) -> bool:
        return same_structure(self, cast(object, other)) if isinstance(other, Composable) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), getattr(self, "name", None)))

    def __repr__(self) -> str:
        return f"<WIO {summary(self)}>"

    def _repr_svg_(self) -> str | None:
        return svg_of(self)


class Composable(WIO[In, Err, Out], Generic[Out, Err, In]):
    """Is `WIO` with its type arguments in the order of the `returns` package.

    Every node is one. The point-free functions of `returns` (`bind`, `map_`, ...) compute result types by
    position, value first; through this class what they return is a `WIO` again.
    """

    __slots__ = ()


class Passage(Composable[Any, Never, object]):
    """Is a program that passes any value on unchanged; after `>>` the value keeps its type."""

    __slots__ = ()

    @overload
    def __rshift__(self, following: Passage) -> Passage: ...
    @overload
    def __rshift__(self, following: WIO[A, E, B]) -> WIO[A, E, B]: ...
    def __rshift__(self, following: WIO[Any, Any, Any]) -> WIO[Any, Any, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the program that passes its input through this one to `following`."""
        return AndThen(self, checked_program(following))

    def named(self, name: str, description: str = "") -> Passage:
        """Return this program under a name; see `WIO.named`."""
        return cast(Passage, super().named(name, description))


AnyNode: TypeAlias = Composable[Any, Any, Any]
AnyWIO: TypeAlias = WIO[Any, Any, Any]


def is_program(_instance: Any, _attribute: Any, value: Any) -> None:
    """Raise `InvalidDefinition` when a value is no program: an attrs validator."""
    checked_program(value)


class Guarding:
    """Guards a program that it is called with: `handle_error` takes it beside programs. See `wio.catch`."""

    __slots__ = ()


# Chains are built at run time as well, in continuations: there these two cost less than validators of the nodes.


def is_node(program: object) -> bool:
    """Tell whether a value is one of the nodes: they are the attrs classes among the programs."""
    return isinstance(program, Composable) and "__attrs_attrs__" in type(cast(object, program)).__dict__


_OF_A_FUNCTION = "Make the function a program: run_io(f) of an effect, compute(f) or check(f) of a pure function."
_OF_ANYTHING = "Build programs with the constructors of wio: pure(...), run_io(...), ..."


def checked_program(program: AnyWIO) -> AnyWIO:
    """Return the program unchanged. Raises `InvalidDefinition` when it is none."""
    if not is_node(program):
        shown = type(program).__name__ if isinstance(cast(object, program), WIO) else f"{program!r:.100}"
        raise InvalidDefinition(f"{shown} is not a program. {_OF_A_FUNCTION if callable(program) else _OF_ANYTHING}")
    return program


def _callable(function: Function) -> Function:
    if not callable(function):
        raise InvalidDefinition(f"{function!r:.100} cannot be called. Give a function that returns the next program.")
    return function


@attrs.frozen
class Caught(Generic[A, E]):
    """Is what an error handler receives.

    `input` is what the failed part was given, `error` what it failed with, and `state` the latest value
    that was flowing inside it when it failed (its input, if nothing had been done yet).
    """

    input: A
    error: E
    state: object


@attrs.frozen
class Interrupted(Generic[Given, Made]):
    """Is what the handler of a scope receives.

    `input` is what the scope was given, `trigger` the output of what set the handler off, and `state` the latest
    value that was flowing in the body.
    """

    input: Given
    trigger: Made
    state: object


@attrs.frozen
class Done(Generic[Given, Made]):
    """Is what an undo receives: the input of the action and its output."""

    input: Given
    output: Made


# Values


@attrs.frozen(eq=False, repr=False)
class Pure(AnyNode):
    """Ends with a constant."""

    value: Any

    @property
    def label(self) -> str:
        return f"pure({self.value!r:.40})"


@attrs.frozen(eq=False, repr=False)
class Fail(AnyNode):
    """Fails with a constant error."""

    error: Any

    @property
    def label(self) -> str:
        return f"fail({self.error!r:.40})"


@attrs.frozen(eq=False, repr=False)
class Compute(AnyNode):
    """Ends with a pure function of the input; an unnamed one is left out of pictures."""

    function: Function = attrs.field(validator=is_function)
    name: str = attrs.field(default="", kw_only=True, validator=valid_name_or_none("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


@attrs.frozen(eq=False, repr=False)
class Check(AnyNode):
    """Ends or fails as a pure function of the input says, which returns a `Result`."""

    function: Function = attrs.field(validator=is_function)
    name: str = attrs.field(default="", kw_only=True, validator=valid_name_or_none("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


# Sequencing


@attrs.frozen(eq=False, repr=False)
class AndThen(AnyNode):
    """Runs `first`, then `second` on its output."""

    first: WIO[Any, Any, Any]
    second: WIO[Any, Any, Any]


class Feed(enum.Enum):
    """Says what the program after a `FlatMap` is given: the output before it, or the original input."""

    OUTPUT = "output"
    INPUT = "input"


@attrs.frozen(eq=False, repr=False)
class FlatMap(AnyNode):
    """Runs `base`, then the program that the continuation makes of its output."""

    base: WIO[Any, Any, Any]
    continuation: Function
    feed: Feed

    @property
    def label(self) -> str:
        return "flat_map"


@attrs.frozen(eq=False, repr=False)
class TransformOutput(AnyNode):
    """Runs `base` and makes the output from the original input and the output of `base`."""

    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    function: Function = attrs.field(validator=is_function)


@attrs.frozen(eq=False, repr=False)
class HandleError(AnyNode):
    """Runs `base`; when it fails with an error of type `on` (None: any), runs `handler` on a `Caught`."""

    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    handler: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    on: type[Any] | None = None

    @property
    def label(self) -> str:
        return f"on {self.on.__name__}" if self.on else "on error"


@attrs.frozen(eq=False, repr=False)
class Named(AnyNode):
    """Gives a part of several steps a name, and so a scope of its own in addresses."""

    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    name: str = attrs.field(kw_only=True, validator=valid_name("a part"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


class Part:
    """Is something inside a node that holds programs, and compares as a part of the tree."""

    __slots__ = ()


# Functions inside nodes, as values, so that programs built twice compare equal


def _same(value: Any) -> Any:
    return value


def _name_inside(part: Any) -> str:
    return name_of(part.function, "<lambda>")


@attrs.frozen(eq=False)
class _MapOver(Part):
    program: WIO[Any, Any, Any]

    def __call__(self, function: Function) -> WIO[Any, Any, Any]:
        return AndThen(self.program, Compute(function))


@attrs.frozen(eq=False)
class _ChangeError(Part):
    function: Function = attrs.field(validator=is_function)
    __name__ = property(_name_inside)

    def __call__(self, caught: Caught[Any, Any]) -> Result[Any, Any]:
        return Failure(self.function(caught.error))


@attrs.frozen(eq=False)
class _Rescue(Part):
    function: Function = attrs.field(validator=is_function)
    __name__ = property(_name_inside)

    def __call__(self, caught: Caught[Any, Any]) -> WIO[Any, Any, Any]:
        return AndThen(Pure(caught.input), checked_program(self.function(caught.error)))


# Questions that the values answer about themselves


def children(program: WIO[Any, Any, Any]) -> tuple[WIO[Any, Any, Any], ...]:
    """Return the programs directly inside this one, in the order in which they are written."""
    kind = cast(Any, type(program))
    return tuple(_programs_in(getattr(program, field) for field in _fields_with_programs(kind)))


def _programs_in(values: Iterable[object]) -> Iterator[WIO[Any, Any, Any]]:
    for value in values:
        if isinstance(value, Composable):
            yield value
        elif isinstance(value, tuple):
            yield from _programs_in(cast("tuple[object, ...]", value))
        elif isinstance(value, Part):
            yield from _programs_in(_values_of(value))


@lru_cache(maxsize=256)
def _fields_with_programs(node: type[object]) -> tuple[str, ...]:
    """Return the fields that may hold programs, or parts that do, as their annotations say."""
    kind = cast("type[attrs.AttrsInstance]", node)
    return tuple(field.name for field in attrs.fields(kind) if _HOLDING.search(str(field.type)))


def _values_of(part: object) -> tuple[object, ...]:
    kind = cast("type[attrs.AttrsInstance]", type(part))
    return tuple(getattr(part, field.name) for field in attrs.fields(kind))


def same_structure(one: object, other: object) -> bool:
    """Tell whether two programs have the same nodes with equal parts; at any depth, without recursion."""
    seen: set[tuple[int, int]] = set()
    pairs: list[tuple[object, object]] = [(one, other)]
    while pairs:
        left, right = pairs.pop()
        if left is right or (id(left), id(right)) in seen:
            continue
        left_parts, right_parts = _parts(left), _parts(right)
        if left_parts is None or right_parts is None:
            if left != right:
                return False
            continue
        if type(left) is not type(right) or len(left_parts) != len(right_parts):
            return False
        seen.add((id(left), id(right)))
        pairs.extend(zip(left_parts, right_parts, strict=True))
    return True


def _parts(value: object) -> tuple[object, ...] | None:
    """Return what a part of the tree consists of, or None for a user's value, which compares by itself."""
    if isinstance(value, Part | Composable):
        return _values_of(cast(object, value))
    return cast("tuple[object, ...]", value) if isinstance(value, tuple) else None


_HOLDING = re.compile(r"\b(WIO|Arm|State|Handler|Meet)\b")
_MOST_IN_SUMMARY = 12
_MOST_UNNAMED = 1_000


def summary(program: WIO[Any, Any, Any]) -> str:
    """Return the names of the first steps and parts, in the order in which they are written."""
    named: list[str] = []
    waiting: list[WIO[Any, Any, Any]] = [program]
    unnamed = 0
    while waiting and len(named) <= _MOST_IN_SUMMARY and unnamed < _MOST_UNNAMED:
        here = waiting.pop()
        label = here.label
        if label:
            named.append(label)
        inside = children(here)
        unnamed += not label and not inside
        waiting.extend(reversed(inside))
    more = ["..."] if len(named) > _MOST_IN_SUMMARY or waiting else []
    return " ".join(named[:_MOST_IN_SUMMARY] + more)
