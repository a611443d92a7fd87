"""Which names are public, and what is each for? `python -m docs.reference` writes `reference.md` from docstrings."""

from __future__ import annotations

import enum
import inspect
import re
import types
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, TypeVar, cast

from docs.snippets import ROOT
from wio.errors import WioError

PAGE = ROOT / "docs" / "reference.md"

MODULES = {
    "wio": "Values: what a workflow is built from.",
    "interpreters": "What can be done with a workflow.",
    "interpreters.render": "Pictures.",
    "interpreters.testing": "Tests in virtual time.",
    "interpreters.machine.pending": "What an execution waits for: to drive the machine by hand.",
    "interpreters.machine.recording": "What has happened, as an entry: to drive the machine by hand.",
    "interpreters.machine.turn": "What is committed together.",
    "interpreters.lint": "Rules that look at the value alone.",
    "journals": "Where instances are kept.",
    "journals.postgres": "The adapter that needs the extra `wio[postgres]`.",
    "journals.faulty": "Faults for tests: what goes wrong at which call of a journal.",
    "journals.contract": "The suite that every adapter passes.",
}
"""Has, by the name of each module that is meant for users, what it is for."""

CONSTANTS = {
    ("wio", "AttributeValue"): "Is what an attribute may be: a text, a number, a bool, an aware time, or None.",
    ("interpreters", "Pending"): "Is the closed union of what an execution waits for.",
    ("interpreters.lint", "RULES"): "Are all rules, in the order in which `lint` asks them.",
    ("interpreters.testing", "START"): "Is the time at which a virtual clock starts unless it is told another.",
    ("journals.faulty", "CALLS"): "Are the methods that have points, those of the journal first.",
    ("journals.faulty", "Action"): "Is the closed union of what may happen at a point.",
    ("journals.faulty", "POINTS"): "Are all points. `BEFORE_COMMIT`, `AFTER_COMMIT` and others have names.",
    ("journals.contract", "LAWS"): "Are all laws; each one is independent of the others.",
}
"""Says what each public constant is: a constant has no docstring that Python could ask for."""

_HEAD = """# Reference

Every public name, by module, with the first sentence of its docstring. `help(name)` shows the rest. A method is shown
as it is called: with `await` where it has to be awaited, and `=` behind what may be left out. What `Runtime` and
`Client` have in common stands under `Oversight` and `Following`. This page is written by `python -m docs.reference`.
"""


def public_names(module: str) -> tuple[str, ...]:
    """Return the public names of a module: its `__all__`, or else what it defines itself."""
    found = import_module(module)
    names = getattr(found, "__all__", None)
    if names is not None:
        return tuple(cast("list[str]", names))
    constants = {name for of, name in CONSTANTS if of == module}
    own = {name for name, value in vars(found).items() if getattr(value, "__module__", "") == module}
    typed = {name for name in own if isinstance(getattr(found, name), TypeVar)}
    return tuple(sorted(constants | {name for name in own - typed if not name.startswith("_")}))


def page() -> str:
    """Return the text of the reference."""
    return _HEAD + "".join(_section(module, purpose) for module, purpose in MODULES.items())


def _section(module: str, purpose: str) -> str:
    rows = "".join(f"| `{label}` | {said} |\n" for name in public_names(module) for label, said in _rows(module, name))
    return f"\n## {module}\n\n{purpose}\n\n| | |\n| --- | --- |\n{rows}"


def _rows(module: str, name: str) -> Iterator[tuple[str, str]]:
    value = getattr(import_module(module), name)
    if (module, name) in CONSTANTS:
        yield name, CONSTANTS[module, name]
        return
    yield name if _is_not_built(value) else _call(name, value), _sentence(value)
    if isinstance(value, type) and not issubclass(value, WioError):
        for method, function in _methods(cast("type[Any]", value)):
            yield _awaiting(function) + _call(f"{name}.{method}", function), _sentence(function)


def _is_not_built(value: Any) -> bool:
    """Tell whether a name is a class that users do not build: an error, a protocol, an enumeration."""
    if not isinstance(value, type):
        return False
    kind = cast("type[Any]", value)
    only_named = inspect.isabstract(kind) or getattr(kind, "_is_protocol", False)
    return only_named or issubclass(kind, BaseException | enum.Enum)


def _methods(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    for name, value in vars(kind).items():
        function: Any = getattr(value, "__func__", value)
        if isinstance(function, types.FunctionType) and not name.startswith("_") and function.__doc__:
            yield name, function


def _awaiting(function: Callable[..., Any]) -> str:
    """Return the words in front of a call that waits."""
    if inspect.isasyncgenfunction(function):
        return "async for ... in "
    return "await " if inspect.iscoroutinefunction(function) else ""


def _call(name: str, function: Callable[..., Any]) -> str:
    """Return how a function is called: its parameters, with `=` after those that have a default."""
    parameters: list[str] = []
    keyword_only = False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            parameters.append("*")
        star = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
        parameters.append(star + parameter.name + ("" if parameter.default is parameter.empty else "="))
    return f"{name}({', '.join(parameters)})"


def _sentence(value: Any) -> str:
    """Return the first sentence of a docstring, as one line that a table can hold."""
    first = re.split(r"(?<=[.?])\s|\n\n", inspect.getdoc(value) or "", maxsplit=1)[0]
    return " ".join(first.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
