"""What do the processes run? One step, steps that wait a little, a timer, a long history, and a loop of signals."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timedelta

from benchmarks.steps import PINGS
from benchmarks.workflows import STEP, Count
from wio import WIO, Workflow, run_io, wait_until

WORK = timedelta(milliseconds=5)
WORKING_STEPS = 10
HELD_ENTRIES = 20


async def _work(due: datetime) -> datetime:
    await asyncio.sleep(WORK.total_seconds())
    return due


async def _hold(state: Count) -> int:
    os.write(1, b"held\n")  # One write each, so that no line is torn; who has started this process counts them.
    await asyncio.Event().wait()
    return state.done


def _due(due: datetime) -> datetime:
    return due


def _working() -> WIO[datetime, object, datetime]:
    """Return a timer, and steps after it that each wait for 5 ms."""
    program: WIO[datetime, object, datetime] = wait_until(_due)
    for _ in range(WORKING_STEPS):
        program = program >> run_io(_work, name="work")
    return program


def _holding() -> WIO[Count, object, int]:
    """Return steps that leave 20 entries, with the start, and one that ends only with its process."""
    program: WIO[Count, object, Count] = STEP
    for _ in range(HELD_ENTRIES - 2):
        program = program >> STEP
    return program >> run_io(_hold, name="hold")


QUICK = Workflow("quick", version=1, input=Count, root=STEP)
WORKING = Workflow("working", version=1, input=datetime, root=_working())
HOLDING = Workflow("holding", version=1, input=Count, root=_holding())
SLEEPING = Workflow("sleeping", version=1, input=datetime, root=wait_until(_due))
FLOWS = (QUICK, WORKING, HOLDING, SLEEPING, PINGS)
