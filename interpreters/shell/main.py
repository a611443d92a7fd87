"""What does the command `wio` do first? It looks whether its extra is installed; nothing else is imported here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from interpreters.shell.exit_codes import USAGE_ERROR

_OF_THE_EXTRA = frozenset({"cyclopts", "rich"})


def main(words: Sequence[str] | None = None) -> int:
    """Run one command, by default that of `sys.argv`, and return its exit code."""
    try:
        app = import_module("interpreters.shell.app")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _OF_THE_EXTRA:
            raise
        print("wio: the command line needs its extra. Run: pip install 'wio[cli]'", file=sys.stderr)
        return USAGE_ERROR
    return int(app.run(sys.argv[1:] if words is None else words))


if __name__ == "__main__":
    sys.exit(main())
