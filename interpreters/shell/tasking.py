"""The commands `wio claim`, `complete` and their kin: how is it said what has become of a task?

Each records one thing by a call of `Instance`, and goes on with the instance. What a task takes as its answer is known
only when it is offered, so that the JSON of an answer is read first and understood later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter

from interpreters.runtime.runtime import Runtime
from interpreters.shell import options
from interpreters.shell.complaints import resume_told
from interpreters.shell.exit_codes import DONE
from interpreters.shell.going_on import AnyInstance, go_on
from interpreters.shell.json_input import GivenJson, given, read_json
from interpreters.shell.settling import settle
from interpreters.shell.targets import load
from wio.tasks import Task

AnyTask: TypeAlias = Task[Any, Any, Any]


def claim(
    workflow: options.WorkflowName, /, *, going: options.Going, at: options.TaskAddress, by: options.Worker
) -> int:
    """Take a task upon oneself; a repeat by the same one does nothing."""
    return _tell(workflow, going, lambda instance: instance.claim(at, by=by))


def start_task(
    workflow: options.WorkflowName, /, *, going: options.Going, at: options.TaskAddress, by: options.Worker
) -> int:
    """Record that the work on a claimed task has begun."""
    return _tell(workflow, going, lambda instance: instance.start_task(at, by=by))


def heartbeat(
    workflow: options.WorkflowName,
    /,
    *,
    going: options.Going,
    at: options.TaskAddress,
    by: options.Worker,
    note: Annotated[str, Parameter(help="How far the work is; it is recorded.")] = "",
) -> int:
    """Record a sign of life of who works on a claimed task."""
    return _tell(workflow, going, lambda instance: instance.heartbeat(at, by=by, note=note))


def release(
    workflow: options.WorkflowName,
    /,
    *,
    going: options.Going,
    at: options.TaskAddress,
    by: options.Worker,
    reason: options.Reason = "",
) -> int:
    """Give a claimed task back, to be offered again."""
    return _tell(workflow, going, lambda instance: instance.release(at, by=by, reason=reason))


def delegate(
    workflow: options.WorkflowName,
    /,
    *,
    going: options.Going,
    at: options.TaskAddress,
    to: Annotated[options.JsonSource, Parameter(help="To whom, as JSON: a file, - for standard input, or the text.")],
    by: options.Decider = "",
    reason: options.Reason = "",
) -> int:
    """Offer a task to somebody else; who had claimed it has it no more."""
    whom = read_json(to, object, "--to")
    return _tell(workflow, going, lambda instance: instance.delegate(at, to=whom, by=by, reason=reason))


def complete(
    workflow: options.WorkflowName,
    /,
    *,
    going: options.Going,
    at: options.TaskAddress,
    by: options.Worker,
    output: options.JsonSource,
    key: options.AnswerKey = None,
) -> int:
    """Answer a claimed task with its output, and go on with the instance until it ends or only waits."""
    answer = given(output, "--output")

    async def tell(instance: AnyInstance) -> None:
        await instance.complete(at, await _typed(instance, at, answer, _output), by=by, key=key)

    return _tell(workflow, going, tell)


def fail_task(
    workflow: options.WorkflowName,
    /,
    *,
    going: options.Going,
    at: options.TaskAddress,
    by: options.Worker,
    error: options.JsonSource,
    key: options.AnswerKey = None,
) -> int:
    """Answer a claimed task with its declared error, and go on with the instance until it ends or only waits."""
    answer = given(error, "--error")

    async def tell(instance: AnyInstance) -> None:
        await instance.fail_task(at, await _typed(instance, at, answer, _error), by=by, key=key)

    return _tell(workflow, going, tell)


def skip(
    workflow: options.WorkflowName,
    /,
    *,
    going: options.Going,
    at: options.TaskAddress,
    output: options.JsonSource,
    by: options.Decider = "",
    reason: options.Reason = "",
    key: options.AnswerKey = None,
) -> int:
    """Go on without the work, with this output instead, whether the task is claimed or not."""
    answer = given(output, "--output")

    async def tell(instance: AnyInstance) -> None:
        await instance.skip(at, await _typed(instance, at, answer, _output), by=by, reason=reason, key=key)

    return _tell(workflow, going, tell)


def _tell(workflow: str, going: options.Going, tell: Callable[[AnyInstance], Awaitable[None]]) -> int:
    """Record something of a task, and go on. What was broken off before is gone on with first."""
    target = load(workflow)

    async def begin(runtime: Runtime) -> AnyInstance:
        with resume_told(workflow):
            instance = await runtime.instance(target.workflow, going.id)
            await settle(runtime, instance, going.wait)
            await tell(instance)
            return instance

    go_on(target, going, begin)
    return DONE


async def _typed(
    instance: AnyInstance, address: str, answer: GivenJson, form: Callable[[AnyTask], type[Any] | None]
) -> object:
    """Return an answer as the task at an address declares it; as plain JSON for a task that will refuse it."""
    declared = [form(offered.task) for offered in await instance.tasks() if offered.address == address]
    return answer.as_form(declared[0] or object if declared else object)


def _output(task: AnyTask) -> type[Any]:
    return task.output


def _error(task: AnyTask) -> type[Any] | None:
    return task.error
