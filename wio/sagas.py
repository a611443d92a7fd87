"""What is undone when a part of a workflow fails or is cancelled?"""

from __future__ import annotations

from typing import Never, TypeVar

from wio.nodes import WIO, Done, Saga, Undoable

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
E = TypeVar("E")


def undoable(action: WIO[A, E, B], undo: WIO[Done[A, B], Never, C]) -> WIO[A, E, B]:
    """Return `action` with the program that undoes it, for the saga around it. An action that failed is not undone.

    An undo that fails all the same pauses the instance, and begins again after a resume; see `saga`.
    """
    return Undoable(action, undo)


def saga(body: WIO[A, E, B], *, name: str = "saga", description: str = "") -> WIO[A, E, B]:
    """Return the program that runs `body` and, when it fails or is cancelled, undoes what was done in it.

    The undos run one after another, the latest action first, those of parallel branches too; then it ends as the body
    did. A saga that ends well hands its list to the saga around it, as one entry. While an undo has failed, the
    instance is paused: no handler takes its error, and the rest of the list waits for the resume.
    """
    return Saga(body, name=name, description=description)
