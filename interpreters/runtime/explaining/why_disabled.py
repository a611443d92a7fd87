"""Which workflow has to be enabled before a paused step can go on? The error that was recorded of it says so.

That is all that is known where the step's workflow is not; and what is disabled by now does not matter, since the step
was refused then.
"""

from __future__ import annotations

import re

import attrs

from journals.errors import WorkflowDisabled

_REFUSED = re.compile(rf"{WorkflowDisabled.__name__}: Workflow (['\"])(.+?)\1(?: version (\d+))? is disabled")


@attrs.frozen
class ToEnable:
    """Is a workflow that was disabled, in all versions where `version` is None."""

    workflow: str
    version: int | None


def to_enable(words: str) -> ToEnable | None:
    """Return which workflow was disabled, by the words of a record or a problem; None where they say no such thing.

    >>> to_enable("paused at pack: WorkflowDisabled: Workflow 'parcel' version 2 is disabled since ...")
    ToEnable(workflow='parcel', version=2)
    >>> to_enable("paused at pack: OSError: no route")
    """
    found = _REFUSED.search(words)
    return None if found is None else ToEnable(found[2], int(found[3]) if found[3] else None)
