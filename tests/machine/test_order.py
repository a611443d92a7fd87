"""Is the order of what happens in one transition the same in every process?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _journals(hash_seed: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "tests.machine.many_branches"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE).stdout


def test_the_journals_do_not_depend_on_the_hashes_of_names() -> None:
    one = _journals("1")
    assert one.count(b"\n") > 100
    assert _journals("2") == one
    assert _journals("77") == one
