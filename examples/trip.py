"""How is a trip booked with three companies that know nothing of one another?

    saga: book_flight -> book_hotel, book_car side by side -> all there? -> charge
    undo: cancel_flight    cancel_hotel, cancel_car

When something fails, the saga cancels what was booked: the latest booking first, in whichever order hotel and car
were done.

A branch that fails withdraws the others, and what they have begun may happen all the same: a hotel booked in that
moment would stay booked. Therefore no branch fails here. Each says what it got, and the failure comes after the join.

    python -m examples.trip [JOURNAL]

plays all stories of `trip.json` on a SQLite journal, `trip.db` unless it is told another. Kill it at any moment and
start it again: it goes on, with the cancellations too.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Never, TypeAlias

import attrs
import msgspec
from returns.result import Failure, Result, Success

from examples.stories import Story, ending_of, play
from interpreters import Runtime, effect_context
from interpreters.render import draw, to_text
from interpreters.tracing import progress
from journals.entries import Entry, Kind
from journals.sqlite import SqliteJournal
from wio import WIO, Caught, Done, Workflow, catch, check, compute, parallel, run_io, saga, undoable

INPUT = Path(__file__).with_name("trip.json")

# What flows through the workflow


@attrs.frozen
class Trip:
    """Is where somebody wants to go."""

    traveller: str
    to: str
    nights: int


@attrs.frozen
class Booking:
    """Is something that is booked."""

    reference: str
    price: Decimal


@attrs.frozen
class SoldOut:
    """Says which service has nothing left."""

    service: str


@attrs.frozen
class Flying:
    """Is a trip with its flight."""

    trip: Trip
    flight: Booking


@attrs.frozen
class Offered:
    """Is a trip with its flight, and what hotel and car rental have said."""

    flying: Flying
    hotel: Booking | SoldOut
    car: Booking | SoldOut


@attrs.frozen
class Itinerary:
    """Is a trip of which everything is booked, but nothing paid."""

    trip: Trip
    bookings: tuple[Booking, ...]

    @property
    def price(self) -> Decimal:
        """Is the price of all bookings."""
        return sum((booking.price for booking in self.bookings), Decimal(0))


@attrs.frozen
class Booked:
    """Is the outcome of a trip that can begin."""

    references: tuple[str, ...]
    price: Decimal


@attrs.frozen
class CardDeclined:
    """Says which price the card does not cover."""

    price: Decimal


TripError: TypeAlias = SoldOut | CardDeclined

# Events: what the journal keeps


@attrs.frozen
class BookingMade:
    """Records a booking."""

    reference: str
    price: Decimal


@attrs.frozen
class NothingLeft:
    """Records that nothing was booked."""

    service: str


@attrs.frozen
class BookingCancelled:
    """Records the end of a booking."""

    reference: str


@attrs.frozen
class CardCharged:
    """Records a payment."""

    price: Decimal


@attrs.frozen
class ChargeDeclined:
    """Records that nothing was paid."""

    price: Decimal


# The companies


@attrs.frozen
class Offer:
    """Is what a service costs, or None when it is sold out, and how long it takes to say so."""

    price: Decimal | None = None
    after_ms: int = 0


@attrs.frozen
class World:
    """Is what the companies offer one traveller, and what is on the traveller's card."""

    offers: Mapping[str, Offer]
    money: Decimal


@attrs.frozen
class Companies:
    """Is all companies of all travellers; `booked` and `paid` are what they know of each traveller."""

    worlds: Mapping[str, World]
    booked: dict[str, str] = attrs.field(factory=dict[str, str])
    paid: dict[str, Decimal] = attrs.field(factory=dict[str, Decimal])

    async def charge(self, itinerary: Itinerary) -> CardCharged | ChargeDeclined:
        """Ask for the money. A repeat changes nothing."""
        traveller = itinerary.trip.traveller
        if itinerary.price > self.worlds[traveller].money:
            return ChargeDeclined(itinerary.price)
        self.paid[traveller] = itinerary.price
        return CardCharged(itinerary.price)


@attrs.frozen
class Desk:
    """Books one kind of service. The idempotency key makes a repeated request count once."""

    companies: Companies
    service: str

    async def book(self, trip: Trip) -> BookingMade | NothingLeft:
        """Book the service for a trip."""
        offer = self.companies.worlds[trip.traveller].offers[self.service]
        await asyncio.sleep(offer.after_ms / 1000)
        if offer.price is None:
            return NothingLeft(self.service)
        reference = f"{self.service} for {trip.traveller}"
        self.companies.booked[reference] = effect_context().idempotency_key
        return BookingMade(reference, offer.price)

    async def cancel(self, done: Done[Trip, Booking]) -> BookingCancelled:
        """Cancel a booking. A repeat changes nothing."""
        self.companies.booked.pop(done.output.reference, None)
        return BookingCancelled(done.output.reference)


