"""Is a region an ordinary value?"""

from __future__ import annotations

from wio import Region


def test_a_region_is_a_value() -> None:
    assert Region("order", result=str) == Region("order", result=str)
    assert Region("order", result=str) != Region("order", result=int)
    assert Region("order", result=str) != Region("other", result=str)
    assert repr(Region("order", result=str)) == "Region('order')"
    assert {Region("order", result=str): 1}[Region("order", result=str)] == 1
