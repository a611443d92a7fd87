"""Which errors do interpreters raise? One class for each cause that a caller can act on."""

from __future__ import annotations

import enum
from datetime import datetime

from journals.run_states import MOVES, RunState
from wio.errors import WioError
from wio.retries import GivenUp

_LONGEST_ADDRESS = 500


class JournalMismatch(WioError):
    """Says that a journal holds an entry that its workflow cannot apply."""

    def __init__(self, workflow: str, seq: int, kind: str, address: str, expected: str) -> None:
        super().__init__(
            f"Entry {seq} ({kind} at {address!r}) does not fit {workflow}, which expects {expected}."
            " The workflow was changed under a running instance. Register the version that wrote the journal"
            " beside the new one (raise Workflow.version for the new one), or undo the change."
        )
        self.workflow = workflow
        self.seq = seq
        self.kind = kind
        self.address = address
        self.expected = expected


class UserFunctionRaised(WioError):
    """Says that a pure function of the workflow (a handler, a guard, a continuation, ...) raised."""

    def __init__(self, function: str, address: str, error: BaseException) -> None:
        super().__init__(
            f"{function} at {address!r} raised {type(error).__name__}: {error}. It must be a total, pure function;"
            " domain errors are returned as Failure(...). Mend the function; an instance that is paused by it then"
            " goes on after a resume."
        )
        self.address = address
        self.function = function


class WrongReturn(UserFunctionRaised):
    """Says that a pure function of the workflow returned what its place cannot use."""

    def __init__(self, function: str, address: str, returned: object, wanted: str) -> None:
        WioError.__init__(
            self,
            f"{function} at {address!r} returned {returned!r:.200}, not {wanted}. Mend the function; an instance that"
            " is paused by it then goes on after a resume.",
        )
        self.address = address
        self.function = function


class LostArrival(UserFunctionRaised):
    """Says that something arrived at a meeting that no gathering around it holds."""

    def __init__(self, meeting: str, address: str) -> None:
        WioError.__init__(
            self,
            f"Something at {address!r} arrives at the meeting {meeting!r}, which no gathering around it holds. Put it"
            " into one: gather(part, meet(MEETING, then)).",
        )
        self.address = address
        self.meeting = meeting


class UndeclaredTarget(UserFunctionRaised):
    """Says that a state machine was sent to a state that was not declared as a target. `state` is "" for its start."""

    def __init__(self, address: str, state: str, target: str, declared: tuple[str, ...]) -> None:
        what = f"State {state!r}" if state else "The start"
        lack = "it does not declare. It declares" if state else "is none of its states. They are"
        WioError.__init__(
            self,
            f"{what} of the machine at {address!r} goes to {target!r}, which {lack}: {', '.join(declared) or 'nothing'}"
            ". Add it there, or mend the function that names it; an instance that is paused by it then goes on after a"
            " resume.",
        )
        self.address = address
        self.function = state
        self.state = state
        self.target = target


class DuplicateKey(UserFunctionRaised):
    """Says that two elements of a for-each have the same key."""

    def __init__(self, key: str, address: str) -> None:
        WioError.__init__(
            self,
            f"Two elements of the for-each at {address!r} have the key {key!r}, so the journal could not tell them"
            " apart. Make the key of what is different in them.",
        )
        self.address = address
        self.function = "key"
        self.key = key


class EndlessRounds(UserFunctionRaised):
    """Says that a part was stopped which went round so often without waiting that nothing else could happen.

    `counted` says of what there were too many within one turn. Wide parts that begin at once are counted as well.
    """

    def __init__(self, part: str, address: str, counted: str) -> None:
        place = address if len(address) <= _LONGEST_ADDRESS else f"{address[:_LONGEST_ADDRESS]}..."
        WioError.__init__(
            self,
            f"{part} at {place!r} goes on and on without waiting for anything: {counted} in one turn. Let it wait on"
            " every way through it, for an effect, a signal or a time, or let it end; `lint` names such parts. Where"
            " very many elements begin at once, let fewer be under way. An instance that is paused by it then goes on"
            " after a resume.",
        )
        self.address = address
        self.function = part
        self.counted = counted


class EffectFailed(WioError):
    """Says that an effect returned an `IOFailure` whose content is no exception."""

    def __init__(self, content: object) -> None:
        super().__init__(
            f"The effect returned IOFailure({content!r}). A failure of an effect is technical and holds an exception;"
            " a domain error is an event, from which the handler returns Failure(...)."
        )
        self.content = content


class DraftReached(WioError):
    """Says that a workflow has steps without a body, so it cannot run."""

    def __init__(self, workflow: str, names: tuple[str, ...]) -> None:
        super().__init__(
            f"{workflow} still has drafts: {', '.join(names)}. Replace each draft(...) by a step with a body."
        )
        self.names = names


class UnsoundWorkflow(WioError):
    """Says that a workflow has a structure that no run of it can mean. `findings` say where and what."""

    def __init__(self, workflow: str, version: int, findings: tuple[str, ...]) -> None:
        super().__init__(f"Workflow {workflow!r} version {version} cannot be run. " + " ".join(findings))
        self.workflow = workflow
        self.version = version
        self.findings = findings


