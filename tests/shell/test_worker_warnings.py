"""Does the view of a worker count errors, and give one line to what happens again and again?"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from interpreters import Runtime
from interpreters.shell.worker_telling import Figures, LiveView, warnings_told
from interpreters.shell.worker_warnings import Warnings
from journals.memory import InMemoryJournal
from tests.runtime.running import Effect, run, workflow
from wio import Fixed, Retry, run_io

FIGURES = Figures(1, 2, 3.0, timedelta(0))


def shown(view: LiveView) -> dict[str, str]:
    return {title: words for title, words in view.rows(FIGURES) if title}


def test_errors_are_counted_since_the_start_and_lately() -> None:
    seconds = [0.0]
    warnings = Warnings(lambda: seconds[0])
    assert warnings.errors() == (0, 0)
    for at in (0.0, 0.5, 30.0):
        seconds[0] = at
        warnings.note("it failed", about=("a", "pay"), is_error=True)
    warnings.note("doubtful", about=("", "x"), is_error=False)
    assert warnings.errors() == (3, 3)
    seconds[0] = 61.0
    assert warnings.errors() == (3, 1)
    seconds[0] = 95.0
    assert warnings.errors() == (3, 0)


def test_what_happens_again_at_a_place_is_one_line_and_the_last_one() -> None:
    warnings = Warnings()
    for number in range(1, 4):
        warnings.note(f"pay, {number}", about=("a", "pay"), is_error=True)
        warnings.note(f"ship {number}", about=("a", "ship"), is_error=True)
    warnings.note("pay of b", about=("b", "pay"), is_error=True)
    warnings.note("pay, 4", about=("a", "pay"), is_error=True)
    assert [line.partition("  ")[2] for line in warnings.lines()] == [
        "ship 3 (3 times)",
        "pay of b",
        "pay, 4 (4 times)",
    ]
    for number in range(9):
        warnings.note(f"{number}", about=(f"{number}", "s"), is_error=True)
    assert [line.partition("  ")[2] for line in warnings.lines()] == ["4", "5", "6", "7", "8"]


def test_a_step_that_fails_again_and_again_fills_one_line_of_the_view() -> None:
    view = LiveView()
    flow = workflow(
        run_io(Effect(OSError("down")), name="pay", event=int, retry=Retry(attempts=9, backoff=Fixed(timedelta(0))))
    )

    async def main() -> None:
        async with Runtime(InMemoryJournal(), [flow]) as runtime:
            await runtime.start(flow, id="a", input=7)
            await runtime.idle()

    with warnings_told(view):
        run(main())
        for seconds in (0.5, 1.0):
            logging.getLogger("wio.runtime").warning("Could not claim. Trying again in %.1f s.", seconds)
    assert shown(view)["errors"] == "9 since the start, 9 in the last minute"
    *_, first, second = view.rows(FIGURES)
    assert first[0] == "warnings"
    assert first[1].endswith("Instance a: attempt 9 of pay: OSError('down') (9 times)")
    assert second[1].endswith("  Could not claim. Trying again in 1.0 s. (2 times)")


def test_lines_for_programs_say_which_instance_and_where() -> None:
    told: list[dict[str, Any]] = []

    class Told(LiveView):
        def tell(self, event: str, **facts: object) -> None:
            told.append({"event": event, **facts})

    with warnings_told(Told()):
        logging.getLogger("wio.runtime").warning("it failed", extra={"instance": "a", "address": "pay"})
        logging.getLogger("wio.runtime").warning("doubtful")
    assert [(each.get("instance"), each.get("address")) for each in told] == [("a", "pay"), (None, None)]
