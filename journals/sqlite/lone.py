"""Which commits take no way to the writing thread and back? Those that are alone, while the disk is quick.

With one instance under way, the two changes of thread would take longer than the commit itself.
"""

from __future__ import annotations

import sqlite3
import time
import weakref
from collections.abc import Sequence

from journals.entries import Commit
from journals.errors import JournalError
from journals.sqlite import statements

_SLOW_SECONDS = 0.002
_REST_AFTER_SLOW = 32
_IN_A_ROW = 64


class LoneCommits:
    """Writes a lone commit in the thread of the event loop, with a connection of its own.

    The loop stands still meanwhile, so that this is left to the writing thread whenever it might take long: for the
    next 32 commits after one that took more than 2 ms; while another process has the file locked; and once in 65
    commits, for the thread to fold the log into the file, which this connection never does.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        self._connection = connection
        self._left_to_thread = 0
        self._in_a_row = 0
        self.close = weakref.finalize(self, connection.close)

    def store(self, commit: Commit, journal: str) -> Sequence[JournalError | None] | None:
        """Return the answer to a commit; None when it is for the writing thread, and nothing is stored yet."""
        if self._left_to_thread:
            self._left_to_thread -= 1
            return None
        began = time.perf_counter()
        try:
            answers = statements.store(self._connection, [commit], journal)
        except Exception:  # The thread tries the same again; it knows how long to wait, and what to say.
            return None
        self._in_a_row += 1
        if time.perf_counter() - began > _SLOW_SECONDS:
            self._leave_to_thread(_REST_AFTER_SLOW)
        elif self._in_a_row == _IN_A_ROW:
            self._leave_to_thread(1)
        return answers

    def _leave_to_thread(self, commits: int) -> None:
        self._left_to_thread, self._in_a_row = commits, 0
