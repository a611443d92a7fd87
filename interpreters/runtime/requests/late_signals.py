"""Why does nobody take a signal? What became of the step that it was for is told by the journal, which is read again.

That is rare, and costs as much as a recovery; so of a long journal nothing is told but that nobody takes it now.
"""

from __future__ import annotations

from typing import Any

from interpreters.errors import JournalMismatch, SignalRefusal, UserFunctionRaised, WrongPayload
from interpreters.machine.execution import Execution
from interpreters.machine.mailbox import given_key
from interpreters.machine.waited import Became, Onlooker, stands
from interpreters.runtime.journal.reading import read_execution
from journals.ports import Journal
from wio.signals import Signal

MOST_ENTRIES = 2_000
"""Is how many entries are applied again at most."""


async def why_unexpected(
    journal: Journal,
    execution: Execution,
    signal: Signal[Any, Any],
    request: object,
    address: str = "",
    *,
    most: int = MOST_ENTRIES,
) -> Became:
    """Say why nobody takes a signal, or what became of the step at an address. Raises what the journal raises."""
    key = _key(signal, request)
    standing = stands(execution, signal.name, key)
    if standing is not None and address in ("", standing.address):
        return standing
    if execution.seq > most:
        return _said(SignalRefusal.NOT_NOW)
    onlooker = Onlooker(signal.name, key)
    try:
        at_end = await read_execution(
            journal, execution.id, execution.workflow, execution.codec, applying=onlooker.apply, jumps=False
        )
        became = onlooker.what_became(at_end)
    except (JournalMismatch, UserFunctionRaised, WrongPayload):
        return _said(SignalRefusal.NOT_NOW)
    return onlooker.at(address) or became or _nobody(execution, key)


def _nobody(execution: Execution, key: str | None) -> Became:
    """Say why nobody has waited for a signal."""
    if execution.facts.has_checkpoints:  # what was passed over may have waited
        return _said(SignalRefusal.NOT_NOW)
    if key is not None:
        return Became(SignalRefusal.UNMATCHED, "", f"{SignalRefusal.UNMATCHED.value} {key!r}")
    return _said(SignalRefusal.EARLY)


def _key(signal: Signal[Any, Any], request: object) -> str | None:
    try:
        return given_key(signal, request, f"signal {signal.name}")
    except UserFunctionRaised:  # a request of another type has none
        return None


def _said(refusal: SignalRefusal) -> Became:
    return Became(refusal, "", refusal.value)
