"""Is it known for certain that a process is gone, and only then?"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from pathlib import Path

import pytest

from journals.liveness import Membership, is_gone

ROOT = Path(__file__).parents[2]
CHILD = """
import asyncio, sys
from journals.liveness import Membership
membership = Membership(asyncio.new_event_loop())
print(membership.token, flush=True)
sys.stdin.readline()
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux says it")


def test_a_membership_of_this_process_lives_as_long_as_it_is_referenced() -> None:
    loop = asyncio.new_event_loop()
    membership = Membership(loop)
    token = membership.token
    assert not is_gone(token)
    del membership
    gc.collect()
    assert is_gone(token)
    loop.close()


def test_a_membership_is_over_with_its_loop_and_when_it_is_ended() -> None:
    loop = asyncio.new_event_loop()
    closed, ended = Membership(loop), Membership(loop)
    ended.end()
    assert (is_gone(closed.token), is_gone(ended.token)) == (False, True)
    loop.close()
    assert is_gone(closed.token)


def test_a_process_is_gone_when_it_was_killed_although_nobody_has_asked_how_it_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD], cwd=ROOT, stdin=-1, stdout=-1, text=True)
    assert child.stdout is not None
    token = child.stdout.readline().strip()
    assert not is_gone(token)
    child.kill()
    assert child.stdout.read() == ""
    while not is_gone(token):
        pass
    child.communicate()
    assert is_gone(token)


def test_what_is_not_known_is_not_gone() -> None:
    loop = asyncio.new_event_loop()
    place, pid, started, number = Membership(loop).token.split(" ")
    loop.close()
    elsewhere = (f"another {pid} {started} {number}", f"{place} x {started} {number}", f"{place} {pid}", "", " 1 2 3")
    assert not any(map(is_gone, elsewhere))
    assert is_gone(f"{place} {pid} 1 {number}"), "Another process has its number now."
