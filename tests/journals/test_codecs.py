"""How does a value become a payload, and a payload a value?"""

from __future__ import annotations

import base64
import dataclasses
import enum
import functools
import gc
import math
import weakref
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar, Union
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from journals.codecs import (
    CannotDecode,
    CannotEncode,
    Codec,
    CodecError,
    JsonCodec,
    UnsupportedType,
    Upcaster,
)
from journals.entries import Payload
from wio.errors import InvalidDefinition, WioError

JSON = JsonCodec()
BERLIN = ZoneInfo("Europe/Berlin")
T = TypeVar("T")
CustomerId = NewType("CustomerId", int)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Mood(enum.StrEnum):
    GLAD = "glad"


@attrs.frozen
class Line:
    article: str
    price: Decimal
    count: int = 1


@attrs.frozen
class Placed:
    id: UUID
    lines: tuple[Line, ...]
    at: datetime
    note: str | None = None
    colour: Colour = Colour.RED


@attrs.frozen
class Refused:
    reason: str


@attrs.frozen
class Renamed:
    reason: str


@attrs.frozen
class Measured:
    value: float | None
    details: Any = None


@attrs.frozen
class Base:
    id: int


@attrs.frozen
class Derived(Base):
    extra: str


@attrs.frozen
class Holder:
    bases: list[Base]


@dataclasses.dataclass(frozen=True)
class Shipped:
    parcel: str
    weight: timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class _Tracked:
    _code: bytes


class Invoiced(msgspec.Struct, frozen=True, rename="camel", tag="invoice", omit_defaults=True):
    invoice_number: int
    due_on: date = date(2030, 1, 1)


class Point(msgspec.Struct, frozen=True, array_like=True):
    x: int
    y: int


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    x: int


class Pair(NamedTuple):
    left: int
    right: str


class Options(TypedDict):
    width: int


@attrs.frozen
class Tree:
    value: int
    children: tuple[Tree, ...] = ()


@attrs.frozen
class Box(Generic[T]):
    content: T


Event = Placed | Refused | Shipped | Invoiced

ID = UUID(int=7)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
PLACED = Placed(ID, (Line("tea", Decimal("3.20")), Line("pot", Decimal("12"), 2)), NOON)


# Examples


@pytest.mark.parametrize(
    ("value", "form", "type_name", "text"),
    [
        (None, None, "null", "null"),
        (True, None, "bool", "true"),
        (3, None, "int", "3"),
        (2.5, None, "float", "2.5"),
        ("tea\0\u20ac", None, "str", '"tea\\u0000\u20ac"'),
        ([1, ["a", None]], None, "list", '[1,["a",null]]'),
        ({"a": {"b": 2.0}}, None, "dict", '{"a":{"b":2.0}}'),
        ({"a": 1}, Any, "dict", '{"a":1}'),
        ({"a": 1}, object, "dict", '{"a":1}'),
        (None, type(None), "null", "null"),
        (10**30, int, "int", "1" + "0" * 30),
        (-(2**63) - 1, None, "int", "-9223372036854775809"),
        (3, float, "float", "3"),
        (Refused("no"), Refused, "Refused", '{"reason":"no"}'),
        (Refused("no"), Event, "Refused", '{"reason":"no"}'),
        (Shipped("p", timedelta(days=1)), Event, "Shipped", '{"parcel":"p","weight":"P1D"}'),
        (Invoiced(4), Event, "Invoiced", '{"type":"invoice","invoiceNumber":4}'),
        (Point(1, 2), Point | Refused, "Point", "[1,2]"),
        (_Tracked(b"abc"), _Tracked, "_Tracked", '{"_code":"YWJj"}'),
        (None, Optional[Refused], "null", "null"),  # noqa: UP045
        (Refused("no"), Union[Refused, int, None], "Refused", '{"reason":"no"}'),  # noqa: UP007
        ([Base(1)], list[Base], "list", '[{"id":1}]'),
        ({"a": Base(1)}, dict[str, Base], "dict", '{"a":{"id":1}}'),
        ((1, "a"), tuple[int, str], "tuple", '[1,"a"]'),
        ((1, 2), tuple[int, ...], "tuple", "[1,2]"),
        ({3}, set[int], "set", "[3]"),
        (frozenset({3}), frozenset[int], "frozenset", "[3]"),
        ({1: "a"}, dict[int, str], "dict", '{"1":"a"}'),
        ({date(2024, 1, 2): 1}, dict[date, int], "dict", '{"2024-01-02":1}'),
        ([1], Sequence[int], "list", "[1]"),
        ({"a": 1}, Mapping[str, int], "dict", '{"a":1}'),
        ({"width": 3}, Options, "Options", '{"width":3}'),
        (Pair(1, "a"), Pair, "Pair", '[1,"a"]'),
        (Colour.RED, Colour, "Colour", '"red"'),
        (Level.HIGH, Level, "Level", "2"),
        (Mood.GLAD, Mood | None, "Mood", '"glad"'),
        ("red", Literal["red", 2, None], "str", '"red"'),
        (2, Literal["red", 2, None], "int", "2"),
        (5, CustomerId, "int", "5"),
        (5, Annotated[int, "a number"], "int", "5"),
        (5, Annotated[int | str, "a number"], "int", "5"),
        (NOON, datetime, "datetime", '"2024-05-01T12:00:00Z"'),
        (datetime(2024, 5, 1), datetime, "datetime", '"2024-05-01T00:00:00"'),
        (date(2024, 5, 1), date | datetime, "date", '"2024-05-01"'),
        (time(1, 2), time, "time", '"01:02:00"'),
        (ID, UUID, "UUID", '"00000000-0000-0000-0000-000000000007"'),
        (Decimal("1.10"), Decimal, "Decimal", '"1.10"'),
        (Decimal("-Infinity"), Decimal, "Decimal", '"-Infinity"'),
        (b"abc", bytes | str, "bytes", '"YWJj"'),
        (Tree(1, (Tree(2),)), Tree, "Tree", None),
        (Box(3), Box[int], "Box", '{"content":3}'),
        (Box(NOON), Box[datetime] | None, "Box", '{"content":"2024-05-01T12:00:00Z"}'),
        (PLACED, Event, "Placed", None),
        (Counter("aab"), dict[str, int], "dict", '{"a":2,"b":1}'),
        (Measured(None, {"a": [1, 2.5]}), Measured, "Measured", None),
    ],
    ids=repr,
)
def test_a_value_is_kept_as_text_under_the_name_of_its_class(
    value: object, form: object, type_name: str, text: str | None
) -> None:
    payload = JSON.encode(value, form)
    assert (payload.type, payload.version) == (type_name, 1)
    assert text in (payload.text, None)
    assert JSON.decode(payload, form) == value


