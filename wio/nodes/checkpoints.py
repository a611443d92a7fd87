"""What lets a workflow change while instances of it run? Results that stand for the steps behind them."""

from __future__ import annotations

from typing import Any

import attrs

from wio.names import valid_name
from wio.nodes.program import WIO, AnyNode, Function, is_program
from wio.validators import is_function, is_text, is_type


@attrs.frozen(eq=False, repr=False)
class Checkpoint(AnyNode):
    """Runs `base` and records its output, as a `result`, which then stands for all that was recorded inside."""

    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    result: Any = attrs.field(validator=is_type)
    name: str = attrs.field(default="checkpoint", kw_only=True, validator=valid_name("a checkpoint"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


@attrs.frozen(eq=False, repr=False)
class Recovered(AnyNode):
    """Folds the event that an older version recorded at this place; without one it passes its input on."""

    event: Any = attrs.field(validator=is_type)
    handler: Function = attrs.field(validator=is_function)
    name: str = attrs.field(kw_only=True, validator=valid_name("a step"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)
