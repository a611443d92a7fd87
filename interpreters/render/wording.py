"""How does a picture say what a node holds, without asking the user's code?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from interpreters.render.drawing import ANY_ERROR, Alarm, Fence, Handled, StateGraph
from interpreters.render.inside import may_fail
from interpreters.render.progress import ACTIVE, State
from wio.meetings import Meeting
from wio.names import name_of
from wio.nodes import ForEach, Function, Loop, LoopTest, ParentClose, Rest, Timing, Watch
from wio.receiving import Always
from wio.retries import Exceeded, Exponential, Fixed, Linear, Pause, Retry

_LONGEST = 60
_LONGEST_NOTE = 100
_PLAIN = (str, int, float, bool, type(None))


def printable(text: str) -> str:
    """Return the text on one line, without characters that a file or terminal cannot show."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


def value_words(value: object) -> str:
    """Return a plain value as it is written, and of any other value its type: the user's `repr` is not called.

    >>> value_words("S"), value_words(ValueError("late")), value_words(KeyError)
    ("'S'", 'ValueError', 'KeyError')
    """
    if type(value) in _PLAIN:
        words = repr(value)
        return printable(_cut(words))
    return type_words(value if isinstance(value, type) else type(value))


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def attributes_words(names: Sequence[str]) -> str:
    """Return which attributes a step sets."""
    return _cut(f"sets {', '.join(names)}")


def note_words(note: str) -> str:
    """Return a note as pictures show it: where it is long, it ends at a word.

    >>> note_words("late"), note_words("nobody answers " * 30)[-20:]
    ('late', 'body answers nobody…')
    """
    if len(note) <= _LONGEST_NOTE:
        return note
    whole, _, _ = note[:_LONGEST_NOTE].rpartition(" ")
    return (whole or note[: _LONGEST_NOTE - 1]).rstrip(" ,;:") + "…"


def type_words(kind: object) -> str:
    """Return the name of a type."""
    return printable(kind.__name__) if isinstance(kind, type) else "value"


def retry_words(retry: Retry | None) -> str:
    """Return the retry policy of a step in words, "" for none.

    >>> retry_words(Retry(attempts=4, on=(OSError,), attempt_timeout=timedelta(seconds=30)))
    'retry \u00d74, on OSError, 30s each'
    """
    return "" if retry is None else ", ".join((_attempts_words(retry), *_terms(retry)))


TRANSACTION = "in a transaction"
"""Is said of an effect that is committed together with its event."""


def effect_words(retry: str, transactional: bool) -> str:
    """Return what is said beside an effect: its retry policy in words, and that it is part of the commit.

    >>> effect_words("retry", True), effect_words("", False)
    ('in a transaction, retry', '')
    """
    return ", ".join(word for word in (TRANSACTION if transactional else "", retry) if word)


def _attempts_words(retry: Retry) -> str:
    return "retry" if retry.attempts is None else f"retry \N{MULTIPLICATION SIGN}{retry.attempts}"


def _terms(retry: Retry) -> Iterator[str]:
    """Yield what a policy says beside its attempts and delays."""
    if retry.on is not None:
        yield f"on {_classes(retry.on)}"
    if retry.attempt_timeout is not None:
        yield f"{duration_words(retry.attempt_timeout)} each"
    if retry.overall is not None:
        yield f"{duration_words(retry.overall)} in all"
    if retry.fail_on:
        yield f"fails on {_classes(retry.fail_on)}"
    if retry.exceeded is Exceeded.FAIL:
        yield "else fails"
    if isinstance(retry.exceeded, Pause):
        yield f"else again after {duration_words(retry.exceeded.resume_after)}"


def _classes(classes: Iterable[type[Any]]) -> str:
    return " or ".join(map(type_words, classes)) or "nothing"


def policy_words(retry: Retry, give_up: Function | None) -> str:
    """Return the policy of a whole part in words.

    >>> policy_words(Retry(attempts=4, backoff=Exponential(timedelta(seconds=1))), None)
    'retry \u00d74, after 1s, each time \u00d72'
    """
    match retry.backoff:
        case Fixed(delay):
            delays = f"after {duration_words(delay)}"
        case Linear(delay):
            delays = f"after {duration_words(delay)}, each time longer"
        case Exponential(delay, factor):
            delays = f"after {duration_words(delay)}, each time \N{MULTIPLICATION SIGN}{factor:g}"
    otherwise = [] if give_up is None else [f"else {printable(name_of(give_up, 'a given end'))}"]
    return ", ".join([_attempts_words(retry), delays, *_terms(retry), *otherwise])