def test_the_class_that_is_read_back_is_the_declared_one() -> None:
    assert type(JSON.decode(JSON.encode(3, float), float)) is float
    assert type(JSON.decode(JSON.encode(Counter("a"), dict[str, int]), dict[str, int])) is dict


def test_a_named_time_zone_comes_back_as_its_offset() -> None:
    summer = datetime(2024, 7, 1, 12, tzinfo=BERLIN)
    payload = JSON.encode(summer, datetime)
    assert payload.text == '"2024-07-01T12:00:00+02:00"'
    assert JSON.decode(payload, datetime) == summer


@pytest.mark.parametrize("fold", [0, 1])
def test_the_hour_that_a_clock_shows_twice_is_kept(fold: int) -> None:
    twice = datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=fold)
    assert twice != twice.astimezone(UTC)
    read_back = JSON.decode(JSON.encode([Box((twice,))], list[Box[tuple[datetime]]]), list[Box[tuple[datetime]]])
    assert read_back[0].content[0].astimezone(UTC) == twice.astimezone(UTC)


def test_large_values_are_kept() -> None:
    value = {"text": "x" * 1_000_000, "numbers": list(range(100_000))}
    assert JSON.decode(JSON.encode(value, None), None) == value
    assert JSON.decode(JSON.encode(value, dict[str, Any]), dict[str, Any]) == value


def test_unknown_fields_are_passed_over() -> None:
    assert JSON.decode(Payload("Refused", 1, '{"reason":"no","by":"us"}'), Refused) == Refused("no")


def test_a_number_that_was_an_int_is_read_as_the_float_it_is_now() -> None:
    assert JSON.decode(Payload("int", 1, "3"), float | None) == 3.0
    assert type(JSON.decode(Payload("int", 1, "3"), int | float)) is int


# What is refused when a value is encoded


class Odd:
    pass


@attrs.frozen(eq=False)
class Identical:
    value: float | None


@attrs.frozen
class Partly:
    id: int
    details: Any = attrs.field(eq=False, default=None)


@dataclasses.dataclass(frozen=True)
class PartlyToo:
    id: int
    details: Any = dataclasses.field(compare=False, default=None)


class ById(msgspec.Struct):
    id: int
    details: Any = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ById) and other.id == self.id


class ByIdToo(ById):
    more: Any = None


@attrs.frozen(eq=False)
class Inherits(Base):
    details: Any = None


