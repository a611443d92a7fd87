"""Which journals break the laws of deleting data? Each has one fault; the suite must find it."""

from __future__ import annotations

from collections import deque

from msgspec.structs import replace

from journals.errors import InvalidCommit, NotOwner
from journals.memory import InMemoryJournal
from journals.memory.outbox import Outbox
from journals.scrubbing import Scrub


class KeepsTheKeys(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        keys = dict(self._instances[scrub.instance_id].keys)
        await super().scrub(scrub)
        self._instances[scrub.instance_id].keys.update(keys)


class DeletesAll(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        await super().scrub(scrub)
        instance = self._instances[scrub.instance_id]
        instance.entries[:] = [replace(each, payload=None) for each in instance.entries]


class KeepsTheMessages(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        messages, self._messages = self._messages, type(self._messages)()
        await super().scrub(scrub)
        self._messages = messages


class KeepsTheLabels(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        rows = dict(self._instances[scrub.instance_id].label_rows)
        await super().scrub(scrub)
        self._instances[scrub.instance_id].label_rows.update(rows)


class ForgetsAllMessages(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        await super().scrub(scrub)
        for instance_id in self._instances:
            self._messages.remove(instance_id)


class LetsAnybodyDelete(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        try:
            await super().scrub(scrub)
        except NotOwner:
            self._instances[scrub.instance_id].leave(scrub.entries)


class DeletesFromTheRunning(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        try:
            await super().scrub(scrub)
        except InvalidCommit:
            self._instances[scrub.instance_id].leave(scrub.entries)
            raise


class KeepsWhatIsPublished(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        outbox, self._outbox = self._outbox, Outbox()
        await super().scrub(scrub)
        self._outbox = outbox


class DropsTheCallsOfHooks(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        await super().scrub(scrub)
        for lane, instance_id in list(self._outbox._queues):
            if instance_id == scrub.instance_id:
                del self._outbox._queues[lane, instance_id]


class DropsWhatOthersPublish(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        await super().scrub(scrub)
        for instance_id in self._instances:
            self._outbox.forget(instance_id)


class KeepsWhatHooksAreTold(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        queues = self._outbox._queues
        kept = {key: tuple(queue.messages) for key, queue in queues.items() if key[0]}
        await super().scrub(scrub)
        for key, messages in kept.items():
            queues[key].messages = deque(messages)


class KeepsWhyHooksFailed(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        queues = self._outbox._queues
        errors = {key: queue.error for key, queue in queues.items() if key[0]}
        await super().scrub(scrub)
        for key, error in errors.items():
            queues[key].error = error


class KeepsTheDetails(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        changes = self._feed._changes
        await super().scrub(scrub)
        self._feed._changes = changes


class KeepsTheDetailsOfTheNew(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        changes = self._feed._changes
        await super().scrub(scrub)
        self._feed._changes = [old if old[0] else new for old, new in zip(changes, self._feed._changes, strict=True)]


class ForgetsAllDetails(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        await super().scrub(scrub)
        for instance_id in self._instances:
            self._feed.forget_details(instance_id)


class TellsNothingOfIt(InMemoryJournal):
    async def scrub(self, scrub: Scrub) -> None:
        await super().scrub(scrub)
        self._feed._changes = [each for each in self._feed._changes if each[1].id != scrub.instance_id]


SCRUBBING_FAULTS: dict[str, tuple[type[InMemoryJournal], ...]] = {
    "what_is_deleted_is_gone_and_the_rest_stays": (KeepsTheKeys, DeletesAll),
    "what_was_asked_is_deleted_too": (KeepsTheMessages, KeepsTheLabels, ForgetsAllMessages),
    "what_waits_to_be_delivered_is_deleted_too": (
        KeepsWhatIsPublished,
        DropsTheCallsOfHooks,
        DropsWhatOthersPublish,
        KeepsWhatHooksAreTold,
        KeepsWhyHooksFailed,
    ),
    "what_the_feed_says_of_it_is_deleted_too": (
        KeepsTheDetails,
        KeepsTheDetailsOfTheNew,
        ForgetsAllDetails,
        TellsNothingOfIt,
    ),
    "only_the_owner_deletes_and_only_what_is_to_be_deleted": (LetsAnybodyDelete, DeletesFromTheRunning),
}
"""Has, for each law of deleting data, journals that break it."""
