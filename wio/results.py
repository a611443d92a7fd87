"""How does a pure function say that a part ends well, or with an error? By a `Result`, seen without its `Any`s.

In `returns` a `Success[B]` is a `Result[B, Any]`, and a `Failure[E]` a `Result[Any, E]`. Taken as a `Result` they would
let anything pass as the error, or as the output. By their methods both checkers see `Never` there.
"""

from __future__ import annotations

from typing import Any, Protocol

from returns.result import Result

from wio.nodes import Err, Out


class ResultLike(Protocol[Out, Err]):
    """Is a `Result[Out, Err]`; a `Success[Out]`, which has no error; or a `Failure[Err]`, which has no output."""

    def unwrap(self) -> Out: ...

    def failure(self) -> Err: ...

    # Keeps out the other containers: a `Maybe` does not swap, and an `IOResult` swaps into another one.
    def swap(self) -> Result[Any, Any]: ...


class AnyResult:
    """Is no result of any function: its overload is for mypy, which describes the first one when none fits."""