@dataclasses.dataclass
class Growing:
    count: int

    def __post_init__(self) -> None:
        self.count += 1


@attrs.define
class Checked:
    count: int = attrs.field(validator=attrs.validators.gt(5))


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def circular() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def changed_afterwards() -> Checked:
    value = Checked(6)
    object.__setattr__(value, "count", 1)
    return value


NO_NUMBER = "and JSON has neither NaN nor infinity"


@pytest.mark.parametrize(
    ("value", "form", "reason"),
    [
        (math.nan, None, f"it is nan, {NO_NUMBER}"),
        (math.inf, float, f"it is inf, {NO_NUMBER}"),
        ({"a": [1, -math.inf]}, None, f"the part at ['a'][1] is -inf, {NO_NUMBER}"),
        ({"a": [1, -math.inf]}, dict[str, list[float]], f"the part at ['a'][1] is -inf, {NO_NUMBER}"),
        (Measured(math.nan), Measured, f"the part at .value is nan, {NO_NUMBER}"),
        (Measured(None, [math.inf]), Measured, f"the part at .details[0] is inf, {NO_NUMBER}"),
        (Identical(math.nan), Identical, f"the part at .value is nan, {NO_NUMBER}"),
        (Decimal("NaN"), Decimal, f"it is Decimal('NaN'), {NO_NUMBER}"),
        ([Decimal("sNaN")], list[Decimal], f"the part at [0] is Decimal('sNaN'), {NO_NUMBER}"),
        ((1, 2), None, "tuple is not plain JSON"),
        ({"a": {1}}, None, "the part at ['a'] is a set, which is not plain JSON"),
        ({"a": [(1, 2)]}, None, "the part at ['a'][0] is a tuple, which is not plain JSON"),
        ({"a": b""}, None, "the part at ['a'] is a bytes, which is not plain JSON"),
        ({"a": {1: 2}}, None, "the part at ['a'] has the key 1, and keys in JSON are text"),
        ({"a": Mood.GLAD}, None, "the part at ['a'] is a Mood, which is not plain JSON"),
        (Level.LOW, None, "Level is not plain JSON"),
        (OrderedDict(a=1), None, "OrderedDict is not plain JSON"),
        ({"a": defaultdict(int)}, None, "the part at ['a'] is a defaultdict, which is not plain JSON"),
        (Refused("no"), None, "Refused is not plain JSON"),
        ([Refused("no")], None, "the part at [0] is a Refused, which is not plain JSON"),
        (Odd(), None, "Odd is not plain JSON"),
        ([Odd()], None, "Encoding objects of type Odd is unsupported"),
        (Refused("no"), Base, "Refused is none of its classes"),
        (Refused("no"), Base | int | None, "Refused is none of its classes"),
        (None, Base, "NoneType is none of its classes"),
        ("1", int, "str is none of its classes"),
        (True, int, "Expected `int`, got `bool`"),
        (True, float, "bool is none of its classes"),
        (NOON, date, "Invalid RFC3339 encoded date"),
        (Derived(1, "x"), Base, "it is Derived(id=1, extra='x') and would be read back as Base(id=1)"),
        (
            Holder([Base(1), Derived(1, "x")]),
            Holder,
            "the part at .bases[1] is Derived(id=1, extra='x') and would be read back as Base(id=1)",
        ),
        ([(1, 2)], list[list[int]], "the part at [0] is (1, 2) and would be read back as [1, 2]"),
        ((1, 2), Sequence[int], "tuple is none of its classes"),
        ([1, "a"], list[int], "Expected `int`, got `str` - at `$[1]`"),
        ({1: 2}, dict, "it is {1: 2} and would be read back as {'1': 2}"),
        ({1: 1, "1": 2}, dict[int | str, int], "it is {1: 1, '1': 2} and would be read back as {'1': 2}"),
        ({(1, 2): 3}, dict[tuple[int, int], int], "Only dicts with str-like or number-like keys are supported"),
        (2**53 + 1, float, "it is 9007199254740993 and would be read back as 9007199254740992.0"),
        (10**400, float, "Number out of range"),
        (10**5_000, int, "Exceeds the limit (4300 digits) for integer string conversion"),
        ({"width": 3, "height": 4}, Options, "it is {'width': 3, 'height': 4} and would be read back as {'width': 3}"),
        ("green", Literal["red"], "Invalid enum value 'green'"),
        (3, Annotated[int, msgspec.Meta(gt=3)], "Expected `int` >= 4"),
        (
            datetime(2024, 1, 1, tzinfo=timezone(timedelta(seconds=30))),
            datetime,
            "it is datetime.datetime(2024, 1, 1",
        ),
        (Measured(None, NOON), Measured, "the part at .details is datetime.datetime(2024, 5, 1"),
        (Partly(1, (1, 2)), Partly, "the part at .details is (1, 2) and would be read back as [1, 2]"),
        (PartlyToo(1, (1, 2)), PartlyToo, "the part at .details is (1, 2) and would be read back as [1, 2]"),
        (ById(1, (1, 2)), ById, "the part at .details is (1, 2) and would be read back as [1, 2]"),
        (ByIdToo(1, None, (1,)), ByIdToo, "the part at .more is (1,) and would be read back as [1]"),
        (Inherits(1, (1, 2)), Inherits, "the part at .details is (1, 2) and would be read back as [1, 2]"),
        ([Partly(1, {2})], list[Partly], "the part at [0].details is {2} and would be read back as [2]"),
        (Growing(1), Growing, "the part at .count is 2 and would be read back as 3"),
        (changed_afterwards(), Checked, "'count' must be > 5: 1"),
        ("\ud800", None, "it contains text that is not Unicode (surrogates not allowed)"),
        ({"\ud800": 1}, None, "it contains text that is not Unicode (surrogates not allowed)"),
        (Refused("a\udfff"), Refused, "it contains text that is not Unicode (surrogates not allowed)"),
        (nested(100_000), None, "it is nested too deeply, or contains itself"),
        (nested(100_000), list, "it is nested too deeply, or contains itself"),
        (circular(), None, "it is nested too deeply, or contains itself"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, list | int) else repr(value)[:50],
)
def test_a_value_that_would_not_come_back_as_itself_is_refused(value: object, form: object, reason: str) -> None:
    with pytest.raises(CannotEncode) as caught:
        JSON.encode(value, form)
    assert caught.value.reason.startswith(reason)
    assert caught.value.value is value
    assert caught.value.form in (form, None)


def test_the_message_names_the_class_the_form_the_reason_and_the_way_out() -> None:
    with pytest.raises(CannotEncode) as not_declared:
        JSON.encode(Base(1), Refused | None)
    assert str(not_declared.value) == (
        "A Base cannot be kept as Refused | None: Base is none of its classes."
        " Return one of them, or declare Base too: event=..."
    )
    with pytest.raises(CannotEncode) as untyped:
        JSON.encode(Base(1), None)
    assert str(untyped.value) == (
        "A Base cannot be kept as plain JSON (no type is declared): Base is not plain JSON."
        " Annotate what the effect returns, or declare its type: event=..."
    )
    with pytest.raises(CannotEncode) as not_a_number:
        JSON.encode(Measured(math.nan), Measured)
    assert str(not_a_number.value) == (
        "A Measured cannot be kept as Measured: the part at .value is nan, and JSON has neither NaN nor infinity."
        " Record a value that JSON can hold, or declare its type: event=..."
    )


def test_classes_with_an_equality_of_their_own_are_kept_when_nothing_is_lost() -> None:
    for value in (Identical(1.5), Partly(1, [1]), PartlyToo(1, {"a": 1}), ById(1, [None]), Inherits(1, "x")):
        read_back = JSON.decode(JSON.encode(value, type(value)), type(value))
        assert type(read_back) is type(value)
        assert repr(read_back) == repr(value)


def test_the_deepest_value_that_is_accepted_is_read_back() -> None:
    for form in (None, list):
        for depth in (10, 100, 400):
            assert JSON.decode(JSON.encode(nested(depth), form), form) == nested(depth)


# What is refused when a type is first used


@attrs.frozen
class Private:
    _secret: int


@attrs.frozen
class Converting:
    tags: tuple[str, ...] = attrs.field(converter=tuple)


@attrs.frozen
class Computed:
    a: int
    total: int = attrs.field(init=False, default=3)


@dataclasses.dataclass
class ComputedToo:
    a: int
    total: int = dataclasses.field(init=False, default=3)


@dataclasses.dataclass
class Initialised:
    a: int
    seed: dataclasses.InitVar[int]


@attrs.frozen
class Deep:
    privates: dict[str, list[Private | None]]


@attrs.frozen
class WithOdd:
    odd: tuple[int, Odd]


@attrs.frozen
class Unresolved:
    missing: Nowhere  # noqa: F821


@attrs.frozen
class Either:
    event: Base | Refused


class Mixed(enum.Enum):
    A = "a"
    B = 2


def namesake() -> type[Any]:
    @attrs.frozen
    class Refused:
        by: str

    return Refused


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (Private, "Private has the private field '_secret', which would be left out"),
        (Deep, "Deep.privates[][] has the private field '_secret', which would be left out"),
        (Base | Private, "Private has the private field '_secret', which would be left out"),
        (Converting, "Converting has a converter on the field 'tags', which would not be run on reading"),
        (Computed, "Computed has the field 'total' with init=False, which __init__ cannot restore"),
        (ComputedToo, "ComputedToo has the field 'total' with init=False, which __init__ cannot restore"),
        (Initialised, "dataclasses with `InitVar` fields are not supported"),
        (Odd, "Odd is of the class Odd, of which JSON knows nothing"),
        (Odd | int, "Odd is of the class Odd, of which JSON knows nothing"),
        (WithOdd, "WithOdd.odd[1] is of the class Odd, of which JSON knows nothing"),
        (dict[Odd, int], "a key of dict[{}.Odd, int] is of the class Odd, of which JSON knows nothing"),
        (PurePath, "PurePath is of the class PurePath, of which JSON knows nothing"),
        (ValueError, "ValueError is of the class ValueError, of which JSON knows nothing"),
        (Callable[[], int], "collections.abc.Callable[[], int] is of the class Callable, of which"),
        (msgspec.Raw, "Raw is raw memory"),
        (memoryview, "memoryview is raw memory"),
        (Unresolved, "an annotation in it cannot be resolved (name 'Nowhere' is not defined)"),
        (Either, "Type unions may not contain more than one dataclass or attrs type"),
        (list[Base | Refused], "Type unions may not contain more than one dataclass or attrs type"),
        (Mixed, "Enums must contain either all str or all int values"),
        ("Base", "Type ''Base'' is not supported"),
        (list[int] | list[str], "two of its alternatives are of the class list, and nothing tells them apart"),
        (Box[int] | Box[str], "two of its alternatives are of the class Box, and nothing tells them apart"),
        (Refused | namesake(), "two of its classes are stored under the name 'Refused'"),
    ],
    ids=repr,
)
def test_a_type_whose_values_would_change_is_refused_at_once(form: object, reason: str) -> None:
    for use in (functools.partial(JSON.encode, 0), functools.partial(JSON.decode, Payload("int", 1, "0"))):
        with pytest.raises(UnsupportedType) as caught:
            use(form)
        assert caught.value.reason.startswith(reason.format(__name__))
        assert caught.value.form is form


