"""How is a scenario played? Stimulus by stimulus, on anything that can drive an instance."""

from __future__ import annotations

from typing import Protocol

import attrs

from tests.patterns.notation import (
    Cancels,
    Claims,
    Completes,
    Ending,
    Ends,
    Fails,
    Offered,
    Passes,
    Resumes,
    Sends,
    Stimulus,
    Token,
)
from wio import WioError


@attrs.frozen
class Item:
    """Is a task as somebody outside sees it: what it is called, where it is, and whether it is claimed."""

    label: str
    address: str
    claimed: bool = False

    def __str__(self) -> str:
        return f"{self.label}*" if self.claimed else self.label


class Driver(Protocol):
    """Drives one instance. What is not possible at that point raises a `WioError`, and changes nothing."""

    def offered(self) -> tuple[Item, ...]:
        """Return the tasks that are offered now, in the order in which they were offered."""
        ...

    def claim(self, item: Item) -> None:
        """Claim a task."""

    def complete(self, item: Item, output: str) -> None:
        """Complete a claimed task."""

    def fail(self, item: Item, error: str) -> None:
        """Fail a claimed task."""

    def signal(self, name: str, value: str) -> None:
        """Send a signal."""

    def advance(self, units: int) -> None:
        """Let time pass."""

    def cancel(self) -> None:
        """Cancel the instance."""

    def resume(self) -> None:
        """Let go on what is paused."""

    def ending(self) -> Ending:
        """Return how far the instance has come."""
        ...


@attrs.frozen
class Refused:
    """Is a stimulus that was not possible, and the error that said so."""

    text: str
    error: WioError


def play(driver: Driver, line: tuple[Token, ...]) -> tuple[Refused, ...]:
    """Play a line, and return what was refused. Raises `AssertionError` where the instance differs from the line."""
    refused: list[Refused] = []
    seen: dict[str, Item] = {}
    played: list[str] = []
    for token in line:
        played.append(token.text)
        seen |= {item.label: item for item in driver.offered()}
        match token.says:
            case Offered(labels):
                offered = tuple(sorted(str(item) for item in driver.offered()))
                assert offered == labels, f"offered {offered} after {' '.join(played)!r}"
            case Ends(wanted):
                _check_ending(driver.ending(), wanted, played)
            case stimulus:
                before = driver.offered(), driver.ending()
                try:
                    _do(driver, stimulus, seen)
                except WioError as error:
                    refused.append(Refused(token.text, error))
                    assert (driver.offered(), driver.ending()) == before, f"{token.text!r} was refused, and did harm"
    return tuple(refused)


def _check_ending(ending: Ending, wanted: Ending, played: list[str]) -> None:
    is_running = wanted is Ending.RUNNING and ending is Ending.STUCK
    assert ending is wanted or is_running, f"{ending.value} after {' '.join(played)!r}"


def _do(driver: Driver, stimulus: Stimulus, seen: dict[str, Item]) -> None:
    match stimulus:
        case Claims(label):
            driver.claim(_item(driver, seen, label, claimed=False))
        case Completes(label, output):
            driver.complete(_claimed(driver, seen, label), output)
        case Fails(label, error):
            driver.fail(_claimed(driver, seen, label), error)
        case Sends(signal, value):
            driver.signal(signal, value)
        case Passes(units):
            driver.advance(units)
        case Cancels():
            driver.cancel()
        case Resumes():
            driver.resume()


def _claimed(driver: Driver, seen: dict[str, Item], label: str) -> Item:
    """Return the task of that name, which is claimed first if it is not."""
    item = _item(driver, seen, label, claimed=True)
    if not item.claimed:
        driver.claim(item)
    return item


def _item(driver: Driver, seen: dict[str, Item], label: str, *, claimed: bool) -> Item:
    """Return a task of that name: one that is claimed, or not, if there is one; else one that was offered before.

    What was never offered is at an address that does not exist.
    """
    offered = [item for item in driver.offered() if item.label == label]
    fitting = [item for item in offered if item.claimed is claimed]
    return next(iter([*fitting, *offered]), None) or seen.get(label) or Item(label, f"nowhere/{label}")
