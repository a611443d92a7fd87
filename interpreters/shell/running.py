"""The commands `wio run`, `wio resume` and `wio cancel`: how does an instance begin, go on, or end before its time?"""

from __future__ import annotations

from interpreters.runtime.runtime import Runtime
from interpreters.shell import options
from interpreters.shell.endings import EXIT_CODES
from interpreters.shell.exit_codes import DONE
from interpreters.shell.going_on import AnyInstance, go_on
from interpreters.shell.json_input import read_json
from interpreters.shell.shell_errors import WrongInput
from interpreters.shell.targets import Target, load
from journals.entries import Status
from journals.errors import UnknownInstance

_CODES_OF_CANCEL = {**EXIT_CODES, Status.CANCELLED: DONE}


def run(
    workflow: options.WorkflowName, /, *, going: options.Going, input: options.Input = None, tag: options.Tags = ()
) -> int:
    """Start an instance, or go on with it, until it ends or only waits. Only the start needs the input.

    Timers and delays between attempts that are shorter than --wait are waited for. Where the process was killed in a
    step, that step runs again; what is in the journal does not. Children are driven along.
    """
    target = load(workflow)
    if input is None:
        return EXIT_CODES[go_on(target, going, lambda runtime: _existing(runtime, target, going.id))]
    value = read_json(input, target.workflow.input, "--input")

    async def begin(runtime: Runtime) -> AnyInstance:
        return await runtime.start(target.workflow, id=going.id, input=value, tags=tag)

    return EXIT_CODES[go_on(target, going, begin, create=True)]


async def _existing(runtime: Runtime, target: Target, id: str) -> AnyInstance:
    try:
        return await runtime.instance(target.workflow, id)
    except UnknownInstance as error:
        raise WrongInput(
            f"There is no instance {id!r} yet, and to start it, its input is needed: --input JSON."
        ) from error


def resume(workflow: options.WorkflowName, /, *, going: options.Going) -> int:
    """Let a paused instance go on, with a fresh retry policy, until it ends or only waits."""
    target = load(workflow)

    async def begin(runtime: Runtime) -> AnyInstance:
        instance = await runtime.instance(target.workflow, going.id)
        await instance.resume()
        return instance

    return EXIT_CODES[go_on(target, going, begin)]


def cancel(workflow: options.WorkflowName, /, *, going: options.Going) -> int:
    """Cancel an instance: withdraw everything, undo what its sagas say, and cancel its children as they say.

    It goes on until it has ended or only waits; the exit code is 0 when it is cancelled.
    """
    target = load(workflow)

    async def begin(runtime: Runtime) -> AnyInstance:
        instance = await runtime.instance(target.workflow, going.id)
        await instance.cancel()
        return instance

    return _CODES_OF_CANCEL[go_on(target, going, begin)]
