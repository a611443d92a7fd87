"""What does a withdrawal ask of the bank around it? A port, and a bank that exists only in memory."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

import attrs

CHECKS = ("fraud", "sanctions")


class Verdict(enum.Enum):
    """Says what a check thinks of a withdrawal."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class BankUnavailable(Exception):
    """Says that the bank does not answer at present. It is technical: the call may be made again."""


class TransferRefused(Exception):
    """Says that the bank will not make a transfer, and why."""


class Bank(Protocol):
    """Holds money and moves it. A call that is repeated with its `key` is answered as before and changes nothing.

    Every call may raise `BankUnavailable`.
    """

    async def fee(self, amount: Decimal) -> Decimal:
        """Return what a transfer of an amount costs."""
        ...

    async def available(self, account: str) -> Decimal:
        """Return how much money of an account is not on hold."""
        ...

    async def hold(self, key: str, account: str, total: Decimal) -> bool:
        """Put money on hold, under `key` from now on. Return False when there is not enough of it."""
        ...

    async def ask(self, key: str, account: str, check: str) -> Verdict:
        """Return what a check thinks by now."""
        ...

    async def transfer(self, key: str, account: str, hold: str, recipient: str) -> str:
        """Begin a transfer of money on hold and return its reference. Raises `TransferRefused`."""
        ...

    async def release(self, hold: str) -> None:
        """Let money on hold leave the account."""
        ...

    async def cancel(self, hold: str) -> None:
        """Let money on hold be available again."""
        ...


@attrs.frozen
class World:
    """Says what will happen to one account of a simulated bank.

    `verdicts` are what each check says when it is asked for the first time, the second time and so on; the last
    one stays. `outages` is how many transfers fail before the bank answers, `refusal` why it then refuses.
    """

    balance: Decimal
    verdicts: Mapping[str, tuple[Verdict, ...]] = attrs.field(factory=dict[str, tuple[Verdict, ...]])
    outages: int = 0
    refusal: str = ""


class SimulatedBank:
    """Is a bank in memory, in a world that is known beforehand. `on_hold` has account and money of each hold."""

    def __init__(self, worlds: Mapping[str, World]) -> None:
        self._worlds = worlds
        self.balances = {account: world.balance for account, world in worlds.items()}
        self.on_hold: dict[str, tuple[str, Decimal]] = {}
        self._holds: dict[str, bool] = {}
        self._verdicts: dict[tuple[str, str], Verdict] = {}
        self._asked: dict[tuple[str, str], int] = {}
        self._calls: dict[str, int] = {}

    async def fee(self, amount: Decimal) -> Decimal:
        """Return one percent."""
        return (amount / 100).quantize(Decimal("0.01"))

    async def available(self, account: str) -> Decimal:
        """Return the balance less what is on hold."""
        return self.balances[account] - sum(money for owner, money in self.on_hold.values() if owner == account)

    async def hold(self, key: str, account: str, total: Decimal) -> bool:
        """Put money on hold, once for each key."""
        if key not in self._holds:
            self._holds[key] = await self.available(account) >= total
            if self._holds[key]:
                self.on_hold[key] = (account, total)
        return self._holds[key]

    async def ask(self, key: str, account: str, check: str) -> Verdict:
        """Return the next verdict, or the one that was given under this key."""
        if (key, check) not in self._verdicts:
            verdicts = self._worlds[account].verdicts.get(check, (Verdict.APPROVED,))
            asked = self._asked.get((account, check), 0)
            self._asked[account, check] = asked + 1
            self._verdicts[key, check] = verdicts[min(asked, len(verdicts) - 1)]
        return self._verdicts[key, check]

    async def transfer(self, key: str, account: str, hold: str, recipient: str) -> str:
        """Accept a transfer, of whatever is on hold, once all outages are over, unless it is to be refused."""
        world = self._worlds[account]
        del hold
        calls = self._calls[key] = self._calls.get(key, 0) + 1
        if calls <= world.outages:
            raise BankUnavailable(f"outage {calls} of {world.outages}")
        if world.refusal:
            raise TransferRefused(world.refusal)
        return f"transfer to {recipient}"

    async def release(self, hold: str) -> None:
        """Take the money off the balance, once."""
        if hold in self.on_hold:
            account, money = self.on_hold.pop(hold)
            self.balances[account] -= money

    async def cancel(self, hold: str) -> None:
        """Forget the hold."""
        self.on_hold.pop(hold, None)
