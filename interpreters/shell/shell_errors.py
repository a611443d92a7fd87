"""What can be wrong with the arguments of a command? One class for each cause."""

from __future__ import annotations

from wio.errors import WioError


class WrongTarget(WioError):
    """Says that MODULE:NAME leads to no workflow."""


class WrongJournal(WioError):
    """Says that a URL leads to no journal."""


class WrongInput(WioError):
    """Says that an input or a request is not the JSON that the workflow takes."""


class UnknownName(WioError):
    """Says that a workflow has no signal or query of a name."""


class WrongOutput(WioError):
    """Says that a file cannot be written, or that its name tells no format."""


class Paused(WioError):
    """Says that an instance is paused, and which command lets it go on."""