def test_the_message_of_an_unsupported_type_tells_the_way_out() -> None:
    with pytest.raises(UnsupportedType) as caught:
        JSON.encode(Private(1), Private)
    assert str(caught.value) == (
        "Values of the type Private cannot be kept: Private has the private field '_secret', which would be left"
        " out. Give it a public name."
    )


# Names


def test_names_tell_apart_two_classes_of_one_name() -> None:
    other = namesake()
    codec = JsonCodec(names={other: "RefusedBy"})
    form = Refused | other
    for value, name in ((Refused("no"), "Refused"), (other("us"), "RefusedBy")):
        payload = codec.encode(value, form)
        assert payload.type == name
        assert codec.decode(payload, form) == value


class Invoice:
    @attrs.frozen
    class Paid:
        __stored_name__: ClassVar = "invoice.Paid"
        cents: int

    @attrs.frozen
    class Later(Paid):
        days: int


def test_a_class_may_say_under_which_name_it_is_stored_but_not_for_its_subclasses() -> None:
    payload = JSON.encode(Invoice.Paid(5), Invoice.Paid)
    assert payload == Payload("invoice.Paid", 1, '{"cents":5}')
    assert JSON.decode(payload, Invoice.Paid) == Invoice.Paid(5)
    assert JSON.encode(Invoice.Later(5, 3), Invoice.Later).type == "Later"
    assert JsonCodec(names={Invoice.Paid: "paid"}).encode(Invoice.Paid(5), Invoice.Paid).type == "paid"
    newer = JsonCodec(
        upcasters=[Upcaster(Invoice.Paid, from_version=1, upgrade=lambda old: {"cents": old["cents"] * 100})]
    )
    assert newer.decode(payload, Invoice.Paid) == Invoice.Paid(500)


