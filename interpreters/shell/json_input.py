"""How does JSON from a file, a pipe or the command line become what a workflow takes?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import attrs
import msgspec

from interpreters.shell.shell_errors import WrongInput


def read_json(source: str, form: type[Any], what: str) -> object:
    """Return the value of type `form` in `source`: JSON text, the path of a file, or `-` for standard input.

    Raises `WrongInput`, whose message calls the value `what`.
    """
    return given(source, what).as_form(form)


@attrs.frozen
class GivenJson:
    """Is JSON that was given for `what`, whose type is not known yet."""

    text: bytes
    place: str
    what: str

    def as_form(self, form: type[Any]) -> object:
        """Return the value of a type. Raises `WrongInput`."""
        try:
            return msgspec.json.decode(self.text, type=form)
        except msgspec.DecodeError as error:
            raise WrongInput(f"{self.what}{self.place} is not {_named(form)}: {error}.") from error
        except TypeError as error:
            raise WrongInput(f"{self.what} cannot be read from JSON as {_named(form)}: {error}.") from error


def given(source: str, what: str) -> GivenJson:
    """Return what is in `source`; see `read_json`."""
    if source == "-":
        return GivenJson(sys.stdin.buffer.read(), " on standard input", what)
    if _is_json(source):
        return GivenJson(source.encode(), "", what)
    try:
        return GivenJson(Path(source).read_bytes(), f" in {source}", what)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise WrongInput(f"{what}: {source[:100]!r} is neither JSON nor a file that can be read ({reason}).") from error


def _is_json(source: str) -> bool:
    try:
        msgspec.json.decode(source.encode("utf-8", "surrogateescape"))
    except msgspec.DecodeError:
        return False
    return True


def _named(form: object) -> str:
    """Return a type with its article.

    >>> _named(int), _named(str)
    ('an int', 'a str')
    """
    name = form.__name__ if isinstance(form, type) else str(form)
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
