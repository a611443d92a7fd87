"""Which workflows does a runtime know? Those it was given and their children, each by its name and version."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from interpreters.errors import DraftReached, UnknownWorkflow, UnsoundWorkflow
from interpreters.lint.finding import Finding, Level
from interpreters.lint.rules import doubts, problems
from interpreters.machine.questions import drafts, with_children
from journals.codecs import Codec, JsonCodec
from wio.errors import InvalidDefinition
from wio.workflow import Workflow

Workflows: TypeAlias = Mapping[tuple[str, int], Workflow[Any, Any, Any]]

_MOST_WARNINGS = 100
_LOG = logging.getLogger("wio.runtime")


def check_registered(workflows: Workflows, workflow: Workflow[Any, Any, Any]) -> None:
    """Raise `UnknownWorkflow` when a workflow is not one of these, or is defined otherwise there."""
    registered = registered_as(workflows, workflow.name, workflow.version)
    if registered is not workflow and registered != workflow:
        another = f"another definition of {workflow.name} version {workflow.version}"
        raise UnknownWorkflow(workflow.name, workflow.version, (another,))


def registered_as(workflows: Workflows, name: str, version: int) -> Workflow[Any, Any, Any]:
    """Return a workflow by its name and version. Raises `UnknownWorkflow`."""
    workflow = workflows.get((name, version))
    if workflow is None:
        known = tuple(f"{name} version {version}" for name, version in workflows)
        raise UnknownWorkflow(name, version, known)
    return workflow


def by_name_and_version(
    workflows: Iterable[Workflow[Any, Any, Any]], codec: Codec, *, strict: bool
) -> dict[tuple[str, int], Workflow[Any, Any, Any]]:
    """Return workflows and their children by name and version, and say in the log what is doubtful in them.

    Raises `DraftReached`, `UnsoundWorkflow`, which with `strict` doubts are enough for, and `InvalidDefinition`.
    """
    found: dict[tuple[str, int], Workflow[Any, Any, Any]] = {}
    for workflow in with_children(workflows):
        missing = drafts(workflow)
        if missing:
            raise DraftReached(f"Workflow {workflow.name!r} version {workflow.version}", missing)
        unsound = problems(workflow) or (_doubts(workflow, codec) if strict else ())
        if unsound:
            said = tuple(f"{finding.address or 'the workflow'}: {finding.message}" for finding in unsound)
            raise UnsoundWorkflow(workflow.name, workflow.version, said)
        key = (workflow.name, workflow.version)
        if key in found and found[key] != workflow:
            raise InvalidDefinition(
                f"Two workflows are called {workflow.name!r} version {workflow.version}."
                " Give the newer one the next version."
            )
        found[key] = workflow
    for workflow in found.values():
        _warn(workflow, _doubts(workflow, codec))
    return found


def _doubts(workflow: Workflow[Any, Any, Any], codec: Codec) -> tuple[Finding, ...]:
    """Return what is doubtful in a workflow; of its types only where the rules know the codec that keeps them."""
    return doubts(workflow, in_json=type(codec) is JsonCodec and not codec.names)


def _warn(workflow: Workflow[Any, Any, Any], doubtful: tuple[Finding, ...]) -> None:
    name, version = workflow.name, workflow.version
    warnings = [finding for finding in doubtful if finding.level is Level.WARNING]
    for finding in warnings[:_MOST_WARNINGS]:
        where = f", at {finding.address}" if finding.address else ""
        _LOG.warning("Workflow %s version %d%s: %s (%s)", name, version, where, finding.message, finding.rule)
    left = len(warnings) - _MOST_WARNINGS
    if left > 0:
        _LOG.warning("Workflow %s version %d: %d more warnings; lint(workflow) returns them all", name, version, left)
