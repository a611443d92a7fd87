"""Which commands are there, and what does the terminal see when one of them fails?

A command is a function in a module of its own, which is imported when the command is called; the same goes for
what tells its errors. So `wio --help` imports neither workflows nor journals.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from cyclopts import App, CoercionError, CycloptsError, MissingArgumentError

from interpreters.shell.exit_codes import DONE, ERROR, INTERRUPTED, USAGE_ERROR

_HELP = "Runs, asks, lists and draws workflows and their instances."
_EPILOGUE = """\
Exit codes: 0 done, 1 an error of wio, 2 wrong usage. Of run, pause, resume, retry, cancel:
3 the workflow failed, 4 it waits, 5 it is paused. --debug adds the traceback
to an error. WIO_JOURNAL stands in for --journal, WIO_NAMESPACE for --namespace.
"""
_COMMANDS = (
    ("run", "running:run", "Start an instance, or go on with it, until it ends or only waits."),
    ("resume", "running:resume", "Let a paused instance go on, until it ends or only waits."),
    ("pause", "running:pause", "Let nothing of an instance begin any more, until it is resumed."),
    ("retry", "running:retry", "Make attempts that wait at once, or go back to an earlier step."),
    ("cancel", "running:cancel", "Cancel an instance, and undo what its sagas say."),
    ("worker", "worker:worker", "Run the instances of workflows, beside other workers, until it is stopped."),
    ("signal", "asking:signal", "Send a signal to an instance and print the response as JSON."),
    ("query", "asking:query", "Ask an instance and print the answer as JSON; nothing is changed."),
    ("tasks", "task_list:tasks", "Print the tasks of an instance that can be worked on now."),
    ("claim", "tasking:claim", "Take a task upon oneself."),
    ("complete", "tasking:complete", "Answer a claimed task with its output."),
    ("fail-task", "tasking:fail_task", "Answer a claimed task with its declared error."),
    ("release", "tasking:release", "Give a claimed task back, to be offered again."),
    ("start-task", "tasking:start_task", "Record that the work on a claimed task has begun."),
    ("heartbeat", "tasking:heartbeat", "Record a sign of life of who works on a task."),
    ("delegate", "tasking:delegate", "Offer a task to somebody else."),
    ("skip", "tasking:skip", "Go on without the work of a task."),
    ("delete-data", "deleting:delete_data", "Ask for the data of an instance that has ended to be deleted."),
    ("list", "listing:list_instances", "Print the instances in a journal, or those that are looked for."),
    ("count", "listing:count_instances", "Print how many instances are in a journal, by status or workflow."),
    ("why", "why:why", "Say why an instance does not go on, and what can be done."),
    ("stranded", "stranded:stranded", "Print the instances that no live process can run."),
    ("workflows", "workflow_switching:workflows", "Print the workflows of a journal, and whether they may start."),
    ("disable", "workflow_switching:disable", "Let nothing start any more of a workflow; what has begun goes on."),
    ("enable", "workflow_switching:enable", "Let a workflow start again."),
    ("prune", "pruning:prune", "Remove instances that ended long ago, or count them."),
    ("namespaces", "namespaces:namespaces", "Print whose journals are in a database."),
    ("history", "history:history", "Print what the journal holds of an instance."),
    ("archived", "history:archived", "Print what the file of an archived instance holds."),
    ("outbox", "outgoing:outbox", "Print what was published and has not arrived yet."),
    ("feed", "outgoing:feed", "Print, or follow, all changes of state in a journal."),
    ("draw", "drawing:draw", "Draw a workflow, or how far an instance of it is."),
    ("lint", "linting:lint", "Report what is doubtful in a workflow before it runs."),
    ("demo", "demo:demo", "Kill a workflow in the middle, run it again, and show what was skipped."),
)


def run(words: Sequence[str]) -> int:
    """Run the command in `words` and return its exit code. An error is one line, with `--debug` also a traceback."""
    debug = "--debug" in words
    try:
        return _called([word for word in words if word != "--debug"])
    except CycloptsError as error:
        named = "".join(f"{word} " for word in words[:1] if any(word == name for name, _, _ in _COMMANDS))
        _complain(f"{_usage_problem(error, named)} See: wio {named}--help")
        return USAGE_ERROR
    except KeyboardInterrupt:
        _complain("interrupted. What was recorded is kept; the same command goes on with it.")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has seen enough. Without this, the interpreter complains when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    except Exception as error:
        if debug:
            traceback.print_exc()
        _complain(str(import_module("interpreters.shell.complaints").complaint(error)))
        return ERROR


def _usage_problem(error: CycloptsError, named: str) -> str:
    """Return what is wrong with the words. cyclopts says of a missing option that its value is missing."""
    if isinstance(error, CoercionError) and "timedelta" in str(error) and error.token is not None:
        ever = ", or forever" if "forever" in str(error) else ""
        given = f"{error.token.keyword} {error.token.value!r}"
        return f"{given} is no duration. Give one with its unit: 30s, 5m, 12h, 30d{ever}."
    missing = error.argument
    if not isinstance(error, MissingArgumentError) or error.keyword is not None or missing is None or missing.tokens:
        return " ".join(str(error).split())
    instead = [f" or the environment variable {name}" for name in missing.parameter.env_var or ()]
    return f"{named or 'wio '}needs {missing.name}{''.join(instead)}."


def _called(words: Sequence[str]) -> int:
    code = _app()(words, exit_on_error=False, print_error=False, result_action="return_value")
    sys.stdout.flush()
    return code if isinstance(code, int) else DONE


def _app() -> App:
    app = App(
        name="wio",
        help=_HELP,
        help_epilogue=_EPILOGUE,
        help_format="plaintext",
        version=_version,
        suppress_keyboard_interrupt=False,
    )
    for name, place, words in _COMMANDS:
        app.command(f"interpreters.shell.{place}", name=name, help=words)
    return app


def _version() -> str:
    metadata = import_module("importlib.metadata")
    try:
        return f"wio {metadata.version('wio')}"
    except metadata.PackageNotFoundError:
        return "wio, not installed: run from its source"


def _complain(words: str) -> None:
    print(f"wio: {words}", file=sys.stderr)