class SignalRefusal(enum.Enum):
    """Says why an instance does not take a signal now. The value says it for people.

    `HANDLED` and `WITHDRAWN` are said of the step that has waited for it last, `PASSED` of an element of a for-each.
    `NOT_NOW` is all that is known where a checkpoint or the length of the journal hides more.
    """

    UNKNOWN = "the workflow has no step for it"
    ENDED = "the instance has ended"
    HANDLED = "the step for it has had one already"
    WITHDRAWN = "the step for it was withdrawn"
    PASSED = "the element for it has ended without it"
    UNMATCHED = "no step has waited for its key"
    EARLY = "no step for it has been reached yet"
    PAUSED = "the instance is paused at the step for it"
    LOCKED = "another part has the lock that the step for it needs"
    NOT_NOW = "no step waits for it now"


class UnexpectedSignal(WioError):
    """Says that an instance does not take a signal now. Nothing was recorded.

    `refusal` is the cause, for code to act on; `reason` says it for people, with names. `address` is the step or the
    element that it was for, "" where none is known. `expected` are the signals that the instance takes now, and
    `waiting` says in words what it does instead.
    """

    def __init__(
        self,
        signal: str,
        refusal: SignalRefusal,
        expected: tuple[str, ...],
        *,
        reason: str = "",
        address: str = "",
        waiting: str = "",
    ) -> None:
        self.signal = signal
        self.refusal = refusal
        self.expected = expected
        self.reason = reason or refusal.value
        self.address = address
        self.waiting = waiting
        doing = f" The instance {waiting}." if waiting else ""
        takes = f"It takes now: {', '.join(expected)}." if expected else "It takes no signal now."
        super().__init__(f"Signal {signal!r} was refused: {self.reason}.{doing} {takes} Nothing was recorded.")


class UnexpectedQuery(WioError):
    """Says that no query node around the active place answers the query."""

    def __init__(self, query: str, address: str) -> None:
        super().__init__(
            f"Nobody answers query {query!r} at {address or 'the end'!r}."
            " Wrap the part of the workflow that should answer it: query(QUESTION, answer, part)."
        )
        self.query = query


class TaskRefusal(enum.Enum):
    """Says why something cannot be done with a task now. The value says it for people."""

    UNKNOWN = "there is no such task"
    UNCLAIMED = "nobody has claimed it"
    CLAIMED = "somebody else has claimed it"
    COMPLETED = "it has been completed"
    FAILED = "it has failed"
    SKIPPED = "it was skipped"
    WITHDRAWN = "it was withdrawn"
    PAUSED = "the instance is paused there"
    LOCKED = "another part has the lock that it needs"


class TaskRefused(WioError):
    """Says that something cannot be done with a task now. Nothing was recorded.

    `refusal` is the cause, for code to act on; `reason` says it for people, with names.
    """

    def __init__(self, address: str, refusal: TaskRefusal, reason: str = "") -> None:
        self.address = address
        self.refusal = refusal
        self.reason = reason or refusal.value
        super().__init__(f"The task at {address!r}: {self.reason}. Nothing was recorded.")


class ChildWithoutResult(WioError):
    """Says that a child has ended without a result: it was cancelled, or one of its steps has failed it."""

    def __init__(self, child_id: str, end: str) -> None:
        super().__init__(
            f"Child {child_id!r} {end}, so the step that waits for it has no result. Say how to go on without one:"
            " put the step into retrying(..., give_up); or cancel this instance too."
        )
        self.child_id = child_id
        self.end = end


class WrongPayload(WioError):
    """Says that a value is not of the type that was declared for its place."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason.rstrip('.')}. Nothing was recorded.")
        self.place = place
        self.reason = reason


class InstancePaused(WioError):
    """Says that an instance is paused, and why; it goes on after `resume`. `remaining` names the undos that wait.

    `since` is when it was paused by a command, of the instance as a whole, and `by` who has given that; then `problem`
    is the reason given. It is None when something went wrong.
    """

    def __init__(
        self,
        instance_id: str,
        address: str,
        problem: str,
        remaining: tuple[str, ...] = (),
        by: str = "",
        since: datetime | None = None,
    ) -> None:
        at = f" at {address!r}" if address else ""
        reason = f": {problem.rstrip('. ')}" if problem else ""
        after = f" Still to be undone after it: {', '.join(remaining)}." if remaining else ""
        told = "" if since is None else f"{f' by {by}' if by else ''} since {since:%Y-%m-%d %H:%M:%S} UTC"
        way_out = "Mend the cause, then resume the instance." if since is None else "Resume the instance."
        super().__init__(f"Instance {instance_id!r} is paused{at}{told}{reason}.{after} Nothing is lost. {way_out}")
        self.instance_id = instance_id
        self.address = address
        self.problem = problem
        self.remaining = remaining
        self.by = by
        self.since = since


class InstanceCancelled(WioError):
    """Says that an instance was cancelled, so that it has no result."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"Instance {instance_id!r} was cancelled. Its history says what was undone.")
        self.instance_id = instance_id


