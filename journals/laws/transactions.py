"""Does a journal that has transactions store a commit in one exactly when that is committed?

What users write there is of another kind in each database, so that an adapter's own tests look at it.
"""

from __future__ import annotations

from msgspec.structs import replace

from journals.entries import Entry, Kind, Payload, Status
from journals.errors import Conflict, NotOwner, PayloadTooLarge, UnknownInstance
from journals.laws.members import Heard
from journals.laws.samples import AT, Connect, commit, entry, holds, refused, require
from journals.ports import LIMIT_BYTES, Journal
from journals.sharing import Rested
from journals.transactions import Transactions, transactions_of


def _of(journal: Journal) -> Transactions:
    transactions = transactions_of(journal)
    require(transactions is not None, f"{journal!r} must have transactions.")
    assert transactions is not None
    return transactions


async def a_commit_in_a_transaction_is_stored(connect: Connect) -> None:
    """When the commit returns, others see it, while the transaction's block is still open."""
    async with connect() as journal, connect() as other:
        await journal.commit(commit("instance", 0))
        async with _of(journal).begin() as transaction:
            await transaction.commit(commit("instance", 1, [entry(2), entry(3)], detail="moved"))
            await holds(other, "instance", entry(1), entry(2), entry(3))
        require((await other.find("instance")).detail == "moved", "The record is not what the commit says.")


async def a_transaction_without_a_commit_stores_nothing(connect: Connect) -> None:
    """It leaves the instance as it was, whether its block ends well or with an error."""
    async with connect() as journal:
        await journal.commit(commit("instance", 0))
        async with _of(journal).begin():
            pass
        try:
            async with _of(journal).begin():
                raise ValueError
        except ValueError:
            pass
        await holds(journal, "instance", entry(1))
        await journal.commit(commit("instance", 1))


async def a_refused_commit_in_a_transaction_stores_nothing(connect: Connect) -> None:
    """It raises what `Journal.commit` raises, and leaves the instance as it was."""
    async with connect() as journal:
        await journal.commit(commit("instance", 0))
        await journal.commit(commit("instance", 1))
        large = Entry(3, Kind.EVENT, "step", Payload("Event", 1, "x" * (LIMIT_BYTES + 1)), AT)
        for error, bad in (
            (Conflict, commit("instance", 1, token="another")),
            (NotOwner, replace(commit("instance", 2), owner=7)),
            (UnknownInstance, commit("nobody", 2)),
            (PayloadTooLarge, commit("instance", 2, [large])),
        ):
            async with _of(journal).begin() as transaction:
                await refused(error, transaction.commit(bad), f"A commit in a transaction, {bad.token!r},")
        await holds(journal, "instance", entry(1), entry(2))


async def a_commit_in_a_transaction_may_be_repeated(connect: Connect) -> None:
    """With its token, it is stored once and reported as done."""
    async with connect() as journal:
        await journal.commit(commit("instance", 0))
        async with _of(journal).begin() as transaction:
            await transaction.commit(commit("instance", 1))
            await transaction.commit(commit("instance", 1))
        await holds(journal, "instance", entry(1), entry(2))


async def an_end_in_a_transaction_is_told(connect: Connect) -> None:
    """Who listens hears `Rested`, as of any commit."""
    async with connect() as journal, connect() as other:
        heard = Heard()
        listener = await other.listen(heard)
        await journal.commit(commit("instance", 0))
        async with _of(journal).begin() as transaction:
            await transaction.commit(commit("instance", 1, status=Status.COMPLETED))
        await heard.of(Rested("instance"))
        await listener.close()


async def an_error_of_the_user_is_no_reason_to_begin_anew(connect: Connect) -> None:
    """Only what has to do with the database is."""
    async with connect() as journal, _of(journal).begin() as transaction:
        anew = transaction.why_anew(ValueError("of the user"))
        require(anew is None, f"A ValueError of the user's must be theirs, but leads to {anew!r}.")


TRANSACTION_LAWS = (
    a_commit_in_a_transaction_is_stored,
    a_transaction_without_a_commit_stores_nothing,
    a_refused_commit_in_a_transaction_stores_nothing,
    a_commit_in_a_transaction_may_be_repeated,
    an_end_in_a_transaction_is_told,
    an_error_of_the_user_is_no_reason_to_begin_anew,
)
