"""The command `wio delete-data`: how is the data of an instance deleted? A worker does it, so no workflow is needed."""

from __future__ import annotations

import asyncio

from interpreters.machine.recorded import Note
from interpreters.machine.transition import JSON
from interpreters.runtime.keeping.deleting import request_deletion
from interpreters.shell import options
from interpreters.shell.endings import as_json, in_words
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import print_json, say
from journals.entries import InstanceRecord
from journals.ports import Journal


def delete_data(
    *,
    id: options.InstanceId,
    journal: options.JournalUrl,
    said: options.Said = options.NOTHING_SAID,
    json: options.AsJson = False,
) -> None:
    """Ask for the data of an instance that has ended to be deleted; the next worker that has its workflow does it."""
    record = asyncio.run(_requested(journal_at(journal), id, Note(said.by, said.reason)))
    if json:
        print_json(as_json(record, None))
    else:
        print(in_words(record, None))
    say(f"wio: any worker or runtime that has workflow {record.workflow} v{record.version} deletes it.")


async def _requested(journal: Journal, id: str, note: Note) -> InstanceRecord:
    async with journal:
        listener = await journal.listen(lambda _: None)
        try:
            await request_deletion(journal, JSON, id, note, listener.now())
        finally:
            await listener.close()
        return await journal.find(id)
