"""Which workflows does a runtime need to go on with an instance? Its own, and those that may be started as children.

A child that is written in its parent is known with it. One that only a continuation makes is not: it may be any other
workflow of the module.
"""

from __future__ import annotations

from interpreters.lint import problems
from interpreters.machine.questions import drafts, with_children
from interpreters.shell.targets import AnyWorkflow, Target


def with_companions(target: Target) -> tuple[AnyWorkflow, ...]:
    """Return the versions of a workflow, and all others of its module that it could start.

    Left out are those that cannot run, or are something else under a name and version that is taken; and those that
    have the workflow as a child themselves: a command does not go on with the parent of its instance.
    """
    own = target.versions()
    known = {_key(workflow): workflow for workflow in with_children(own)}
    others: list[AnyWorkflow] = []
    for workflow in target.others():
        family = with_children([workflow])
        known_then = {_key(one): one for one in family} | known
        if all(_fits(one, known_then) and one not in own for one in family):
            known = known_then
            others.append(workflow)
    return (*own, *others)


def _key(workflow: AnyWorkflow) -> tuple[str, int]:
    return workflow.name, workflow.version


def _fits(workflow: AnyWorkflow, known: dict[tuple[str, int], AnyWorkflow]) -> bool:
    return known[_key(workflow)] == workflow and not drafts(workflow) and not problems(workflow)
