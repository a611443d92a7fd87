"""What do a saga and its undos consist of?"""

from __future__ import annotations

from wio import Done, pure, run_io, saga, undoable
from wio.nodes import Saga, Undoable

a = run_io(abs, name="a")


def release(done: Done[int, int]) -> None:
    del done


undo = run_io(release)


def test_each_is_the_node_of_its_parts() -> None:
    assert undoable(a, undo) == Undoable(a, undo)
    assert saga(undoable(a, undo), name="trip", description="Books.") == Saga(
        Undoable(a, undo), name="trip", description="Books."
    )


def test_an_undo_is_part_of_what_it_undoes() -> None:
    assert undoable(a, undo) != undoable(a, pure(None))
    assert undoable(a, undo) != a


def test_what_is_done_is_a_value() -> None:
    assert Done(1, 2) == Done(input=1, output=2) != Done(2, 1)
