"""What does a wide workflow write? Its journal, printed, for one process to compare with that of another.

A map of more than eight names has the order of their hashes, so it takes wide joints to show that nothing depends on
it.
"""

from __future__ import annotations

from interpreters.machine.pending import pending
from tests.machine.driving import cancelled, play, told
from tests.machine.programs import Recipe, build, workflow_of
from wio import Rest

_UNDONE: Recipe = ("saga", ("then", ("undoable", ("pure", 1), ("task", "b")), ("tell", "a")))
_LOCKED: Recipe = ("critical", ("then", ("run", "a"), ("wait", 1)), "l")
_SCOPE: Recipe = ("scope", ("task", "a"), ("ask", "b"), (), (), ("wait", 1))
_ARMS: tuple[Recipe, ...] = (_UNDONE, _LOCKED, _SCOPE) * 5
_EACH: Recipe = ("each", _UNDONE, 12, False, 1, Rest.CANCEL, None, (), ())

WIDE: tuple[Recipe, ...] = (
    ("parallel", _ARMS, 1, Rest.CANCEL, None, True),
    ("first", *_ARMS),
    ("race", *_ARMS, ("near", _EACH)),
    ("parallel", (_EACH, ("during", ("hold", _EACH, "k"), ("task", "b"), "l"), ("hold", ("task", "a"), "l")), None,
     Rest.DRAIN, None, True),
    ("region", ("then", ("parallel", tuple(("region", arm, "s") for arm in _ARMS), 2, Rest.DRAIN, None, False),
                ("then", ("task", "b"), ("leave", "s"))), "r"),
)  # fmt: skip


def main() -> None:
    """Print the journals of some plays, each with a cancel at its end, and what is pending then."""
    for recipe in WIDE:
        for start in (3, 11, 29):
            numbers = [(start * step * 51 + step * 5 + start) % 997 for step in range(1, 25)]
            last = play(workflow_of(build(recipe)), 1, numbers)
            end = cancelled(last.last) if last.last.execution.outcome is None else last.last
            for line in told([*last.entries, *end.entries]):
                print(*line)
            print([type(each).__name__ for each in pending(end.execution)], end.touched)


if __name__ == "__main__":
    main()
