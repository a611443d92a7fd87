"""What may be a name, and which name does a function give to its step?"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from wio.errors import InvalidDefinition, InvalidName

_STRUCTURAL = frozenset("/#[]:!")
_MOST_CHARACTERS = 100
_MOST_CHARACTERS_OF_TOPIC = 200


def checked_name(name: str, of: str) -> str:
    """Return the name unchanged. Raises `InvalidName` when an address could not hold it."""
    if not isinstance(cast(object, name), str):
        raise InvalidDefinition(f"{name!r:.100} is no name. Give a text for the name of {of}.")
    fits = 0 < len(name) <= _MOST_CHARACTERS and name.isprintable() and name == name.strip()
    if not fits or not _STRUCTURAL.isdisjoint(name):
        raise InvalidName(name, of)
    return name


def valid_name(of: str) -> Callable[[object, object, str], None]:
    """Return an attrs validator that refuses what `checked_name` refuses."""

    def validate(_instance: object, _attribute: object, name: str) -> None:
        checked_name(name, of)

    return validate


def valid_name_or_none(of: str) -> Callable[[object, object, str], None]:
    """Return an attrs validator that refuses what `checked_name` refuses, but for an empty text, which is no name."""

    def validate(_instance: object, _attribute: object, name: str) -> None:
        if name != "":
            checked_name(name, of)

    return validate


def valid_topic(_instance: object, _attribute: object, topic: str) -> None:
    """Refuse, as an attrs validator, what no topic can be. Brokers allow in it what no address does."""
    if not isinstance(cast(object, topic), str) or not topic.strip() or len(topic) > _MOST_CHARACTERS_OF_TOPIC:
        raise InvalidDefinition(
            f"{topic!r:.100} is no topic. Give a text of 1 to {_MOST_CHARACTERS_OF_TOPIC} printable characters."
        )
    if not topic.isprintable():
        raise InvalidDefinition(f"{topic!r:.100} has characters that cannot be printed. Give another topic.")


def name_or(name: str, default: str) -> str:
    """Return the name as it was given, or the default in the place of an empty one."""
    return default if name == "" else name


def name_of(function: Callable[..., object], fallback: str) -> str:
    """Return the function's own name, or the fallback where it has none (a lambda, a partial).

    >>> name_of(len, "step"), name_of(lambda: 0, "step")
    ('len', 'step')
    """
    name = getattr(function, "__name__", fallback)
    return fallback if name == "<lambda>" else str(name)
