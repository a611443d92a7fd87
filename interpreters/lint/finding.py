"""What does a rule say? What it found, where, and how bad that is."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from wio.workflow import Workflow


class Level(enum.Enum):
    """Says how bad a finding is, the worst first. The value is the word that people read.

    `ERROR`: some run cannot succeed. `WARNING`: something is unfinished, or will hurt later. `INFO`: good to know.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "note"


@attrs.frozen
class Finding:
    """Is what a rule found at an address, "" for the workflow as a whole. `[*]` in it stands for every round."""

    level: Level
    rule: str
    address: str
    message: str


Rule: TypeAlias = Callable[[Workflow[Any, Any, Any]], tuple[Finding, ...]]
