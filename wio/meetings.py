"""What is a meeting? A join that is no part of the tree: it counts who arrives, from wherever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar, cast

import attrs

from wio.errors import InvalidDefinition
from wio.names import checked_name, valid_name
from wio.validators import is_type, is_whole

V = TypeVar("V")


def _pairs(needs: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    if not isinstance(cast(object, needs), Mapping):
        raise InvalidDefinition(
            f"needs={needs!r:.100} is no mapping. Give the parties, and how often each: needs={{'engine': 1}}."
        )
    return tuple(needs.items())


def _possible(meeting: object, _attribute: object, needs: tuple[tuple[str, int], ...]) -> None:
    name = getattr(meeting, "name", "")
    if not needs:
        raise InvalidDefinition(
            f"needs={{}}: the meeting {name!r} needs nobody, so it would never be held. Give it a party."
        )
    for party, count in needs:
        checked_name(party, "a party")
        if not is_whole(count) or count < 1:
            raise InvalidDefinition(
                f"needs={{{party!r}: {count!r:.100}}}: the meeting {name!r} would not need that party. Give 1 or more."
            )


@attrs.frozen(repr=False)
class Meeting(Generic[V]):
    """Names a join: who has to arrive, and how often each, and the type of what they bring.

    >>> Meeting("car", brings=str, needs={"engine": 1, "wheel": 4})
    Meeting('car')
    """

    name: str = attrs.field(validator=valid_name("a meeting"))
    brings: type[V] = attrs.field(kw_only=True, validator=is_type)
    needs: tuple[tuple[str, int], ...] = attrs.field(kw_only=True, converter=_pairs, validator=_possible)

    @property
    def parties(self) -> tuple[str, ...]:
        """Are the names of those who have to arrive."""
        return tuple(party for party, _ in self.needs)

    def __repr__(self) -> str:
        return f"Meeting({self.name!r})"
