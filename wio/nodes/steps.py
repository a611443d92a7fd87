"""What does a step do? The leaves, which write to the journal."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
from attrs.validators import optional

from wio.attributes import name_fault, value_fault
from wio.errors import InvalidDefinition
from wio.meetings import Meeting
from wio.names import valid_name, valid_topic
from wio.nodes.program import AnyNode, Function, Passage
from wio.regions import Region
from wio.retries import Retry
from wio.signals import Signal
from wio.tasks import Task
from wio.validators import is_a, is_function, is_function_or_none, is_text, is_type, is_type_or_none

if TYPE_CHECKING:  # a workflow is made of nodes, so this module cannot wait for it
    from wio.workflow import Workflow

_RETRY = is_a(Retry, "Give a policy: Retry(attempts=3).")
_SIGNAL = is_a(Signal, "Give a signal: Signal('confirm', request=..., response=...).")
_TASK = is_a(Task, "Give a task: Task('approve', input=..., output=...).")
_REGION = is_a(Region, "Give a region: Region('order', result=...).")
_MEETING = is_a(Meeting, "Give a meeting: Meeting('car', brings=..., needs={'engine': 1}).")


@attrs.frozen(eq=False, repr=False)
class RunIO(AnyNode):
    """Runs an effect whose event is recorded, and folds the event with a pure handler.

    Without a handler the event is the output. `event` is the declared type of the event; None means that
    the annotations of the effect tell it. A `transactional` effect is given a connection as well; what it writes there
    is committed together with its event.
    """

    effect: Function = attrs.field(validator=is_function)
    handler: Function | None = attrs.field(default=None, validator=is_function_or_none)
    name: str = attrs.field(kw_only=True, validator=valid_name("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)
    event: Any = attrs.field(default=None, kw_only=True, validator=is_type_or_none)
    retry: Retry | None = attrs.field(default=None, kw_only=True, validator=optional(_RETRY))
    transactional: bool = attrs.field(default=False, kw_only=True)


@attrs.frozen(eq=False, repr=False)
class HandleSignal(AnyNode):
    """Waits for a signal, runs an effect on the request, records its event, folds it, and responds.

    `match` makes of the value the key that a request must have; see `Signal.correlation`. None takes every request.
    """

    signal: Signal[Any, Any] = attrs.field(validator=_SIGNAL)
    effect: Function = attrs.field(validator=is_function)
    handler: Function | None = attrs.field(validator=is_function_or_none)
    respond: Function = attrs.field(validator=is_function)
    name: str = attrs.field(kw_only=True, validator=valid_name("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)
    event: Any = attrs.field(default=None, kw_only=True, validator=is_type_or_none)
    match: Function | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)

    @property
    def label(self) -> str:
        return f"{self.name}<-{self.signal.name}"


class Timing(enum.Enum):
    """Says whether a wait is given as a duration or as a point in time."""

    DURATION = "for"
    INSTANT = "until"


def _is_moment(wait: Wait, _attribute: Any, moment: Any) -> None:
    duration = wait.timing is Timing.DURATION
    aware = isinstance(moment, datetime) and moment.tzinfo is not None
    if callable(moment) or (isinstance(moment, timedelta) if duration else aware):
        return
    wanted = "a timedelta" if duration else "an aware datetime, such as datetime(2026, 1, 1, tzinfo=UTC)"
    raise InvalidDefinition(f"{moment!r} is no {'duration' if duration else 'time'}. Give {wanted}, or a function.")


@attrs.frozen(eq=False, repr=False)
class Wait(Passage):
    """Waits for a duration or until a time, either of them given or computed from the value.

    The deadline is computed once, when the wait is reached, and recorded as an absolute time.
    """

    moment: timedelta | datetime | Function = attrs.field(validator=_is_moment)
    timing: Timing
    name: str = attrs.field(kw_only=True, validator=valid_name("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


@attrs.frozen(eq=False, repr=False)
class Draft(AnyNode):
    """Stands for a step that has a name and types, but no body yet. It draws; it does not run."""

    name: str = attrs.field(validator=valid_name("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)
    input: Any = attrs.field(default=object, kw_only=True, validator=is_type)
    output: Any = attrs.field(default=object, kw_only=True, validator=is_type)
    error: Any = attrs.field(default=None, kw_only=True, validator=is_type_or_none)


class Drawn(enum.Enum):
    """Says what a `Record` step draws from outside, once."""

    NOW = "now"
    RANDOM = "random"
    UUID = "uuid"


@attrs.frozen(eq=False, repr=False)
class Record(AnyNode):
    """Ends with the time, a random number or a UUID, which is recorded where it is reached."""

    drawn: Drawn
    name: str = attrs.field(kw_only=True, validator=valid_name("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


def _are_attributes(_instance: Any, _attribute: Any, attributes: tuple[tuple[Any, Any], ...]) -> None:
    if not attributes:
        raise InvalidDefinition("No attribute is set. Give some: set_attributes(customer=customer_of, stage='packed').")
    for name, value in attributes:
        fault = name_fault(name)
        if fault is not None:
            raise InvalidDefinition(f"The name of an attribute {fault}. Give it another name.")
        fault = None if callable(value) else value_fault(value)
        if fault is not None:
            raise InvalidDefinition(f"Attribute {name!r}: {fault}. Give a value, or a function that makes one.")


@attrs.frozen(eq=False, repr=False)
class SetAttributes(Passage):
    """Sets attributes by which the instance is found, each to a value that is given or computed; see `wio.attributes`.

    The value passes unchanged.
    """

    attributes: tuple[tuple[str, Any], ...] = attrs.field(validator=_are_attributes)
    name: str = attrs.field(default="attributes", kw_only=True, validator=valid_name("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


@attrs.frozen(eq=False, repr=False)
class Publish(AnyNode):
    """Publishes under a topic what a pure function makes of the value, which passes unchanged.

    `form` is the declared type of the message; None means that the annotation of the function tells it.
    """

    topic: str = attrs.field(validator=valid_topic)
    message: Function = attrs.field(validator=is_function)
    form: Any = attrs.field(default=None, kw_only=True, validator=is_type_or_none)
    name: str = attrs.field(kw_only=True, validator=valid_name("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


@attrs.frozen(eq=False, repr=False)
class OfferTask(AnyNode):
    """Offers work to somebody outside, waits until it is done, and folds its output with a pure handler.

    `send` makes what goes out of the value; `to` says to whom it is offered. Without a handler the output of
    the task is the output of the step.
    """

    task: Task[Any, Any, Any] = attrs.field(validator=_TASK)
    send: Function = attrs.field(validator=is_function)
    handler: Function | None = attrs.field(default=None, validator=is_function_or_none)
    to: Function | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)
    name: str = attrs.field(kw_only=True, validator=valid_name("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


class ParentClose(enum.Enum):
    """Says what becomes of a child when its parent ends, or when the step that waits for it is withdrawn.

    `CANCEL`: it is cancelled; the parent makes sure that it has been told. `ABANDON`: it is left alone. `WAIT`: it goes
    on, and the parent's end waits for it.
    """

    CANCEL = "cancel"
    ABANDON = "abandon"
    WAIT = "wait"


_CLOSING = is_a(ParentClose, "Give ParentClose.CANCEL, ParentClose.ABANDON or ParentClose.WAIT.")


@attrs.frozen(eq=False, repr=False)
class RunChild(AnyNode):
    """Starts an instance of another workflow, and waits for its end.

    `id` makes the child's id of the value, and `input` its input; None takes the parent's id and the address here, and
    the value itself. `result` and `error` are the types of what the child ends with. When it does not wait, the value
    passes unchanged, and these two are None.
    """

    workflow: Workflow[Any, Any, Any]
    id: Function | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)
    input: Function | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)
    result: Any = attrs.field(default=None, kw_only=True, validator=is_type_or_none)
    error: Any = attrs.field(default=None, kw_only=True, validator=is_type_or_none)
    waits: bool = attrs.field(default=True, kw_only=True)
    on_close: ParentClose = attrs.field(default=ParentClose.CANCEL, kw_only=True, validator=_CLOSING)
    name: str = attrs.field(kw_only=True, validator=valid_name("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


@attrs.frozen(eq=False, repr=False)
class Leave(AnyNode):
    """Leaves every part of a region that is active now: each ends with what `result` makes of the value here."""

    region: Region[Any] = attrs.field(validator=_REGION)
    result: Function = attrs.field(validator=is_function)

    @property
    def label(self) -> str:
        return f"leave({self.region.name})"


@attrs.frozen(eq=False, repr=False)
class Arrive(Passage):
    """Arrives at a meeting of the gathering around it, with the value, or with `comes` False says that it does not."""

    meeting: Meeting[Any] = attrs.field(validator=_MEETING)
    party: str
    comes: bool = True

    @property
    def label(self) -> str:
        return f"{'arrive' if self.comes else 'decline'}({self.meeting.name})"