def join_words(join: int | Function | None, branches: int | None) -> str:
    """Return when a join goes on, "" when all have ended; `branches` is how many there are, None when not known.

    >>> join_words(2, 3), join_words(0, 3), join_words(2, None), join_words(None, 3)
    ('join 2 of 3', 'join none', 'join 2', '')
    """
    if join is None:
        return ""
    if not isinstance(join, int):
        return f"join by {printable(name_of(join, 'results'))}"
    if join == 0:
        return "join none"
    return f"join {join}" if branches is None else f"join {join} of {branches}"


def rest_words(join: int | Function | None, rest: Rest) -> str:
    """Return what becomes of the branches that a join did not wait for, "" when it waits for all."""
    return "" if join is None else f"rest: {rest.value}"


def rule_words(each: ForEach) -> str:
    """Return how many elements run at once, and when it goes on: '3 at once, join 2, rest: cancel'."""
    bound = "" if each.at_once is None else f"{each.at_once:,} at once"
    return ", ".join(filter(None, (bound, join_words(each.join, None), rest_words(each.join, each.rest))))


def needs_words(meeting: Meeting[Any]) -> str:
    """Return who has to arrive at a meeting.

    >>> needs_words(Meeting("car", brings=str, needs={"engine": 1, "wheel": 4}))
    'engine, 4 wheel'
    """
    return ", ".join(party if count == 1 else f"{count:,} {party}" for party, count in meeting.needs)


_COUNTED = (
    State.DONE,
    State.RUNNING,
    State.BEGUN,
    State.RETRYING,
    State.WAITING,
    State.PAUSED,
    State.FAILED,
    State.WITHDRAWN,
)


def tally_words(states: Iterable[State], in_all: int) -> str:
    """Return how many elements stand how, and how many of all have not begun.

    >>> tally_words([State.DONE, State.WAITING, State.DONE], 10)
    '2 done, 1 waiting, 7 to come'
    """
    found = list(states)
    words = [f"{found.count(state):,} {state.value}" for state in _COUNTED if state in found]
    to_come = in_all - len(found)
    return ", ".join([*words, f"{to_come:,} to come"] if to_come > 0 else words) or "no elements"


def child_words(workflow: str, version: int, waits: bool) -> str:
    """Return what a step does with a child.

    >>> child_words("shipping", 3, True), child_words("shipping", 3, False)
    ('child shipping v3', 'starts child shipping v3')
    """
    return f"{'' if waits else 'starts '}child {printable(workflow)} v{version}"


def close_words(on_close: ParentClose) -> str:
    """Return what becomes of a child when its parent ends, "" for the usual."""
    return "" if on_close is ParentClose.CANCEL else f"at the end: {on_close.value}"


def moment_words(moment: timedelta | datetime | Callable[..., Any], timing: Timing) -> str:
    """Return what a wait waits for.

    >>> moment_words(timedelta(days=1, hours=2), Timing.DURATION)
    'for 1d 2h'
    """
    if isinstance(moment, timedelta):
        return f"{timing.value} {duration_words(moment)}"
    if isinstance(moment, datetime):
        return f"{timing.value} {moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".rstrip()
    return f"{timing.value} {printable(name_of(moment, 'a computed time'))}"


def duration_words(duration: timedelta) -> str:
    """Return a duration by its units, the largest first."""
    if duration < timedelta(0):
        return f"-{duration_words(-duration)}"
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    exact = f"{seconds + duration.microseconds / 1_000_000:g}"
    amounts = ((str(duration.days), "d"), (str(hours), "h"), (str(minutes), "min"), (exact, "s"))
    return " ".join(amount + unit for amount, unit in amounts if amount != "0") or "0s"


