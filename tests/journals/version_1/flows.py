"""Which workflows have left the journals in this folder? As the release had them that wrote version 1 of the schema.

`sqlite.sql` and `postgres.sql` are what that release stored, dumped and never changed since. Nobody may change these
workflows either: the journals would fit them no more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs

from wio import Early, Query, Signal, Workflow, fail, for_each, handle_signal, query, run_io, wait


@attrs.frozen
class Approval:
    """Is a request."""

    by: str


APPROVE = Signal("approve", request=Approval, response=str)
NOTE = Signal("note", request=str, response=str, early=Early.KEEP)
STATE = Query("state", response=str)
BEGAN: list[str] = []
"""Are the effects that have begun."""


def reserve(item: str) -> str:
    """Add a word."""
    BEGAN.append("reserve")
    return f"{item} reserved"


def pack(part: str) -> str:
    """Add a word."""
    BEGAN.append("pack")
    return f"{part} packed"


def broken(_: str) -> str:
    """Raise, as long as it is broken."""
    BEGAN.append("broken")
    raise OSError("the printer is on fire")


def hold(item: str) -> str:
    """Add a word; the process that has written the journal died in here."""
    BEGAN.append("hold")
    return f"{item} held"


def _parts(item: str) -> list[str]:
    return [f"{item} {number}" for number in (1, 2)]


def _joined(parts: Any) -> str:
    return ", ".join(parts.values())


def _approved(item: str, request: Approval) -> str:
    return f"{item} by {request.by}"


def _noted(item: str, request: str) -> str:
    return f"{item}: {request}"


def _taken(_: object, event: str) -> str:
    return event


_RESERVE = run_io(reserve, name="reserve", event=str)
_PACKED = for_each(_parts, run_io(pack, name="pack", event=str), key=lambda part: part).map(_joined)
_APPROVED = handle_signal(APPROVE, _approved, _taken, respond=_taken, event=str)
_NOTED = handle_signal(NOTE, _noted, _taken, respond=_taken, event=str)

ORDER = Workflow("order", version=1, input=str, root=query(STATE, str, _RESERVE >> _PACKED >> _APPROVED >> _NOTED))
SLEEPING = Workflow("sleeping", version=1, input=str, root=_RESERVE >> wait(timedelta(days=36_500), name="sleep"))
TROUBLED = Workflow("troubled", version=1, input=str, root=_RESERVE >> run_io(broken, name="print", event=str))
FAILING = Workflow("failing", version=1, input=str, root=_RESERVE >> fail("sold out"))
HELD = Workflow("held", version=1, input=str, root=_RESERVE >> run_io(hold, name="hold", event=str))
ALL: tuple[Workflow[Any, Any, Any], ...] = (ORDER, SLEEPING, TROUBLED, FAILING, HELD)
