"""Which workflows do the tests of the command line run? One for each way in which a command can end."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import attrs
from returns.result import Failure, Result

from interpreters import Hooks
from journals import Change, Entry, Payload, Published
from wio import (
    WIO,
    Done,
    Early,
    Fixed,
    Query,
    Retry,
    Signal,
    Task,
    Workflow,
    child,
    compute,
    draft,
    handle_signal,
    publish,
    query,
    run_io,
    saga,
    task,
    undoable,
    wait,
)


@attrs.frozen
class Order:
    """Is the input of all of them."""

    item: str
    quantity: int


@attrs.frozen
class Reserved:
    """Is an event."""

    reservation: str


@attrs.frozen
class OutOfStock:
    """Is a domain error."""

    item: str


@attrs.frozen
class Confirmation:
    """Is the request of a signal."""

    by: str


CONFIRM = Signal("confirm", request=Confirmation, response=str)
LATER = Signal("later", request=str, response=str)
KEPT = Signal("kept", request=int, response=int, early=Early.KEEP)
STATUS = Query("status", response=str)


def reserve(order: Order) -> Reserved:
    """Print, so that a JSON document on standard output would be spoiled."""
    print("running reserve", flush=True)
    return Reserved(f"{order.quantity} x {order.item}")


def confirm(_: Reserved, request: Confirmation) -> Confirmation:
    """Return the request as event, unless it comes from nobody."""
    if not request.by:
        raise ValueError("nobody\nconfirms")
    return request


def described(state: object) -> str:
    """Answer the query."""
    return type(state).__name__


confirmed = handle_signal(
    CONFIRM, confirm, lambda reserved, event: f"{reserved.reservation} by {event.by}", respond=lambda _, e: f"Hi {e.by}"
)
program: WIO[Order, object, str] = query(STATUS, described, run_io(reserve) >> confirmed)
order = Workflow("order", version=2, input=Order, root=program)
first_order = Workflow("order", version=1, input=Order, root=run_io(reserve) >> wait(timedelta(days=1)))
NUMBER = 3
reordered = Workflow("order", version=2, input=Order, root=query(STATUS, described, run_io(reserve, name="take")))


def listen(order: Order) -> str:
    """Print, and return when standard input ends."""
    print("running listen", flush=True)
    return order.item + sys.stdin.read()


listening = Workflow("listening", version=1, input=Order, root=run_io(listen))


def refuse(order: Order, _: Reserved) -> Result[str, OutOfStock]:
    """Fail with a domain error."""
    return Failure(OutOfStock(order.item))


failing = Workflow("failing", version=1, input=Order, root=run_io(reserve, refuse))


def need_file(order: Order) -> str:
    """Fail technically until the file `mended` is in the current folder."""
    return Path("mended").read_text() + order.item


pausing = Workflow("pausing", version=1, input=Order, root=run_io(need_file))


def talk(_: Order) -> str:
    """Fail technically with a message of many lines."""
    raise ValueError("\n  and ".join(["it went wrong", *["so on"] * 60, "to the end"]))


talking = Workflow("talking", version=1, input=Order, root=run_io(talk))
retrying = Workflow(
    "retrying",
    version=1,
    input=Order,
    root=run_io(need_file, retry=Retry(attempts=9, backoff=Fixed(timedelta(hours=1)))),
)


def fail_once(order: Order) -> str:
    """Fail technically the first time."""
    path = Path("failed")
    if not path.exists():
        path.touch()
        raise TimeoutError(order.item)
    return "at last"


retried = Workflow(
    "retried",
    version=1,
    input=Order,
    root=run_io(fail_once, retry=Retry(attempts=9, backoff=Fixed(timedelta(milliseconds=30)))),
)
moment = Workflow("moment", version=1, input=Order, root=wait(timedelta(milliseconds=30)) >> compute(described))

soon = Workflow("soon", version=1, input=Order, root=wait(timedelta(seconds=4)) >> compute(described))


def echo(_: object, text: str) -> str:
    """Return the request as event."""
    return text


def add(_: object, number: int) -> int:
    """Return an event made of the request."""
    return number + 1


def heard(_: object, event: str) -> str:
    """Return the event."""
    return event


dynamic = Workflow(
    "dynamic",
    version=1,
    input=Order,
    root=compute(described).flat_map(lambda _: handle_signal(LATER, echo, heard, respond=heard)),
)
keeping = Workflow(
    "keeping",
    version=1,
    input=Order,
    root=wait(timedelta(days=1)) >> handle_signal(KEPT, add, lambda _, event: event, respond=lambda _, event: event),
)
drafted = Workflow("drafted", version=1, input=Order, root=draft("ship", input=Order, output=str))


@attrs.frozen
class Private:
    """Is an event that JSON cannot hold."""

    _secret: str


def take_private(order: Order) -> Private:
    """Return an event that cannot be kept."""
    return Private(order.item)


unkept = Workflow("unkept", version=1, input=Order, root=run_io(take_private))

SHORT_WAIT = wait(timedelta(milliseconds=700))
APPROVE = Task("approve", version=2, input=Order, output=Confirmation, error=OutOfStock)


def whole(order: Order) -> Order:
    """Send everything out."""
    return order


def bosses(order: Order) -> list[str]:
    """Say who may approve."""
    return ["ada", "bob"] if order.quantity > 1 else ["ada"]


offering = Workflow("offering", version=1, input=Order, root=task(APPROVE, whole, to=bosses))
COUNT = Task("count", input=Order, output=int)
counting = Workflow("counting", version=1, input=Order, root=task(COUNT, whole))
offering_late = Workflow("offering_late", version=1, input=Order, root=SHORT_WAIT >> offering.root)

errand = Workflow("errand", version=3, input=Order, root=run_io(reserve) >> confirmed)
parent = Workflow("parent", version=1, input=Order, root=child(errand, result=str))
grandparent = Workflow("grandparent", version=1, input=Order, root=child(parent, result=str))
later = Workflow("later", version=1, input=Order, root=SHORT_WAIT >> compute(described))
patient = Workflow("patient", version=1, input=Order, root=child(later, result=str))
unlucky = Workflow("unlucky", version=1, input=Order, root=child(pausing, result=str))


def give_back(done: Done[Order, Reserved]) -> str:
    """Undo a reservation."""
    return done.output.reservation


def give_back_later(done: Done[Order, Reserved]) -> str:
    """Undo a reservation when the file `mended` is in the current folder."""
    return Path("mended").read_text() + done.output.reservation


LONG_WAIT = wait(timedelta(days=1))
undoing = Workflow(
    "undoing", version=1, input=Order, root=saga(undoable(run_io(reserve), run_io(give_back)) >> LONG_WAIT)
)
undoing_late = Workflow(
    "undoing_late", version=1, input=Order, root=saga(undoable(run_io(reserve), run_io(give_back_later)) >> LONG_WAIT)
)
undoing_parent = Workflow("undoing_parent", version=1, input=Order, root=child(undoing, result=type(None)))
hasty = Workflow(
    "hasty", version=1, input=Order, root=compute(whole).flat_map(lambda _: child(moment, id=described, result=str))
)


telling = Workflow("telling", version=1, input=Order, root=publish("orders", described, name="tell") >> run_io(reserve))


class Paper:
    """Notes on paper, a file in the current folder, what is published and what has become of instances."""

    async def publish(self, message: Published) -> None:
        self.note(f"{message.id} {message.topic} {message.payload.text}")

    def note(self, line: str) -> None:
        with Path("paper").open("a") as paper:
            paper.write(line + "\n")

    def changed(self, change: Change) -> None:
        self.note(f"{change.id} {change.word}")


paper = Paper()
hooks = Hooks(on_complete=paper.changed)


def names_only(entry: Entry, payload: Payload) -> Payload:
    """Leave of a payload its name, and which entry it was in."""
    return Payload(payload.type, payload.version, f'"entry {entry.seq}"')
