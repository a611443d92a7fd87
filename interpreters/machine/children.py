"""What becomes of a child when its step has been left? What is still to be done for it is a thread of its own.

Such a thread belongs to no joint, and runs nothing. It only keeps the instance from ending before its time.
"""

from __future__ import annotations

import attrs

from interpreters.machine.addresses import Scope, arm_scope
from interpreters.machine.execution import Active, Bond, ChildLink, Home
from interpreters.machine.moving import Moving
from wio.nodes import ParentClose, RunChild


def withdraw_child(moving: Moving, active: Active) -> None:
    """Let go of the child of a step that is withdrawn, as its policy says."""
    node, link = active.node, active.standing
    if not isinstance(node, RunChild) or not isinstance(link, ChildLink):
        return
    match node.on_close:
        case ParentClose.CANCEL:
            _see_to(moving, active, attrs.evolve(link, bond=Bond.CANCEL))
        case ParentClose.ABANDON:
            _see_to(moving, active, attrs.evolve(link, bond=Bond.RELEASE))
        case ParentClose.WAIT:
            _see_to(moving, active, attrs.evolve(link, bond=Bond.WATCH))


def leave_child(moving: Moving, active: Active, node: RunChild, link: ChildLink) -> None:
    """Let a step that does not wait leave its child behind, which has begun."""
    if node.on_close is not ParentClose.ABANDON:
        _see_to(moving, active, attrs.evolve(link, bond=Bond.WATCH))


def close_child(moving: Moving, active: Active) -> None:
    """End the thread that has seen to a child."""
    moving.drop(active.home.prefix)
    moving.share(children=moving.shared.children - 1)


def _see_to(moving: Moving, active: Active, link: ChildLink) -> None:
    scope = _scope(link.step)
    home = Home(scope.prefix, None, "")
    moving.put(Active(active.node, left_address(link.step), None, Scope(scope.prefix), None, home, link))
    moving.share(children=moving.shared.children + 1)


def left_address(step: str) -> str:
    """Return the address at which a child is seen to whose step has been left.

    >>> left_address("orders[7]/shipping")
    'orders[7]/shipping[child]/left'
    """
    return f"{_scope(step).prefix}left"


def step_of(address: str) -> str:
    """Return the address of the step that has started the child which is seen to at an address; else the address.

    >>> step_of("orders[7]/shipping[child]/left"), step_of("orders[7]/shipping")
    ('orders[7]/shipping', 'orders[7]/shipping')
    """
    return address.removesuffix(_SUFFIX)


def _scope(step: str) -> Scope:
    return arm_scope(step, "child")


_SUFFIX = "[child]/left"
