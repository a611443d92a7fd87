"""How does a payload of an older version become one of the current version? Step by step, as plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from wio.errors import InvalidDefinition

PlainJson: TypeAlias = Any
"""Is null, a bool, an int, a finite float, text, or a list or a dict with text keys of these."""

Upgrade: TypeAlias = Callable[[PlainJson], PlainJson]


@attrs.frozen
class Upcaster:
    """Turns what was stored for one version of a type into what the next version would have stored.

    `type` is the class, or its stored name. `upgrade` is a pure function from plain JSON to plain JSON.
    The version of a type is one more than the number of its upcasters.
    """

    type: type[Any] | str
    from_version: int
    upgrade: Upgrade


def upgrades_by_name(
    upcasters: Iterable[Upcaster], name_of: Callable[[type[Any] | str], str]
) -> Mapping[str, tuple[Upgrade, ...]]:
    """Return for each stored name its upgrades, from version 1 on.

    Raises `InvalidDefinition` when two start from one version, or when one is missing.
    """
    grouped: dict[str, list[Upcaster]] = {}
    for upcaster in upcasters:
        grouped.setdefault(name_of(upcaster.type), []).append(upcaster)
    return {name: _in_order(name, of_name) for name, of_name in grouped.items()}


def _in_order(name: str, upcasters: list[Upcaster]) -> tuple[Upgrade, ...]:
    ordered = sorted(upcasters, key=lambda upcaster: upcaster.from_version)
    versions = [upcaster.from_version for upcaster in ordered]
    if versions != list(range(1, len(versions) + 1)):
        raise InvalidDefinition(
            f"The upcasters of {name!r} start from the versions {versions}. They must start from 1, 2, 3 and so on,"
            " each once, so that the oldest payload can be brought up to date. Add or remove one."
        )
    return tuple(upcaster.upgrade for upcaster in ordered)
