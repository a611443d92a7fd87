"""Is data that was deleted gone from the file itself, and not only from what it shows?"""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec.structs import replace

from journals.entries import Payload, Published, Status
from journals.laws.members import by, joined, message
from journals.laws.samples import AT, commit, entry
from journals.scrubbing import Scrub, Scrubbed
from journals.sqlite import SqliteJournal


def test_nothing_of_it_is_left_in_the_file(tmp_path: Path) -> None:
    async def main() -> None:
        async with SqliteJournal(path) as journal:
            member = await joined(journal)
            entries = [entry(seq, '"secret"' * 300, key=f"secret {seq}") for seq in range(1, 30)]
            await journal.subscribe("audit")
            payload = Payload("Word", 1, '"secret"' * 300)
            published = tuple(Published("a", 1, "news", payload, AT, lane) for lane in ("", "hook") for _ in range(9))
            start = by(member, commit("a", 0, entries, detail="secret"))
            await journal.commit(replace(start, published=published))
            await journal.commit(by(member, commit("a", 29, [entry(30)], status=Status.DATA_DELETION_REQUESTED)))
            await journal.post(message("a", "secret"))
            await journal.scrub(Scrub("a", member.epoch, tuple(Scrubbed(each.seq, None, None) for each in entries)))

    path = tmp_path / "journal.db"
    asyncio.run(main())
    assert b"secret" not in path.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["journal.db"]
