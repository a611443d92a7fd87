"""Which workflow has to be enabled before a paused step can go on? That which had refused it, if it still does.

The error that was recorded of the step says which that was. What is disabled by now is in the store.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from journals.errors import WorkflowDisabled
from journals.workflows import Disabled

_REFUSED = re.compile(rf"{WorkflowDisabled.__name__}: Workflow (['\"])(.+?)\1(?: version (\d+))? is disabled")


@attrs.frozen
class ToEnable:
    """Is a workflow that is disabled, in all versions where `version` is None."""

    workflow: str
    version: int | None


def refused_by(words: str) -> ToEnable | None:
    """Return which workflow was disabled, by the words of a record or a problem; None where they say no such thing.

    >>> refused_by("paused at pack: WorkflowDisabled: Workflow 'parcel' version 2 is disabled since ...")
    ToEnable(workflow='parcel', version=2)
    >>> refused_by("paused at pack: OSError: no route")
    """
    found = _REFUSED.search(words)
    return None if found is None else ToEnable(found[2], int(found[3]) if found[3] else None)


def to_enable(words: str, disabled: Sequence[Disabled]) -> ToEnable | None:
    """Return which workflow is to be enabled for what was refused with these words; None where nothing bars it now.

    Where all versions had been disabled, the words do not say which of them was to start: any may be it.
    """
    refused = refused_by(words)
    if refused is None:
        return None
    for each in disabled:
        is_of_it = each.version is None or refused.version in (None, each.version)
        if each.workflow == refused.workflow and is_of_it:
            return ToEnable(each.workflow, each.version)
    return None


def enabled_words(words: str, disabled: Sequence[Disabled]) -> str:
    """Return a sentence that says of what was refused with these words that it would not be any more; else nothing."""
    refused = refused_by(words)
    if refused is None or to_enable(words, disabled) is not None:
        return ""
    which = "" if refused.version is None else f" version {refused.version}"
    return f" By now workflow {refused.workflow!r}{which} is enabled."
