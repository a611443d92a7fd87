"""How does a workflow tell the world what has happened? It publishes messages, stored in the commit of where it stands.

Who receives them is for the runtime to say: `Runtime(..., publisher=...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Never, TypeVar

from wio.names import name_of, name_or
from wio.nodes import WIO, Publish
from wio.steps import EventType

A = TypeVar("A")


def publish(
    topic: str, message: Callable[[A], object], *, name: str = "", description: str = "", event: EventType = None
) -> WIO[A, Never, A]:
    """Return the step that publishes under a topic what a pure function makes of the value, which passes unchanged.

    The message is recorded, and goes into the outbox in the same commit; a publisher gets it from there, at least once
    and in order. `event` is the type of the message, where the annotation of the function does not tell it.

    >>> publish("orders.placed", str)
    <WIO str>
    """
    return Publish(topic, message, form=event, name=name_or(name, name_of(message, "publish")), description=description)
