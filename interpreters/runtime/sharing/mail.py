"""What do other processes ask of the instances of this one? Messages; each is done, and its answer stored.

A message may be done twice, when its process ends between. So each has a key, and what it does is done once for a key.
One that cannot be done here, as the instance is somebody else's now, its workflow is not known, or the runtime stops,
is left: its instance's next owner finds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from interpreters.errors import RuntimeStopped, UnknownWorkflow
from interpreters.runtime.driving.live import Live, LiveInstances
from interpreters.runtime.journal.storing import is_of_store
from interpreters.runtime.rounds import Rounds
from interpreters.runtime.sharing.answers import refused, returned
from interpreters.runtime.sharing.membership import Membership
from journals.entries import Message, Payload
from journals.errors import JournalError, JournalUnavailable

PutOff: TypeAlias = Callable[[Live], Awaitable[None]]
"""Stores when an instance goes on that was due for its messages only; see `Store.put_off`."""

Perform: TypeAlias = Callable[[Live, Message], Awaitable[Payload | None]]
"""Does what a message asks of an instance. Returns what there is to answer."""


class Mail:
    """Collects the messages for the instances of one runtime, and sees that each is done and answered.

    `put_off` is called for an instance that was due for them, when all that it was asked for has changed nothing.
    """

    def __init__(self, membership: Membership, lives: LiveInstances, perform: Perform, put_off: PutOff) -> None:
        self._membership = membership
        self._lives = lives
        self._perform = perform
        self._put_off = put_off
        self._overdue: dict[Live, None] = {}
        self._wanted: dict[str, None] = {}
        self._doing: dict[int, asyncio.Task[bool]] = {}
        self._answers: dict[int, Payload] = {}
        self._refused: set[int] = set()
        self._collecting = Rounds("collect messages", self._collect)
        self._answering = Rounds("answer messages", self._answer)
        self._is_open = True

    @property
    def running(self) -> frozenset[asyncio.Task[None]]:
        """Is what is under way here, but for what waits for a signal to be handled."""
        return self._collecting.running | self._answering.running

    def collect(self, instance_id: str) -> None:
        """Look for messages for an instance."""
        if self._is_open:
            self._wanted[instance_id] = None
            self._collecting.ask()

    async def refuse(self, instance_id: str, error: Exception) -> None:
        """Answer with an error whatever an instance is asked for by now, and do nothing of it that is not under way."""
        member, answer = self._membership.member, refused(error)
        messages = [each for each in await member.messages([instance_id]) if each.id not in self._doing]
        self._refused.update(message.id for message in messages)
        await member.answer([(message.id, answer) for message in messages])

    async def stop(self) -> None:
        """Do nothing more, and store the answers that there are."""
        self._is_open = False
        await self._collecting.stop()
        for task in tuple(self._doing.values()):
            task.cancel()
        if self._doing:
            await asyncio.wait(self._doing.values())
        await self._answering.stop()

    async def _collect(self) -> None:
        # What is asked for from here on is looked for in the next round: this one may not see it any more.
        wanted, self._wanted = self._wanted, {}
        try:
            messages = await self._membership.member.messages(tuple(wanted))
        except BaseException:
            self._wanted = wanted | self._wanted
            raise
        for message in messages:
            if not (message.id in self._doing or message.id in self._answers or message.id in self._refused):
                live = self._lives.get(message.instance_id)
                # They begin in the order of their numbers, and the instance takes them in that order.
                task = asyncio.create_task(self._do(live, message))
                self._doing[message.id] = task
                task.add_done_callback(partial(self._done, message))

    def _done(self, message: Message, task: asyncio.Task[bool]) -> None:
        del self._doing[message.id]
        if not task.cancelled() and task.exception() is None and not task.result():
            self.collect(message.instance_id)

    async def _do(self, live: Live, message: Message) -> bool:
        """Do what a message asks, unless it is left. Return False where the store was away: then it is done anew."""
        try:
            answer = returned(await self._perform(live, message))
        except (RuntimeStopped, UnknownWorkflow):
            return True
        # Whatever an effect or a codec of the user raises is the answer to who has asked.
        except Exception as error:
            if is_of_store(error):
                return not isinstance(error, JournalUnavailable)
            answer = refused(error)
        self._answers[message.id] = answer
        if live.overdue is not None:
            self._overdue[live] = None
        self._answering.ask()
        return True

    async def _answer(self) -> None:
        answers = tuple(self._answers.items())
        await self._membership.member.answer(answers)
        for number, _ in answers:
            del self._answers[number]
        overdue, self._overdue = self._overdue, {}
        for live in overdue:
            async with live.lock:
                # Whoever does not store that is blamed without reason when it dies, and nothing worse.
                with suppress(JournalError):
                    await self._put_off(live)
