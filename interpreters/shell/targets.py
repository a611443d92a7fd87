"""Which workflow does MODULE:NAME mean? The module is looked for in the current folder first."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import attrs

from interpreters.machine.questions import nodes_in
from interpreters.shell.shell_errors import UnknownName, WrongTarget
from journals.entries import InstanceRecord
from wio.nodes import WIO, Answer, HandleSignal
from wio.signals import Query, Signal
from wio.workflow import Workflow

AnyWorkflow: TypeAlias = Workflow[Any, Any, Any]
_ROOT = Path(__file__).parents[2]
_NOT_OF_THE_USER = (*(_ROOT / room for room in ("wio", "journals", "interpreters")), Path(importlib.__file__).parent)

N = TypeVar("N", Signal[Any, Any], Query[Any])


@attrs.frozen(eq=False)
class Target:
    """Is a workflow, and what else its module holds by name; `name` is MODULE:NAME."""

    name: str
    workflow: AnyWorkflow
    namespace: Mapping[str, object]

    def versions(self) -> tuple[AnyWorkflow, ...]:
        """Return the workflow, and the other versions of it that its module holds."""
        others = {
            value.version: value
            for value in _of_kind(self.namespace, Workflow)
            if value.name == self.workflow.name and value.version != self.workflow.version
        }
        return (self.workflow, *others.values())

    def others(self) -> tuple[AnyWorkflow, ...]:
        """Return the workflows of other names that its module holds."""
        return tuple(value for value in _of_kind(self.namespace, Workflow) if value.name != self.workflow.name)

    def version_of(self, record: InstanceRecord) -> AnyWorkflow:
        """Return the version of the workflow that an instance belongs to. Raises `WrongTarget`."""
        for workflow in self.versions():
            if (workflow.name, workflow.version) == (record.workflow, record.version):
                return workflow
        known = ", ".join(f"{workflow.name} v{workflow.version}" for workflow in self.versions())
        raise WrongTarget(
            f"Instance {record.id!r} belongs to {record.workflow} v{record.version}; the module has {known}."
            " Name the module that has this version too."
        )

    def name_of(self, record: InstanceRecord) -> str | None:
        """Return how to name the workflow of an instance, MODULE:NAME; None when the module does not hold it."""
        for name, value in self.namespace.items():
            if isinstance(value, Workflow) and (value.name, value.version) == (record.workflow, record.version):
                return f"{self.name.partition(':')[0]}:{name}"
        return None

    def signal(self, name: str) -> Signal[Any, Any]:
        """Return the signal of a name, from the workflow or, for the parts that a `flat_map` makes, its module."""
        nodes = (node for workflow in self.versions() for node in nodes_in(workflow.root))
        written = [node.signal for node in nodes if isinstance(node, HandleSignal)]
        return _named(name, "signal", [*written, *_of_kind(self.namespace, Signal)])

    def query(self, name: str) -> Query[Any]:
        """Return the query of a name, from the workflow or its module."""
        nodes = (node for workflow in self.versions() for node in nodes_in(workflow.root))
        written = [node.query for node in nodes if isinstance(node, Answer)]
        return _named(name, "query", [*written, *_of_kind(self.namespace, Query)])


def load(target: str) -> Target:
    """Return what MODULE:NAME leads to. Raises `WrongTarget`."""
    module, colon, name = target.partition(":")
    if not (colon and module and name):
        raise WrongTarget(f"{target!r} is no MODULE:NAME. Write for instance: orders:order.")
    if module.endswith(".py"):
        raise WrongTarget(f"{module} is a file, not a module. Write {_module_of(Path(module), name)}.")
    namespace = _namespace(module)
    if name not in namespace:
        raise WrongTarget(f"Module {module!r} has no {name!r}. {_workflows_in(namespace)}")
    value = namespace[name]
    if isinstance(value, Workflow):
        return Target(target, cast(Any, value), namespace)
    way_out = " Wrap it: Workflow(name, version=1, input=..., root=...)." if isinstance(value, WIO) else ""
    kind = "WIO" if isinstance(value, WIO) else type(value).__name__
    raise WrongTarget(f"{target} is a {kind}, not a Workflow.{way_out} {_workflows_in(namespace)}")


def load_object(target: str) -> object:
    """Return the object that MODULE:NAME leads to, whatever it is. Raises `WrongTarget`."""
    module, colon, name = target.partition(":")
    if not (colon and module and name):
        raise WrongTarget(f"{target!r} is no MODULE:NAME. Write for instance: orders:publisher.")
    namespace = _namespace(module)
    if name not in namespace:
        raise WrongTarget(f"Module {module!r} has no {name!r}.")
    return namespace[name]


def _module_of(file: Path, name: str) -> str:
    """Return how to name the module of a file, from the folder to stand in."""
    if file.is_absolute() or ".." in file.parts:
        return f"{file.stem}:{name}, in the folder {file.parent}"
    return f"{'.'.join(file.with_suffix('').parts)}:{name}"


def _namespace(module: str) -> Mapping[str, object]:
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return vars(import_module(module))
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise WrongTarget(
                f"There is no module {module!r}: it is neither installed nor in {folder}. Check the name,"
                " or go to the folder that holds it."
            ) from error
        raise _broken(module, error) from error
    # Importing runs code of the user.
    except Exception as error:
        raise _broken(module, error) from error


def _broken(module: str, error: Exception) -> WrongTarget:
    said = f"{type(error).__name__}: {error}".rstrip(".")
    return WrongTarget(f"Module {module!r} cannot be imported: {said}{_place(error)}. --debug shows the traceback.")


def _place(error: Exception) -> str:
    """Return the last line of the user's code that an error came from, in brackets."""
    if isinstance(error, SyntaxError):
        return ""  # its message names the place
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    inside = [frame for frame in frames if not any(map(Path(frame.filename).is_relative_to, _NOT_OF_THE_USER))]
    return f" ({inside[-1].filename}, line {inside[-1].lineno})" if inside else ""


def _workflows_in(namespace: Mapping[str, object]) -> str:
    names = sorted(name for name, value in namespace.items() if isinstance(value, Workflow))
    return f"Its workflows are: {', '.join(names)}." if names else "It has no workflow."


def _of_kind(namespace: Mapping[str, object], kind: type[Any]) -> Iterator[Any]:
    return (value for value in namespace.values() if isinstance(value, kind))


def _named(name: str, what: str, found: list[N]) -> N:
    for one in found:
        if one.name == name:
            return one
    known = sorted({str(one.name) for one in found})
    if not known:
        raise UnknownName(f"There is no {what} {name!r}: neither the workflow nor its module has any {what}.")
    are = f"they have: {', '.join(known)}"
    raise UnknownName(f"There is no {what} {name!r} in the workflow or its module; {are}.")
