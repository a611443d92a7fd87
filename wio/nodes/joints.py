"""How do several threads of control begin and come together, and who keeps watch over them?"""

from __future__ import annotations

import enum
from typing import Any

import attrs
from attrs.validators import optional

from wio.meetings import Meeting
from wio.names import valid_name
from wio.nodes.control import Arm
from wio.nodes.program import WIO, AnyNode, Function, Part, is_program
from wio.regions import Region
from wio.validators import is_a, is_function, is_function_or_none, is_text, is_type_or_none

_REGION = is_a(Region, "Give a region: Region('order', result=...).")
_MEETING = is_a(Meeting, "Give a meeting: Meeting('car', brings=..., needs={'engine': 1}).")


class Rest(enum.Enum):
    """Says what becomes of the branches that a join did not wait for.

    `CANCEL`: they are withdrawn. `DRAIN`: they finish without effect on the flow, and the instance ends after them.
    `BLOCK`: they finish, and until then the same place cannot be entered again.
    """

    CANCEL = "cancel"
    DRAIN = "drain"
    BLOCK = "block"


# Many branches


@attrs.frozen(eq=False, repr=False)
class Parallel(AnyNode):
    """Runs the arms whose guards yield at the same time, and goes on when the join says so.

    `join` is how many must have ended (None: all that began; 0: none), or a function of the results so far. The
    output is a tuple in the order of the arms: of plain values, or with `maybe` of `Some` and `Nothing`. `merge`
    makes the value that queries outside see meanwhile, of the input and the latest values in the branches, by name.
    With `each`, every branch goes on with a run of that program of its own.
    """

    arms: tuple[Arm, ...]
    join: int | Function | None = None
    rest: Rest = Rest.DRAIN
    maybe: bool = False
    merge: Function | None = attrs.field(default=None, validator=is_function_or_none)
    each: WIO[Any, Any, Any] | None = attrs.field(default=None, kw_only=True, validator=optional(is_program))
    name: str = attrs.field(default="parallel", kw_only=True, validator=valid_name("a parallel part"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


@attrs.frozen(eq=False, repr=False)
class ForEach(AnyNode):
    """Runs `body` on each element of a computed collection at the same time, and goes on when the join says so.

    `key` names an element (None: its number, from 1); the name is part of the addresses inside. At most `at_once`
    elements are under way. Each output of `add`, which runs again and again, is one more element; the end of `finish`
    ends it all with the results so far. The output is a dict of results by key, in the order of the elements.
    """

    items: Function = attrs.field(validator=is_function)
    body: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    key: Function | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)
    join: int | Function | None = attrs.field(default=None, kw_only=True)
    rest: Rest = attrs.field(default=Rest.DRAIN, kw_only=True)
    at_once: int | None = attrs.field(default=None, kw_only=True)
    add: WIO[Any, Any, Any] | None = attrs.field(default=None, kw_only=True, validator=optional(is_program))
    finish: WIO[Any, Any, Any] | None = attrs.field(default=None, kw_only=True, validator=optional(is_program))
    element: Any = attrs.field(default=None, kw_only=True, validator=is_type_or_none)
    merge: Function | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)
    name: str = attrs.field(default="each", kw_only=True, validator=valid_name("a for-each"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


@attrs.frozen(eq=False, repr=False)
class FirstOf(AnyNode):
    """Offers all arms; the one in which something happens first goes on, and the others are withdrawn."""

    arms: tuple[Arm, ...]
    name: str = attrs.field(default="first", kw_only=True, validator=valid_name("a choice"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


# Keeping watch over one part


class Watch(enum.Enum):
    """Says what a handler does when its trigger has come.

    `INTERRUPT` withdraws the body first; `ALONGSIDE` leaves it, and waits for its trigger again; `CANCEL` has no
    trigger: it runs when the part is cancelled.
    """

    INTERRUPT = "interrupt"
    ALONGSIDE = "alongside"
    CANCEL = "cancel"


@attrs.frozen(eq=False)
class Handler(Part):
    """Runs `body` on an `Interrupted` when `trigger` has ended; without a body the trigger's output is its own."""

    watch: Watch
    trigger: WIO[Any, Any, Any] | None = attrs.field(validator=optional(is_program))
    body: WIO[Any, Any, Any] | None = attrs.field(validator=optional(is_program))
    name: str = attrs.field(validator=valid_name("a handler"))


@attrs.frozen(eq=False, repr=False)
class Watched(AnyNode):
    """Runs `base` while its handlers keep watch over it. Users call it a scope."""

    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    handlers: tuple[Handler, ...]
    name: str = attrs.field(default="scope", kw_only=True, validator=valid_name("a scope"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


@attrs.frozen(eq=False, repr=False)
class InRegion(AnyNode):
    """Runs `base` as a part of a region, which a `Leave` anywhere in the instance ends."""

    region: Region[Any] = attrs.field(validator=_REGION)
    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)

    @property
    def label(self) -> str:
        return f"region({self.region.name})"


@attrs.frozen(eq=False, repr=False)
class Critical(AnyNode):
    """Runs `base` so that no other part with the same lock runs at the same time.

    The lock is taken when something in it begins: a task is claimed, a signal comes, an effect starts.
    """

    lock: str = attrs.field(validator=valid_name("a lock"))
    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)

    @property
    def label(self) -> str:
        return f"critical({self.lock})"


@attrs.frozen(eq=False, repr=False)
class Hold(AnyNode):
    """Runs `base`; while it is active, the milestone holds."""

    milestone: str = attrs.field(validator=valid_name("a milestone"))
    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)

    @property
    def label(self) -> str:
        return f"hold({self.milestone})"


@attrs.frozen(eq=False, repr=False)
class During(AnyNode):
    """Offers `base` while the milestone holds: waits before, and runs `otherwise` if it has not begun by its end."""

    milestone: str = attrs.field(validator=valid_name("a milestone"))
    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    otherwise: WIO[Any, Any, Any] = attrs.field(validator=is_program)

    @property
    def label(self) -> str:
        return f"during({self.milestone})"


# Meetings


@attrs.frozen(eq=False)
class Meet(Part):
    """Runs `body` whenever everybody has arrived whom `meeting` needs, on what they have brought: tuples by party."""

    meeting: Meeting[Any] = attrs.field(validator=_MEETING)
    body: WIO[Any, Any, Any] = attrs.field(validator=is_program)


@attrs.frozen(eq=False, repr=False)
class Gathering(AnyNode):
    """Runs `base`, and beside it what follows the meetings at which parts in it arrive; ends as `base` does."""

    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    meets: tuple[Meet, ...]
    name: str = attrs.field(default="gather", kw_only=True, validator=valid_name("a gathering"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


# Compensation


@attrs.frozen(eq=False, repr=False)
class Undoable(AnyNode):
    """Runs `base`; when it has ended, `undo` is on the list of the saga around it, with a `Done` as its input."""

    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    undo: WIO[Any, Any, Any] = attrs.field(validator=is_program)


@attrs.frozen(eq=False, repr=False)
class Saga(AnyNode):
    """Runs `base`; when it fails or is cancelled, runs the undos on its list, the latest first, and ends as it did.

    An undo that fails pauses the instance, with the rest of the list.
    """

    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    name: str = attrs.field(default="saga", kw_only=True, validator=valid_name("a saga"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)
