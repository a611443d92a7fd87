"""How is an error told in one line?"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Generator

from interpreters.errors import InstancePaused, JournalMismatch
from interpreters.shell.shell_errors import Paused
from journals.errors import Conflict
from wio.errors import WioError


def complaint(error: Exception) -> str:
    """Return the message of an error of wio, which says all; of any other error the class too."""
    match error:
        case Conflict():
            after = "" if error.expected is None else f" after entry {error.expected}"
            return (
                f"Another process runs instance {error.instance_id!r}. What was done here{after}"
                f" was not stored. See: wio history --id {shlex.quote(error.instance_id)}"
            )
        case InstancePaused():
            if error.since is not None:
                return one_line(str(error))
            at = f" at {error.address}" if error.address else ""
            return f"{error.instance_id} is paused{at}: {one_line(error.problem).rstrip('.')}."
        case WioError():
            return one_line(str(error))
        case _:
            return f"{type(error).__name__}: {one_line(str(error))}"


@contextlib.contextmanager
def resume_told(target: str) -> Generator[None]:
    """Add to the error of a paused instance the command by which it goes on."""
    try:
        yield
    except InstancePaused as error:
        told = complaint(error)
        if error.since is not None:
            # It ends in "Resume the instance."
            raise Paused(f"{told.removesuffix('.')}: {_resume(target, error.instance_id)}") from error
        raise Paused(f"{told} {resume_words(target, error.instance_id, error.problem)}") from error


def resume_words(target: str, instance_id: str, problem: str) -> str:
    """Return how a paused instance goes on. What to mend first is said in the problem, if it is one of wio's."""
    if problem.startswith(("paused by ", "paused since ")):
        return f"It goes on with: {_resume(target, instance_id)}"
    first = "Do one of the two" if problem.startswith(JournalMismatch.__name__) else "Mend the cause"
    return f"Nothing is lost. {first}, then: {_resume(target, instance_id)}"


def _resume(target: str, instance_id: str) -> str:
    return f"wio resume {shlex.quote(target)} --id {shlex.quote(instance_id)}"


def one_line(text: str) -> str:
    """Return a text without line breaks.

    >>> one_line("two \\n  lines")
    'two lines'
    """
    return " ".join(text.split())
