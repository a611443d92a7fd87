"""Right programs in the point-free style of `returns`, whose `flow` only mypy's plugin can type."""

from __future__ import annotations

from returns.pipeline import flow
from returns.pointfree import alt, bind, lash, map_

from tests.typing import shop
from tests.typing.shop import Declined, Order, OutOfStock
from wio import WIO, compute, pure, run_io

reserved = run_io(shop.reserve, shop.in_stock)


def declined(error: OutOfStock) -> Declined:
    return Declined(str(error.number))


def instead(error: OutOfStock) -> WIO[Order, Declined, int]:
    return compute(shop.number_in) >> pure(error.number)


mapped: WIO[Order, OutOfStock, str] = flow(reserved, map_(shop.order_again), map_(str))
bound: WIO[Order, OutOfStock | Declined, str] = flow(reserved, bind(shop.out_or_declined), map_(shop.text_of))
changed: WIO[Order, Declined, shop.Reserved] = flow(reserved, alt(declined))
rescued: WIO[Order, Declined, int] = flow(reserved, map_(shop.reserved_number), lash(instead))
