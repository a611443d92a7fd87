"""Who owns which instance of a journal in memory, and which of them can be claimed?

The instances, their owners and what is ready lie here, since each of them decides about the others.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from datetime import UTC, datetime

from journals.entries import Status
from journals.errors import JournalClosed, NotOwner, OwnedElsewhere, UnknownInstance
from journals.memory.deaths import Deaths
from journals.memory.instances import Stored
from journals.memory.members import InMemoryMember, Members, Messages
from journals.memory.outbox import Outbox
from journals.sharing import MOST_ENTRIES_CLAIMED, Claimed, Claims, Released, ToDeliver, Work


class Owning:
    """Holds the instances of a journal in memory, its members, and what they do for its instances."""

    def __init__(self) -> None:
        self._instances: dict[str, Stored] = {}
        self._ready: list[tuple[datetime, str]] = []
        self._owned: dict[int, set[str]] = {}
        self._members = Members()
        self._messages = Messages()
        self._outbox = Outbox()
        self._is_open = False

    def claim(self, member: InMemoryMember, most: int, now: datetime) -> Claims:
        """Let a member own what is ready. For `InMemoryMember`."""
        self._check_open()
        self.drop_gone()
        claimed: list[Claimed] = []
        unknown: list[tuple[datetime, str]] = []
        next_due: datetime | None = None
        while self._ready and self._members.has(member.epoch):
            due, instance_id = self._ready[0]
            instance = self._instances.get(instance_id)
            if instance is None:  # It has ended, and was removed.
                heapq.heappop(self._ready)
                continue
            is_known = instance.kind in member.knows
            if instance.owner is None and instance.wake_up == due and is_known:
                if due > now or len(claimed) >= most:
                    next_due = due
                    break
                claimed.append(self._own(member, instance_id, instance))
            elif instance.owner is None and instance.wake_up == due:
                unknown.append((due, instance_id))
            heapq.heappop(self._ready)
        for each in unknown:
            heapq.heappush(self._ready, each)
        return Claims(tuple(claimed), next_due)

    def claim_instance(self, member: InMemoryMember, instance_id: str) -> Claimed:
        """Let a member own an instance. For `InMemoryMember`."""
        instance = self._instance(instance_id)
        self.drop_gone()
        if not self._members.has(member.epoch):
            raise NotOwner(instance_id, len(instance.entries), member.epoch)
        if instance.owner not in (None, member.epoch):
            raise OwnedElsewhere(instance_id, instance.owner)
        return self._own(member, instance_id, instance)

    def _own(self, member: InMemoryMember, instance_id: str, instance: Stored) -> Claimed:
        if not instance.has_ended:
            instance.owner = member.epoch
            self._owned.setdefault(member.epoch, set()).add(instance_id)
        few = len(instance.entries) <= MOST_ENTRIES_CLAIMED
        entries = tuple(instance.entries) if few else None
        has_mail, deaths = bool(self._messages.open(instance_id)), instance.deaths
        return Claimed(instance.record(), entries, has_mail, deaths.number, deaths.shared)

    def release(self, member: InMemoryMember, released: Sequence[Released]) -> None:
        """Let a member give instances back. For `InMemoryMember`."""
        self._check_open()
        for each in released:
            instance = self._instances.get(each.instance_id)
            if instance is not None and instance.owner == member.epoch:
                self._owned.get(member.epoch, set()).discard(each.instance_id)
                instance.owner, instance.wake_up = None, each.wake_up
                if self._messages.open(each.instance_id):
                    instance.wake_up = instance.latest.at
                self._make_ready(each.instance_id, instance)

    def begin_trial(self, member: InMemoryMember, instance_ids: Sequence[str]) -> None:
        """Let the death of a member count for instances. For `InMemoryMember`."""
        self._check_open()
        for instance in map(self._instances.get, instance_ids):
            if instance is not None and instance.owner == member.epoch:
                instance.deaths.tried_by, instance.deaths.tried_with = member.epoch, len(instance_ids)

    def acquit(self, member: InMemoryMember, instance_ids: Sequence[str]) -> None:
        """Forget deaths. For `InMemoryMember`."""
        self._check_open()
        for instance in map(self._instances.get, instance_ids):
            if instance is not None and instance.owner == member.epoch:
                instance.deaths = Deaths()

    def drop_gone(self, left: int | None = None) -> None:
        """Give back what members have owned that are none any more: that has `left`, the others have died."""
        if self._outbox.leave_to_others(self._members.has):
            self._members.tell_all(ToDeliver())
        for epoch in [epoch for epoch in self._owned if not self._members.has(epoch)]:
            for instance_id in sorted(self._owned.pop(epoch)):
                instance = self._instances[instance_id]
                if instance.owner == epoch:
                    if epoch != left and self._was_busy(instance_id, instance):
                        instance.deaths.count(epoch, instance.entries)
                    instance.owner = None
                    if instance.latest.status is Status.RUNNING or self._messages.open(instance_id):
                        instance.wake_up = instance.latest.at
                    self._make_ready(instance_id, instance)

    def _note_owner(self, owner: int | None, instance_id: str, instance: Stored) -> None:
        """Note who owns an instance after a commit, or that it can be claimed."""
        if owner is not None:
            owned = self._owned.setdefault(owner, set())
            (owned.discard if instance.has_ended else owned.add)(instance_id)
        else:
            self._make_ready(instance_id, instance)

    def _was_busy(self, instance_id: str, instance: Stored) -> bool:
        """Tell whether the owner of an instance may have been doing something for it."""
        is_due = instance.wake_up is not None and instance.wake_up <= datetime.now(UTC)
        is_running = instance.latest.status is Status.RUNNING
        return is_running or is_due or bool(self._messages.open(instance_id))

    def _make_ready(self, instance_id: str, instance: Stored) -> None:
        if instance.owner is None and instance.wake_up is not None and not instance.has_ended:
            heapq.heappush(self._ready, (instance.wake_up, instance_id))
            self._members.tell_all(Work())

    def _instance(self, instance_id: str) -> Stored:
        self._check_open()
        instance = self._instances.get(instance_id)
        if instance is None:
            raise UnknownInstance(instance_id, repr(self))
        return instance

    def _check_open(self) -> None:
        if not self._is_open:
            raise JournalClosed(repr(self))
