"""Where may a journal fail, and how does a test make it? At named points, each armed with what is to happen there.

    points = FaultPoints()
    journal = FaultyJournal(InMemoryJournal(), points)
    points.arm(AFTER_COMMIT, Fail(JournalUnavailable("The answer is lost.")), at=3)

There is a point before and after each call of a `Journal` and of a `Member`. Before it nothing was done, afterwards
everything, and who has called does not know it. There is one before and after each effect, too. Nothing of this is in
a journal or a runtime itself: it stands around them.
"""

from __future__ import annotations

import asyncio
import enum
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeAlias, TypeVar

import attrs

from journals.forwarding import ForwardingJournal, ForwardingMember
from journals.ports import Journal, Listener, Member
from journals.sharing import LEASE, Hear, Lost, Notice
from wio.errors import InvalidDefinition

__all__ = [
    "CALLS",
    "POINTS",
    "Action",
    "Crash",
    "Crashed",
    "Fail",
    "FaultPoints",
    "FaultyJournal",
    "Hold",
    "Point",
    "Side",
]

T = TypeVar("T")


class Side(enum.Enum):
    """Says on which side of a call a point lies."""

    BEFORE = "before"
    AFTER = "after"


@attrs.frozen
class Point:
    """Is a place where a fault may happen: one side of a method of `Journal` or `Member`, or of an effect.

    >>> str(Point("commit", Side.AFTER))
    'after commit'
    """

    method: str
    side: Side

    def __str__(self) -> str:
        return f"{self.side.value} {self.method}"


def _calls() -> tuple[str, ...]:
    found = (name for port in (Journal, Member) for name, value in vars(port).items() if callable(value))
    return tuple(name for name in dict.fromkeys(found) if not name.startswith("_") and name != "now")


CALLS = _calls()
"""Are the methods that have points, those of the journal first."""

BEFORE_EFFECT, AFTER_EFFECT = Point("effect", Side.BEFORE), Point("effect", Side.AFTER)
"""Are the points of what is between the calls: an effect; see `interpreters.testing.FaultyWorkers`."""

POINTS = (*(Point(method, side) for method in CALLS for side in Side), BEFORE_EFFECT, AFTER_EFFECT)
"""Are all points."""

BEFORE_COMMIT, AFTER_COMMIT = Point("commit", Side.BEFORE), Point("commit", Side.AFTER)
BEFORE_CLAIM, AFTER_CLAIM = Point("claim", Side.BEFORE), Point("claim", Side.AFTER)
BEFORE_POST, AFTER_POST = Point("post", Side.BEFORE), Point("post", Side.AFTER)
BEFORE_RELEASE, AFTER_RELEASE = Point("release", Side.BEFORE), Point("release", Side.AFTER)
BEFORE_ANSWER, AFTER_ANSWER = Point("answer", Side.BEFORE), Point("answer", Side.AFTER)


@attrs.frozen
class Crash:
    """Lets the process die: no call passes any more."""


@attrs.frozen
class Fail:
    """Raises an error: a refusal before the call, a lost answer after it."""

    error: Exception


@attrs.frozen
class Hold:
    """Waits until an event is set: a store that is slow. `reached` is set when somebody waits here."""

    until: asyncio.Event
    reached: asyncio.Event = attrs.field(factory=asyncio.Event)


Action: TypeAlias = Crash | Fail | Hold
"""Is what may happen at a point."""


class Crashed(BaseException):
    """Ends everything in a process that a test lets die. It is no `Exception`, so no code can survive it."""


@attrs.define
class _Armed:
    point: Point | None
    action: Action
    passes: int
    times: int

    def is_hit(self, point: Point) -> bool:
        """Count that a point was reached, and return whether something happens there."""
        if self.times == 0 or self.point not in (None, point):
            return False
        if self.passes > 0:
            self.passes -= 1
            return False
        self.times -= 1
        return True


class FaultPoints:
    """Is what a test has armed for one process, and what was reached of it. `dead` says that it has died."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self.reached: Counter[Point] = Counter()
        self.dead = False
        self.deaf = False
        """Says that the process hears no notice, but for the loss of its membership."""

    def arm(self, point: Point | None, action: Action, *, at: int = 1, times: int = 1) -> None:
        """Let something happen when a point is reached for the `at`-th time from now, and then so many times.

        None means any point: then all are counted together. Raises `InvalidDefinition` for a point that there is not.
        """
        if point is not None and point not in POINTS:
            methods = ", ".join(CALLS)
            raise InvalidDefinition(f"There is no point {point}. Choose a method of a journal or a member: {methods}.")
        self._armed.append(_Armed(point, action, at - 1, times))

    def disarm(self) -> None:
        """Let nothing happen any more."""
        self._armed.clear()

    async def reach(self, point: Point) -> None:
        """Let happen what is armed at a point. Raises `Crashed` when the process is dead, or the error of `Fail`."""
        self._check_alive()
        self.reached[point] += 1
        for action in [armed.action for armed in self._armed if armed.is_hit(point)]:
            await self._let_happen(action)
            self._check_alive()

    async def _let_happen(self, action: Action) -> None:
        match action:
            case Crash():
                self.dead = True
            case Fail(error):
                raise error
            case Hold(until, reached):
                reached.set()
                await until.wait()

    def _check_alive(self) -> None:
        if self.dead:
            raise Crashed


class FaultyJournal(ForwardingJournal):
    """Passes everything on to a journal, and lets happen what is armed at the points around each call.

    When it crashes, what its members own is nobody's at once, as it is when their lease has run out.
    """

    def __init__(self, journal: Journal, points: FaultPoints | None = None) -> None:
        super().__init__(journal)
        self.points = points or FaultPoints()
        self._members: list[Member] = []

    async def around(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Let happen what is armed before a call and after it."""
        await self._reach(Point(method, Side.BEFORE))
        returned = await call()
        await self._reach(Point(method, Side.AFTER))
        return returned

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> Member:
        """Become a member for as long as the process lives."""

        async def joined() -> Member:
            self._members.append(await self.journal.join(name, knows, self._ear(hear), lease=lease))
            return self._members[-1]

        return ForwardingMember(await self.around("join", joined), self.around)

    async def listen(self, hear: Hear) -> Listener:
        """Hear notices, unless the process is deaf."""
        return await super().listen(self._ear(hear))

    async def bury(self) -> None:
        """Let the process be dead, and what it has owned be nobody's."""
        self.points.dead = True
        for member in self._members:
            await member.leave()

    async def _reach(self, point: Point) -> None:
        lived = not self.points.dead
        try:
            await self.points.reach(point)
        except Crashed:
            if lived:
                await self.bury()
            raise

    def _ear(self, hear: Hear) -> Hear:
        def heard(notice: Notice) -> None:
            if not self.points.deaf or isinstance(notice, Lost):
                hear(notice)

        return heard
