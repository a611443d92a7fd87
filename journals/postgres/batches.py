"""What becomes of a batch of commits? Each one is stored, found to be stored already, or refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

import attrs
from psycopg import AsyncRawCursor
from psycopg.rows import tuple_row

from journals.entries import Commit
from journals.errors import (
    Conflict,
    InvalidCommit,
    JournalError,
    NotOwner,
    UnknownInstance,
    WorkflowDisabled,
)
from journals.postgres.connections import Connection
from journals.postgres.notices import says_more
from journals.postgres.session import Session
from journals.postgres.statements import Statements
from journals.postgres.values import (
    Parameters,
    array,
    commit_parameters,
    labelling_parameters,
    loser_parameters,
    publishing_parameters,
    telling_parameters,
)
from journals.postgres.workflows import disabled_in
from journals.workflows import disabled_by

Answers: TypeAlias = Sequence[JournalError | None]

_MOST_CHARACTERS = 8_000_000
"""Is how many characters of payload go out in one statement, unless a single commit has more."""


@attrs.frozen
class Batches:
    """Stores batches of commits of different instances: each in one statement, if all of its commits succeed."""

    session: Session
    statements: Statements
    nudge: bytes
    disabled: bytes
    prepare: bool
    journal: str

    async def store(self, commits: Sequence[Commit]) -> Answers:
        """Return for each commit, in order, None or the reason why nothing of it was stored."""
        answers: list[JournalError | None] = []
        for portion in portions(commits, _MOST_CHARACTERS):
            answers.extend(await self._store_portion(portion))
        return answers

    async def _store_portion(self, commits: Sequence[Commit]) -> Answers:
        try:
            return await self.session.commit(partial(self.store_on, commits))
        except InvalidCommit as error:
            if len(commits) == 1:
                return [InvalidCommit(f"Instance {commits[0].instance_id!r}: {error}")]
            # One of them holds a value that Postgres refuses; it must not hold up the others.
            return [answer for commit in commits for answer in await self._store_portion([commit])]
        except JournalError as error:
            return [error] * len(commits)

    async def store_on(self, commits: Sequence[Commit], connection: Connection) -> Answers:
        """Return the same for commits that are stored on a connection, whatever that is set to."""
        won = await self._won(connection, commits)
        losers = [commit for commit in commits if commit.instance_id not in won]
        if not losers:
            return [None] * len(commits)
        reasons = await self.why_lost(losers, connection)
        return [reasons.get(commit.instance_id) for commit in commits]

    async def why_lost(self, losers: Sequence[Commit], connection: Connection) -> dict[str, JournalError | None]:
        """Return by instance why commits are not stored; None for one that is stored already."""
        rows = await self._rows(connection, self.statements.losers, loser_parameters(losers))
        states = {row[0]: row[1:] for row in rows}
        reasons = {loser.instance_id: self._reason(loser, *states[loser.instance_id]) for loser in losers}
        barred = [loser for loser in losers if _is_barred(loser, *states[loser.instance_id])]
        if barred:
            reasons.update(await self._why_barred(connection, barred))
        return reasons

    async def _why_barred(self, connection: Connection, starts: Sequence[Commit]) -> dict[str, JournalError | None]:
        """Return for starts that found no instance why they were refused; one that may start now is stored."""
        disabled = disabled_in(await self._rows(connection, self.disabled, ()))
        reasons: dict[str, JournalError | None] = {}
        again: list[Commit] = []
        for start in starts:
            rule = disabled_by(disabled, start.workflow, start.version)
            if rule is None:
                again.append(start)
            else:
                reasons[start.instance_id] = WorkflowDisabled(start.instance_id, rule)
        if again:
            answers = await self.store_on(again, connection)
            reasons.update(zip((start.instance_id for start in again), answers, strict=True))
        return reasons

    async def _won(self, connection: Connection, commits: Sequence[Commit]) -> set[str]:
        won = {row[0] for row in await self._rows(connection, *question_of(self.statements, commits))}
        receivers = {message.instance_id for commit in commits for message in commit.mail if not message.quiet}
        if receivers:
            await self._rows(connection, self.nudge, (array(sorted(receivers)),))
        return won

    def _reason(self, loser: Commit, known: bool, repeated: bool, owned: bool, alive: bool) -> JournalError | None:
        if repeated and loser.entries:
            return None
        if loser.expected and not known:
            return UnknownInstance(loser.instance_id, self.journal)
        if not alive or (loser.expected and not owned):
            return NotOwner(loser.instance_id, loser.expected, loser.owner)
        return Conflict(loser.instance_id, loser.expected)

    async def _rows(self, connection: Connection, statement: bytes, parameters: Parameters) -> list[tuple[Any, ...]]:
        cursor = AsyncRawCursor(connection, row_factory=tuple_row)
        await cursor.execute(statement, parameters, prepare=self.prepare)
        return await cursor.fetchall()


def _is_barred(loser: Commit, known: bool, _repeated: bool, _owned: bool, alive: bool) -> bool:
    """Tell whether a commit is a start that nothing stands in the way of but that its workflow is, or was, disabled."""
    return loser.expected == 0 and alive and not known


def question_of(statements: Statements, commits: Sequence[Commit]) -> tuple[bytes, Parameters]:
    """Return the shortest statement that stores all there is in these commits, and its parameters."""
    parameters = commit_parameters(commits)
    if not any(map(says_more, commits)):
        return statements.commit, parameters
    parameters = (*parameters, *telling_parameters(commits))
    publishes = any(commit.published for commit in commits)
    if not publishes and not any(commit.tags or commit.attributes for commit in commits):
        return statements.commit_and_tell, parameters
    parameters = (*parameters, *labelling_parameters(commits))
    if not publishes:
        return statements.commit_and_label, parameters
    return statements.commit_and_publish, (*parameters, *publishing_parameters(commits))


def portions(commits: Sequence[Commit], most_characters: int) -> Iterator[Sequence[Commit]]:
    """Yield the commits in groups of at most so many characters; a larger commit is alone in its group.

    A batch of large payloads could otherwise exceed the greatest message that Postgres takes, 1 GB.
    """
    if commits and sum(map(_characters, commits)) <= most_characters:  # nearly always
        yield commits
        return
    portion: list[Commit] = []
    room = most_characters
    for commit in commits:
        size = _characters(commit)
        if portion and size > room:
            yield portion
            portion, room = [], most_characters
        portion.append(commit)
        room -= size
    if portion:
        yield portion


def _characters(commit: Commit) -> int:
    total = 0
    for entry in commit.entries:
        if entry.payload is not None:
            total += len(entry.payload.text)
        if entry.response is not None:
            total += len(entry.response.text)
    for message in commit.mail:
        if message.payload is not None:
            total += len(message.payload.text)
    for published in commit.published:
        total += len(published.payload.text)
    return total