def test_an_alias_is_an_older_name_of_a_class() -> None:
    codec = JsonCodec(aliases={"Declined": Renamed, "No": Renamed})
    assert codec.encode(Renamed("x"), Renamed).type == "Renamed"
    for name in ("Renamed", "Declined", "No"):
        assert codec.decode(Payload(name, 1, '{"reason":"x"}'), Renamed | None) == Renamed("x")
    with pytest.raises(CannotDecode):
        codec.decode(Payload("Declined", 1, '{"reason":"x"}'), Refused)


def test_an_alias_that_is_the_name_of_another_class_in_the_form_is_refused() -> None:
    codec = JsonCodec(aliases={"Refused": Renamed})
    with pytest.raises(UnsupportedType, match="'Refused' is an older name of Renamed, and the name of another"):
        codec.decode(Payload("Refused", 1, '{"reason":"x"}'), Renamed | Refused)
    clear = JsonCodec(aliases={"Refused": Renamed}, names={Refused: "Refused.2"})
    assert clear.decode(Payload("Refused", 1, '{"reason":"x"}'), Renamed | Refused) == Renamed("x")
    assert clear.decode(clear.encode(Refused("x"), Renamed | Refused), Renamed | Refused) == Refused("x")


# Versions


def rename_why(stored: dict[str, Any]) -> dict[str, Any]:
    stored["reason"] = stored.pop("why")
    return stored


