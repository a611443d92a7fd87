"""Does an archive keep an instance whole, whatever it is called, and however often it is given?"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from msgspec.structs import replace

from journals.archives import FolderArchive, NoArchive, file_of, read_archived
from journals.entries import Entry, InstanceRecord, Payload, Status
from journals.laws.samples import AT, entry

ENTRIES = (
    entry(1, '{"a": "é\\n😀"}', key="key"),
    entry(2, response=Payload("Answer", 2, "\u2028 no JSON")),
    replace(entry(3), payload=None),
)


def record_of(instance_id: str, last_seq: int = 3) -> InstanceRecord:
    return InstanceRecord(instance_id, "w", 1, Status.COMPLETED, last_seq, None, "détail", AT, AT + timedelta(days=1))


def stored(folder: Path, record: InstanceRecord, entries: tuple[Entry, ...] = ENTRIES) -> Path:
    asyncio.run(FolderArchive(folder).store(record, entries))
    return folder / file_of(record)


@pytest.mark.parametrize("instance_id", ["order-7", "../../etc/passwd", "é 😀", "x" * 200, "a/b", "CON", "."])
def test_what_is_stored_can_be_read(instance_id: str, tmp_path: Path) -> None:
    record = record_of(instance_id)
    path = stored(tmp_path, record)
    assert read_archived(path) == (record, ENTRIES)
    assert path.parent == tmp_path / "2026-02-01"
    assert list(tmp_path.rglob("*.jsonl")) == [path]


def test_what_is_stored_twice_is_one_file_and_what_an_id_was_before_another(tmp_path: Path) -> None:
    record = record_of("a")
    paths = [stored(tmp_path, each) for each in (record, record, attrs.evolve(record, started_at=AT - AT.resolution))]
    assert paths[0] == paths[1] != paths[2]
    assert sorted(tmp_path.rglob("*")) == sorted({*paths, paths[0].parent})
    assert len({file_of(record_of(each)) for each in ("a b", "a_b", "a/b")}) == 3


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    record = record_of("a")
    (tmp_path / file_of(record)).mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        stored(tmp_path, record)
    assert [each.name for each in (tmp_path / file_of(record)).parent.iterdir()] == [file_of(record).name]


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"no JSON"])
def test_a_file_of_another_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(NoArchive, match="no archived instance"):
        read_archived(path)


def test_a_file_without_its_last_entry_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(NoArchive, match="3 entries"):
        read_archived(stored(tmp_path, record_of("a"), ENTRIES[:2]))