# Handlers: pure functions that fold an event into what flows on


def booked(_: Trip, event: BookingMade | NothingLeft) -> Result[Booking, SoldOut]:
    """Return the booking, or what is sold out."""
    match event:
        case BookingMade(reference, price):
            return Success(Booking(reference, price))
        case NothingLeft(service):
            return Failure(SoldOut(service))


def missed(caught: Caught[Trip, SoldOut]) -> SoldOut:
    """Return the failure as an answer like any other."""
    return caught.error


def trip_of(flying: Flying) -> Trip:
    """Return where it goes."""
    return flying.trip


def offered(flying: Flying, answers: tuple[Booking | SoldOut, Booking | SoldOut]) -> Offered:
    """Return the trip with what the branches ended with."""
    return Offered(flying, *answers)


def all_there(offered: Offered) -> Result[Itinerary, SoldOut]:
    """Return the bookings, or the first that is missing."""
    if isinstance(offered.hotel, SoldOut):
        return Failure(offered.hotel)
    if isinstance(offered.car, SoldOut):
        return Failure(offered.car)
    return Success(Itinerary(offered.flying.trip, (offered.flying.flight, offered.hotel, offered.car)))


def charged(itinerary: Itinerary, event: CardCharged | ChargeDeclined) -> Result[Booked, CardDeclined]:
    """Return the outcome, or what could not be paid."""
    match event:
        case CardCharged(price):
            return Success(Booked(tuple(booking.reference for booking in itinerary.bookings), price))
        case ChargeDeclined(price):
            return Failure(CardDeclined(price))


# The workflow


def book(desk: Desk) -> WIO[Trip, SoldOut, Booking]:
    """Return the booking at a desk, with what undoes it."""
    return undoable(
        run_io(desk.book, booked, name=f"book_{desk.service}"),
        run_io(desk.cancel, name=f"cancel_{desk.service}"),
    )


def try_to_book(desk: Desk) -> WIO[Trip, Never, Booking | SoldOut]:
    """Return the booking at a desk as a branch that does not fail."""
    return book(desk).handle_error(catch(SoldOut, compute(missed, name="missed")))


def trip_workflow(companies: Companies) -> Workflow[Trip, TripError, Booked]:
    """Return the workflow of trips with these companies."""
    flight = book(Desk(companies, "flight")).transform_output(Flying)
    stay = parallel(try_to_book(Desk(companies, "hotel")), try_to_book(Desk(companies, "car")), name="stay")
    stay_of_trip = stay.transform_input(trip_of).transform_output(offered)
    return Workflow(
        "trip",
        version=1,
        input=Trip,
        root=saga(flight >> stay_of_trip >> check(all_there) >> run_io(companies.charge, charged), name="trip"),
    )


trip = trip_workflow(Companies({}))
"""Is for pictures and checks, which book nothing."""

# The script


@attrs.frozen
class Book:
    """Is the input file: the world of each traveller, and the stories."""

    worlds: Mapping[str, World]
    stories: tuple[Story, ...]


def read_book(path: Path = INPUT) -> Book:
    """Return what is in a JSON file."""
    return msgspec.json.decode(path.read_bytes(), type=Book)


def steps_of(entries: Sequence[Entry]) -> list[str]:
    """Return the names of the steps that were done, in their order."""
    return [entry.address.rpartition("/")[2] for entry in entries if entry.kind is Kind.EVENT]


async def main(journal: Path) -> None:
    """Play all stories at once, print what was done in each, and the picture of the one without a car."""
    book = read_book()
    workflow = trip_workflow(Companies(book.worlds))
    async with Runtime(SqliteJournal(journal), [workflow]) as runtime:
        instances = await asyncio.gather(*(play(runtime, workflow, story, []) for story in book.stories))
        for story, instance in zip(book.stories, instances, strict=True):
            ending = ending_of(await instance.result())
            print(f"{story.id}: {' -> '.join(steps_of(await instance.history()))} -> {ending.type}")
        entries = await (await runtime.instance(workflow, "no car")).history()
    print(to_text(draw(workflow, progress=progress(workflow, entries))), end="")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "trip.db")))