def shout(stored: dict[str, Any]) -> dict[str, Any]:
    return {**stored, "reason": stored["reason"].upper()}


TWO_STEPS = JsonCodec(upcasters=[Upcaster(Refused, 2, shout), Upcaster("Refused", 1, rename_why)])


@pytest.mark.parametrize(("version", "text"), [(1, '{"why":"no"}'), (2, '{"reason":"no"}'), (3, '{"reason":"NO"}')])
def test_an_older_version_is_brought_up_to_date(version: int, text: str) -> None:
    for form in (Refused, Refused | Base | None):
        assert TWO_STEPS.decode(Payload("Refused", version, text), form) == Refused("NO")


def test_a_value_is_stored_in_the_newest_version() -> None:
    assert TWO_STEPS.encode(Refused("no"), Refused) == Payload("Refused", 3, '{"reason":"no"}')
    assert TWO_STEPS.encode(Base(1), Refused | Base).version == 1


def test_upcasters_apply_under_older_and_given_names() -> None:
    upcasters = [Upcaster("Declined", 1, rename_why), Upcaster(Renamed, 2, shout)]
    codec = JsonCodec(upcasters=upcasters, aliases={"Declined": Renamed}, names={Renamed: "refusal"})
    for name in ("Declined", "refusal"):
        assert codec.decode(Payload(name, 1, '{"why":"no"}'), Renamed) == Renamed("NO")


def test_plain_json_has_versions_too() -> None:
    codec = JsonCodec(upcasters=[Upcaster(dict, 1, lambda stored: {**stored, "new": True})])
    assert codec.decode(Payload("dict", 1, '{"a":1}'), None) == {"a": 1, "new": True}


@pytest.mark.parametrize("version", [0, 4])
def test_a_version_that_is_not_known_is_refused(version: int) -> None:
    with pytest.raises(CannotDecode) as caught:
        TWO_STEPS.decode(Payload("Refused", version, '{"reason":"no"}'), Refused)
    assert str(caught.value) == (
        f"A payload of type 'Refused', version {version}, cannot be read as Refused: this program knows the versions"
        " 1 to 3. Run the release that wrote it, or a later one, or add the missing upcasters."
    )


@pytest.mark.parametrize(
    ("upgrade", "reason"),
    [
        (lambda stored: stored["nothing"], "brought up to version 1, it fails with KeyError: 'nothing'"),
        (lambda _: {}, "brought up to version 2, it fails with ValidationError: Object missing required field"),
        (lambda _: {"reason": (1,)}, "brought up to version 2, it fails with ValueError: the part at ['reason']"),
        (lambda _: {"reason": math.nan}, "brought up to version 2, it fails with ValueError: the part at"),
    ],
)
def test_an_upcaster_that_fails_is_refused(upgrade: Callable[[Any], Any], reason: str) -> None:
    codec = JsonCodec(upcasters=[Upcaster(Refused, 1, upgrade)])
    with pytest.raises(CannotDecode) as caught:
        codec.decode(Payload("Refused", 1, '{"reason":"no"}'), Refused)
    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize("versions", [(2,), (1, 3), (1, 1), (0, 1)])
def test_upcasters_leave_no_gap(versions: tuple[int, ...]) -> None:
    with pytest.raises(InvalidDefinition, match=r"of 'Refused' start from the versions \[.*Add or remove"):
        JsonCodec(upcasters=[Upcaster(Refused, version, shout) for version in versions])


# What is refused when a payload is decoded