def to_words(to: Function | None) -> str:
    """Return to whom a task is offered: plain data as it is, a function by its name; "" for anybody.

    >>> to_words(Always("managers")), to_words(Always({"role": "clerk", "floor": 2})), to_words(Always(("ann", "bob")))
    ('managers', 'role: clerk, floor: 2', 'ann, bob')
    """
    given: object = to
    if isinstance(given, Always):
        return _cut(_data_words(given.answer))
    return "" if to is None else printable(name_of(to, "someone computed"))


def _data_words(data: object) -> str:
    """Return plain data as people write it; anything else by its type, since the user's code is not called."""
    match data:
        case str():
            return printable(str(data)) if type(data) is str else type_words(type(data))
        case dict():
            fields = cast("dict[object, object]", data)
            return ", ".join(f"{_data_words(name)}: {_data_words(value)}" for name, value in fields.items())
        case list() | tuple():
            return ", ".join(map(_data_words, cast("Sequence[object]", data)))
        case _:
            return value_words(data)


CHECKPOINT = "⚑ checkpoint"
"""Is said of a loop or a machine whose rounds or states end with one."""


def until_words(loop: Loop) -> str:
    """Return the question of a loop: 'until shipped', or 'while open' for one that is asked before each round."""
    name = printable(name_of(loop.until, "done"))
    if loop.test is LoopTest.BEFORE and name.startswith("not "):
        return f"while {name.removeprefix('not ')}"
    return f"until {name}"


def count_words(steps: int) -> str:
    """Return how many steps are left out.

    >>> count_words(99980)
    '… 99,980 more steps …'
    """
    return f"… {steps:,} more {'step' if steps == 1 else 'steps'} …"


def ways_words(ways: int) -> str:
    """Return how many ways are left out of a parallel or a choice.

    >>> ways_words(994)
    '… 994 more ways …'
    """
    return f"… {ways:,} more ways …"


def runs_words(alarm: Alarm) -> str:
    """Return how often a handler that runs beside its scope did so, "" for never: 'ran once', 'run 2' while it runs."""
    if alarm.watch is not Watch.ALONGSIDE or not alarm.runs:
        return ""
    if alarm.fired and alarm.place.state in ACTIVE:
        return f"run {alarm.runs}" if alarm.runs > 1 else ""
    return "ran once" if alarm.runs == 1 else f"ran {alarm.runs:,} times"


def enclosure_words(fence: Fence, name: str) -> tuple[str, str]:
    """Return how a part is called of which something holds as a whole, and what kind of thing it is.

    >>> enclosure_words(Fence.LOCK, "m"), enclosure_words(Fence.SAGA, "saga"), enclosure_words(Fence.RETRY, "retry")
    (('m', 'lock'), ('saga', ''), ('retry', ''))
    """
    if fence is Fence.RETRY:
        return name, ""
    if fence is Fence.CHECKPOINT:
        return (CHECKPOINT, "") if name == fence.value else (name, CHECKPOINT)
    return name, kind_beside(name, fence.value)


def kind_beside(name: str, kind: str) -> str:
    """Return what kind of thing stands beside its name, without what the name says already.

    >>> kind_beside("payment", "timeout after 2d"), kind_beside("timeout", "timeout after 2d")
    ('timeout after 2d', 'after 2d')
    """
    return "" if kind == name else kind.removeprefix(f"{name} ")


def handler_words(earlier: Sequence[Handled]) -> str:
    """Return whose errors a handler takes, when others come before it for the same part.

    >>> from interpreters.render.drawing import NOWHERE
    >>> handler_words(()), handler_words((Handled((), ANY_ERROR, NOWHERE, ()),))
    ('handler', 'handler of earlier handlers')
    """
    if any(before.error == ANY_ERROR for before in earlier):
        return "handler of earlier handlers"
    if any(may_fail(before.handler) for before in earlier):
        return "handler, also of earlier handlers"
    return "handler"


def machine_words(graph: StateGraph) -> tuple[str, ...]:
    """Return what is said of a state machine as a whole: where it starts, and whether its states end with a checkpoint.

    >>> from interpreters.render.drawing import NOWHERE
    >>> machine_words(StateGraph("order", NOWHERE, (), "placed"))
    ('states, starts in placed',)
    """
    start = f"states, starts {'by' if graph.computed else 'in'} {graph.start}"
    return (start, CHECKPOINT) if graph.checkpoint else (start,)
