"""What do regions, locks and milestones consist of?"""

from __future__ import annotations

from wio import Region, critical, during, hold, leave, region, run_io
from wio.nodes import Critical, During, Hold, InRegion, Leave

WHOLE = Region("whole", result=int)
a = run_io(abs, name="a")
b = run_io(abs, name="b")


def test_each_is_the_node_of_its_parts() -> None:
    assert region(WHOLE, a) == InRegion(WHOLE, a)
    assert leave(WHOLE, abs) == Leave(WHOLE, abs)
    assert critical("stock", a) == Critical("stock", a)
    assert hold("open", a) == Hold("open", a)
    assert during("open", a, otherwise=b) == During("open", a, b)


def test_they_differ_by_their_names() -> None:
    assert region(WHOLE, a) != region(Region("part", result=int), a)
    assert leave(WHOLE, abs) != leave(Region("part", result=int), abs)
    assert critical("stock", a) != critical("other", a)
    assert hold("open", a) != hold("closed", a)
    assert during("open", a, b) != during("closed", a, b)
