"""Which journals break the laws of deleting data? Each has one fault; the suite must find it."""

from __future__ import annotations

import attrs

from journals.errors import InvalidCommit, NotOwner
from journals.memory import InMemoryJournal
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
        instance.entries[:] = [attrs.evolve(each, payload=None) for each in instance.entries]


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


SCRUBBING_FAULTS: dict[str, tuple[type[InMemoryJournal], ...]] = {
    "what_is_deleted_is_gone_and_the_rest_stays": (KeepsTheKeys, DeletesAll),
    "what_was_asked_is_deleted_too": (KeepsTheMessages, KeepsTheLabels, ForgetsAllMessages),
    "only_the_owner_deletes_and_only_what_is_to_be_deleted": (LetsAnybodyDelete, DeletesFromTheRunning),
}
"""Has, for each law of deleting data, journals that break it."""