@pytest.mark.parametrize(
    ("payload", "form", "reason"),
    [
        (Payload("Refused", 1, "{}"), Refused, "Object missing required field `reason`"),
        (Payload("Refused", 1, '{"reason":3}'), Refused | int, "Expected `str`, got `int` - at `$.reason`"),
        (Payload("Refused", 1, '{"reason":'), Refused, "Input data was truncated"),
        (Payload("Strict", 1, '{"x":1,"y":2}'), Strict, "Object contains unknown field `y`"),
        (Payload("Checked", 1, '{"count":1}'), Checked, "'count' must be > 5: 1"),
        (Payload("Colour", 1, '"green"'), Colour, "Invalid enum value 'green'"),
        (Payload("list", 1, "{}"), None, "Expected `array`, got `object`"),
        (Payload("list", 1, "[" * 100_000), None, "maximum recursion depth exceeded"),
        (
            Payload("Base", 1, '{"id":1}'),
            Refused | None,
            "the names under which its classes are stored are Refused, null",
        ),
        (
            Payload("Base", 1, '{"id":1}'),
            None,
            "the names under which its classes are stored are bool, dict, float, int, list, null, str",
        ),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_payload_that_is_not_of_the_form_is_refused(payload: Payload, form: object, reason: str) -> None:
    with pytest.raises(CannotDecode) as caught:
        JSON.decode(payload, form)
    assert caught.value.reason.startswith(reason)
    assert (caught.value.payload, caught.value.form) == (payload, form)


def test_the_message_of_an_unknown_name_tells_both_ways_out() -> None:
    with pytest.raises(CannotDecode) as caught:
        JSON.decode(Payload("Base", 1, '{"id":1}'), Refused)
    assert str(caught.value) == (
        "A payload of type 'Base', version 1, cannot be read as Refused: the names under which its classes are stored"
        " are Refused. Declare that type too: event=...; or, if its class has another name now, give the codec"
        " the old one: JsonCodec(aliases={'Base': ...})."
    )


def test_every_refusal_is_an_error_of_wio() -> None:
    for error in (CannotEncode, CannotDecode, UnsupportedType):
        assert issubclass(error, CodecError)
    assert issubclass(CodecError, WioError)


# The codec as a value


def test_codecs_are_values() -> None:
    upcasters = [Upcaster(Refused, 1, shout)]
    names = {Base: "base"}
    codec = JsonCodec(upcasters=upcasters, names=names)
    codec.encode(Base(1), Base)
    same = JsonCodec(upcasters=tuple(upcasters), names=dict(names))
    assert codec == same
    assert hash(codec) == hash(same)
    assert codec != JsonCodec(names=names)
    names[Refused] = "refused"
    upcasters.clear()
    assert codec.encode(Refused("x"), Refused) == Payload("Refused", 2, '{"reason":"x"}')
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        codec.names = {}


def test_forms_that_are_made_anew_do_not_mix() -> None:
    for number in range(300):
        value, kind = (number, int) if number % 3 else (str(number), str)
        for form in (Annotated[kind, [number]], Literal[value, None]):
            assert JSON.decode(JSON.encode(value, form), form) == value


def test_forms_that_are_made_anew_do_not_pile_up() -> None:
    codec = JsonCodec()
    first = namesake()
    codec.encode(first("x"), first)
    forgotten = weakref.ref(first)
    del first
    for number in range(1_100):
        codec.encode(number, Literal[number])
    gc.collect()
    assert forgotten() is None


def test_a_union_that_is_written_anew_is_the_same_form() -> None:
    for _ in range(3):
        assert JSON.decode(JSON.encode(Base(1), Base | Refused), Refused | Base) == Base(1)


@attrs.frozen
class Veiled:
    """Is what a codec that encrypts looks like: it wraps another one and changes the text alone."""

    plain: Codec
    key: int

    def encode(self, value: object, form: object | None) -> Payload:
        payload = self.plain.encode(value, form)
        return replace(payload, text=base64.b64encode(self._veil(payload.text.encode())).decode())

    def decode(self, payload: Payload, form: object | None) -> object:
        try:
            text = self._veil(base64.b64decode(payload.text, validate=True)).decode()
        except ValueError as error:
            raise CannotDecode(payload, form, "it is not veiled with this key", "Use the right key.") from error
        return self.plain.decode(replace(payload, text=text), form)

    def _veil(self, text: bytes) -> bytes:
        return bytes(byte ^ self.key for byte in text)


def test_a_codec_that_veils_wraps_another() -> None:
    codec: Codec = Veiled(TWO_STEPS, key=0xA5)
    payload = codec.encode(Refused("no"), Refused | None)
    assert (payload.type, payload.version) == ("Refused", 3)
    assert "no" not in payload.text
    assert codec.decode(payload, Refused | None) == Refused("no")
    with pytest.raises(CannotDecode, match="not veiled with this key"):
        codec.decode(Payload("Refused", 3, '{"reason":"no"}'), Refused)


# Laws

offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
berlin_times = st.datetimes(datetime(1900, 1, 1), timezones=st.just(BERLIN), allow_imaginary=False)
moments = st.datetimes(timezones=st.none() | offsets) | berlin_times
texts = st.text(max_size=8)
floats = st.floats(allow_nan=False, allow_infinity=False)
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
lines = st.builds(Line, texts, st.decimals(allow_nan=False), st.integers())
placed = st.builds(
    Placed,
    st.uuids(),
    st.lists(lines, max_size=2).map(tuple),
    moments,
    st.none() | texts,
    st.sampled_from(Colour),
)
events = st.one_of(
    placed,
    st.builds(Refused, texts),
    st.builds(Shipped, texts, st.timedeltas()),
    st.builds(Invoiced, st.integers(), st.dates()),
)
trees = st.recursive(
    st.builds(Tree, st.integers()),
    lambda inner: st.builds(Tree, st.integers(), st.lists(inner, max_size=2).map(tuple)),
    max_leaves=4,
)
typed_values: dict[Any, st.SearchStrategy[Any]] = {
    None: plain_json,
    Event: events,
    Placed | None: st.none() | placed,
    list[Placed]: st.lists(placed, max_size=2),
    dict[str, Line]: st.dictionaries(texts, lines, max_size=2),
    dict[int, float]: st.dictionaries(st.integers(), floats, max_size=3),
    Tree: trees,
    Box[set[int]]: st.builds(Box, st.sets(st.integers(), max_size=3)),
    Measured: st.builds(Measured, st.none() | floats, plain_json),
    datetime | date | int | float | bool | str | bytes | None: st.one_of(
        st.datetimes(timezones=st.none() | offsets),
        st.dates(),
        st.integers(),
        floats,
        st.booleans(),
        texts,
        st.binary(max_size=8),
        st.none(),
    ),
    time | timedelta | UUID | Decimal | Colour | Pair: st.one_of(
        st.times(timezones=st.none() | offsets),
        st.timedeltas(),
        st.uuids(),
        st.decimals(allow_nan=False),
        st.sampled_from(Colour),
        st.builds(Pair, st.integers(), texts),
    ),
}


def same(value: object, read_back: object) -> bool:
    """Tell whether two values are equal, times in Berlin as instants: in the hour shown twice Python's == is False."""
    return _instants(value) == _instants(read_back)


def _instants(value: object) -> object:
    if isinstance(value, Placed):
        return attrs.evolve(value, at=_instants(value.at))
    if isinstance(value, list):
        return [_instants(part) for part in value]
    if isinstance(value, datetime) and (offset := value.utcoffset()) is not None:
        return value.replace(tzinfo=timezone(offset))
    return value


@given(st.data())
def test_what_was_encoded_is_decoded_as_the_same_value(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(list(typed_values)))
    value = data.draw(typed_values[form])
    assert same(value, JSON.decode(JSON.encode(value, form), form))


wild = st.recursive(
    st.one_of(
        st.floats(),
        st.text(st.characters(categories=["Cs", "Lu"]), max_size=2),
        st.decimals(),
        st.datetimes(timezones=st.none() | offsets),
        st.sampled_from([Level.LOW, Mood.GLAD, Derived(1, "x"), Base(1), Odd(), b"", 10**400, True, 1]),
        st.builds(Measured, st.floats() | st.none(), st.sampled_from([(1,), {2}, NOON, None])),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.text(max_size=1) | st.integers(0, 2), inner, max_size=2),
        st.builds(Box, inner),
    ),
    max_leaves=4,
)
wild_forms = st.sampled_from(
    [None, *typed_values, Box[Any], Box[float], list[Base], list, dict, dict[str, Any], tuple, float, int, str]
)


@given(wild, wild_forms)
def test_whatever_is_accepted_is_read_back_as_itself(value: object, form: object) -> None:
    try:
        payload = JSON.encode(value, form)
    except CodecError:
        return
    assert JSON.decode(payload, form) == value


any_payloads = st.builds(
    Payload,
    st.sampled_from(["Placed", "Refused", "Tree", "dict", "list", "int", "float", "str", "null", "datetime", "Other"]),
    st.integers(0, 2),
    st.text(max_size=5) | plain_json.map(lambda value: msgspec.json.encode(value).decode()),
)


@given(any_payloads, wild_forms)
def test_decoding_gives_a_value_or_a_refusal(payload: Payload, form: object) -> None:
    try:
        value = JSON.decode(payload, form)
    except CodecError:
        return
    assert JSON.decode(JSON.encode(value, form), form) == value