class InstanceFailed(WioError):
    """Says that a step has failed the whole instance, as its retry policy says; `given_up` says why."""

    def __init__(self, instance_id: str, given_up: GivenUp) -> None:
        left = f" Not undone: {', '.join(given_up.remaining)}." if given_up.remaining else ""
        super().__init__(
            f"Instance {instance_id!r} has failed: {given_up.type}: {given_up.message.rstrip('. ')}, in attempt"
            f" {given_up.attempts}. Its history says where.{left}"
        )
        self.instance_id = instance_id
        self.given_up = given_up


class MoveRefused(WioError):
    """Says that the run of an instance cannot go from the state it is in to that which was wanted; see `RunState`."""

    def __init__(self, instance_id: str, before: RunState, wanted: RunState, why: str = "") -> None:
        allowed = ", ".join(sorted(state.value for state in MOVES[before]))
        super().__init__(
            f"Instance {instance_id!r} {why or f'is {before.value}'}: it cannot go from {before.value} to"
            f" {wanted.value}, only to {allowed}. Nothing was recorded."
        )
        self.instance_id = instance_id
        self.before = before
        self.wanted = wanted
        self.allowed = MOVES[before]


class InstanceEnded(MoveRefused):
    """Says that an instance cannot be cancelled or paused, because it has ended."""

    def __init__(self, instance_id: str, before: RunState, wanted: RunState = RunState.CANCELLED) -> None:
        super().__init__(instance_id, before, wanted, "has ended already")


class AlreadyPaused(MoveRefused):
    """Says that an instance cannot be paused, because a command has paused it already: by whom, and since when."""

    def __init__(self, instance_id: str, held: str) -> None:
        super().__init__(instance_id, RunState.PAUSED, RunState.PAUSED, f"is {held}")
        self.held = held


class InstanceDataDeleted(WioError):
    """Says that an instance cannot be asked any more: its data is deleted, or about to be."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(
            f"Instance {instance_id!r} has ended, and its data is deleted, or about to be."
            " Its history still says what happened, and when."
        )
        self.instance_id = instance_id


class InstanceStuck(WioError):
    """Says that nothing can happen in an instance any more, although it has not ended, and why."""

    def __init__(self, instance_id: str, reason: str) -> None:
        super().__init__(f"Instance {instance_id!r} cannot go on: {reason}. Cancel it, and mend the workflow.")
        self.instance_id = instance_id
        self.reason = reason


class UnknownWorkflow(WioError):
    """Says that the runtime was not given a workflow, or not this version of it."""

    def __init__(self, name: str, version: int, known: tuple[str, ...]) -> None:
        super().__init__(
            f"This runtime has no workflow {name!r} version {version}; it has: {', '.join(known) or 'none'}."
            " Give it to Runtime(journal, [...]), older versions included while instances of them are open."
        )
        self.name = name
        self.version = version


class InstanceExists(WioError):
    """Says that the id is taken by an instance that was started differently. `what_to_do` is the end of the message."""

    def __init__(
        self,
        instance_id: str,
        difference: str,
        what_to_do: str = "Nothing was recorded. Attach with the same workflow and input, or choose another id.",
    ) -> None:
        super().__init__(f"Instance {instance_id!r} exists with {difference}. {what_to_do}")
        self.instance_id = instance_id
        self.difference = difference


class NotPaused(MoveRefused):
    """Says that an instance cannot be resumed because it is not paused."""

    def __init__(self, instance_id: str, before: RunState = RunState.RUNNING) -> None:
        super().__init__(instance_id, before, RunState.RUNNING, "is not paused, so there is nothing to resume")


class CannotGoBack(WioError):
    """Says why an instance cannot go on from an earlier address. Nothing was recorded."""

    def __init__(self, instance_id: str, address: str, reason: str) -> None:
        super().__init__(
            f"Instance {instance_id!r} cannot go back to {address!r}: {reason}. Nothing was recorded."
            " Choose another address; its history has all."
        )
        self.instance_id = instance_id
        self.address = address
        self.reason = reason


class NothingToRetry(WioError):
    """Says that no step of an instance waits for its next attempt, and none has paused it."""

    def __init__(self, instance_id: str, detail: str) -> None:
        super().__init__(f"Instance {instance_id!r} has nothing to try again: it {detail or 'does nothing'}.")
        self.instance_id = instance_id
        self.detail = detail


class RuntimeStopped(WioError):
    """Says that a call was made on, or was waiting in, a runtime that has stopped. The instance is not affected."""

    def __init__(self, inside: str = "async with Runtime(...)") -> None:
        super().__init__(
            "The runtime is not running. Instances are kept in the journal and go on when a runtime starts on it:"
            f" use it inside `{inside}`."
        )


class NotDue(WioError):
    """Says that a timer was fired before its time."""

    def __init__(self, address: str, due: datetime | None) -> None:
        super().__init__(f"The wait at {address!r} is not over before {due}.")
        self.address = address


class NotActive(WioError):
    """Says that something was reported of a place that the instance has not reached, or has left."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"That does not happen here: the instance expects {expected}. Nothing was recorded.")
