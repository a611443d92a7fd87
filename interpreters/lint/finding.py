"""What does a rule say? What it found, where, and how bad that is."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from wio.workflow import Workflow


class Level(enum.Enum):
    """Says how bad a finding is, the worst first. The value is the word that people read.

    `ERROR`: what is written cannot be meant, in whatever run; see `problems`. `WARNING`: something is unfinished,
    doubtful, or will hurt later. `INFO`: good to know.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "note"


@attrs.frozen
class Finding:
    """Is what a rule found at an address, "" for the workflow as a whole.

    In it `[*]` stands for every round and every element, `[+*]` for what adds elements, `[undo *]` for every undo.
    """

    level: Level
    rule: str
    address: str
    message: str


Rule: TypeAlias = Callable[[Workflow[Any, Any, Any]], tuple[Finding, ...]]
