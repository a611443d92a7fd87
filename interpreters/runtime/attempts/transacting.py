"""How is an effect run that is committed together with what it writes? In a transaction of the journal's database.

    begin    the effect writes    the instance is locked: its event, and all that follows    commit

Whatever goes wrong before the commit, the transaction is rolled back. When the reason passes, the effect runs again in
another one, and nobody sees that it has run before.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import msgspec

from interpreters.lint.places import first_places
from interpreters.machine.pending import EffectToRun
from interpreters.machine.questions import nodes_in
from interpreters.machine.turn import turn
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.arrivals import entry_of_event, execution_of, place_of
from interpreters.runtime.driving.live import Arrived, Live, Unrecorded
from interpreters.runtime.journal.storing import Store, is_of_store
from journals.errors import NoTransactions, RolledBack, SpoiledTransaction
from journals.ports import Journal
from journals.transactions import Transaction, Transactions, transactions_of
from wio.nodes import RunIO
from wio.workflow import Workflow

_LOG = logging.getLogger("wio.runtime")
_MOST_TIMES = 10
_LONGEST_PAUSE_SECONDS = 0.5


class Transacting:
    """Runs effects in transactions. `adopted` is told of an instance that has moved on by one."""

    def __init__(self, transactions: Transactions, store: Store, clock: Clock, adopted: Callable[[Live], None]) -> None:
        self._transactions = transactions
        self._store = store
        self._clock = clock
        self._adopted = adopted
        self._random = random.Random()

    async def run(
        self, live: Live, effect: EffectToRun, attempt: Callable[[EffectToRun], Awaitable[Arrived]]
    ) -> Arrived | None:
        """Let `attempt` run the effect, and store its event. Return how it has failed, or None.

        An event that is not wanted any more is dropped with what was written. Raises what the journal says of a commit.
        """
        began = self._clock.now()
        for times in itertools.count(1):
            try:
                async with AsyncExitStack() as ended:
                    transaction = await self._store.surely(live, partial(self._begin, ended))
                    arrived = await self._run_once(live, effect, attempt, transaction)
                    return None if arrived is None else msgspec.structs.replace(arrived, effect=effect, began=began)
            except RolledBack as error:
                if times == _MOST_TIMES:
                    return Arrived(effect, None, error, began)
                _LOG.info("Instance %s: %s runs again: %s", live.id, effect.address, error)
            await asyncio.sleep(self._random.uniform(0, min(_LONGEST_PAUSE_SECONDS, 0.005 * 2**times)))
            if live.execution is None or live.execution.held is not None:
                live.running.pop(effect.address, None)  # a resume makes it ready anew
                return None
        raise AssertionError

    async def _begin(self, ended: AsyncExitStack) -> Transaction:
        return await ended.enter_async_context(self._transactions.begin())

    async def _run_once(
        self,
        live: Live,
        effect: EffectToRun,
        attempt: Callable[[EffectToRun], Awaitable[Arrived]],
        transaction: Transaction,
    ) -> Arrived | None:
        arguments = (*effect.arguments, transaction.connection)
        arrived = await attempt(msgspec.structs.replace(effect, arguments=arguments))
        if arrived.failure is not None:
            anew = transaction.why_anew(arrived.failure)
            if anew is not None:
                raise anew from arrived.failure
            return arrived
        async with live.lock:
            return await self._record(live, effect, arrived, transaction)

    async def _record(self, live: Live, effect: EffectToRun, arrived: Arrived, within: Transaction) -> Arrived | None:
        execution, now = execution_of(live), self._clock.now()
        # From here on nobody withdraws it but what it leads to itself.
        task = live.running.pop(effect.address, None)
        active = place_of(live, execution, effect)
        if active is None:
            return None
        try:
            entry = entry_of_event(execution, active, effect, arrived.event, now)
            await self._store.adopt_within(live, turn(execution, entry, now, self._random.random), within)
        except RolledBack:
            if task is not None:
                live.running[effect.address] = task
            raise
        except SpoiledTransaction as error:
            return msgspec.structs.replace(arrived, failure=error)
        # Code of the user runs in there: codecs, handlers, guards.
        except Exception as fault:
            if is_of_store(fault):
                raise
            return Unrecorded(effect, None, fault, arrived.began)
        self._adopted(live)
        return None


def check_transactions(journal: Journal, workflows: Iterable[Workflow[Any, Any, Any]]) -> None:
    """Raise `NoTransactions` when a step writes in a transaction, and the journal has none for it."""
    if transactions_of(journal) is not None:
        return
    for workflow in workflows:
        if any(isinstance(node, RunIO) and node.transactional for node in nodes_in(workflow.root)):
            found = first_places(workflow.root)
            steps = [each.address for each in found if isinstance(each.node, RunIO) and each.node.transactional]
            what = f"step {steps[0]!r} " if steps else "a step "
            raise NoTransactions(repr(journal), f"{what}of workflow {workflow.name!r} version {workflow.version}")
