"""What is in a picture of a workflow? Shapes that mirror its structure; every format is made from them alone.

A body is a flat tuple of shapes, whatever way its `>>` chain was nested. Shapes nest at most `MOST_DEPTH` deep, and
the levels of a recursion half as deep again (`walker` sees to that), so that questions about them may recurse.
"""

from __future__ import annotations

import enum
from typing import TypeAlias

import attrs

from interpreters.render.progress import Mark, State
from wio.nodes import Drawn, LoopTest, Watch

MOST_DEPTH = 40
"""Is how deep shapes nest; what is deeper is drawn as `More`."""


@attrs.frozen
class Place:
    """Is where a shape records, and how far an instance is there.

    `address` is the static address, in which `[*]` stands for any round of a loop; "" means that nothing is
    recorded there. `at` is the address in the instance drawn, "" when the place was not reached.
    """

    address: str = ""
    at: str = ""
    state: State = State.NOT_REACHED
    note: str = ""


NOWHERE = Place()

ANY_ERROR = "any error"
"""Is what a handler says that takes all errors."""


# Leaves


@attrs.frozen
class Step:
    """Runs an effect. `retry` is its policy in words."""

    name: str
    place: Place
    retry: str = ""
    description: str = ""
    transactional: bool = False


@attrs.frozen
class SignalStep:
    """Waits for a signal."""

    name: str
    place: Place
    signal: str
    description: str = ""


@attrs.frozen
class WaitStep:
    """Waits for a time. `moment` says which, in words: 'for 3d', 'until due'."""

    name: str
    place: Place
    moment: str
    description: str = ""


@attrs.frozen
class DraftStep:
    """Stands for a step without a body."""

    name: str
    place: Place
    description: str = ""


@attrs.frozen
class RecordStep:
    """Draws the time, a random number or a UUID, once."""

    name: str
    place: Place
    drawn: Drawn
    description: str = ""


@attrs.frozen
class PublishStep:
    """Publishes a message under a topic."""

    name: str
    place: Place
    topic: str
    description: str = ""


@attrs.frozen
class AttributesStep:
    """Sets attributes by which the instance is found."""

    name: str
    place: Place
    attributes: tuple[str, ...]
    description: str = ""


@attrs.frozen
class OldStep:
    """Takes what an older version has recorded, where there is such an entry."""

    name: str
    place: Place
    description: str = ""


@attrs.frozen
class TaskStep:
    """Offers work to somebody outside. `to` is the name of the function that says to whom, "" for anybody."""

    name: str
    place: Place
    task: str
    version: int
    to: str = ""
    description: str = ""


@attrs.frozen
class ChildStep:
    """Starts an instance of another workflow, which is named and not drawn. `close` is its policy, in words."""

    name: str
    place: Place
    workflow: str
    version: int
    waits: bool
    close: str = ""
    description: str = ""


@attrs.frozen
class LeaveStep:
    """Leaves a region. `inside` tells that it is itself in that region, so that nothing behind it is reached."""

    region: str
    inside: bool
    place: Place = NOWHERE


@attrs.frozen
class ArriveStep:
    """Arrives at a meeting for a party, or with `comes` False says that it does not come."""

    meeting: str
    party: str
    comes: bool = True
    place: Place = NOWHERE


@attrs.frozen
class AgainStep:
    """Runs a part around it once more; in an instance that did so, an `Enclosure` stands for it."""

    name: str
    place: Place


@attrs.frozen
class ComputeStep:
    """Is a named pure function."""

    name: str
    place: Place = NOWHERE
    description: str = ""


@attrs.frozen
class CheckStep:
    """Is a pure function that may fail."""

    name: str
    place: Place = NOWHERE
    description: str = ""


@attrs.frozen
class PureStep:
    """Is a constant; `value` tells it in words."""

    value: str
    place: Place = NOWHERE


@attrs.frozen
class FailEnd:
    """Fails with a constant; `error` tells it in words."""

    error: str
    place: Place = NOWHERE


@attrs.frozen
class Dynamic:
    """Is the place where the program goes on with what a function makes of the value.

    `expanded` means that the shapes which follow are what it made in the instance drawn.
    """

    function: str
    place: Place = NOWHERE
    expanded: bool = False


@attrs.frozen
class More:
    """Stands for steps that are left out, of which there are `steps`."""

    steps: int
    place: Place = NOWHERE


# Shapes with bodies


@attrs.frozen
class Way:
    """Is one arm; its state says whether the instance took it, and how it stands there.

    `guarded` says that it need not be taken, in a parallel where others are taken anyway.
    """

    name: str
    body: Body
    place: Place = NOWHERE
    guarded: bool = False


@attrs.frozen
class Choice:
    """Takes one of its ways; `open_ended` means that it fails when no guard yields."""

    name: str
    place: Place
    ways: tuple[Way, ...]
    open_ended: bool
    description: str = ""


@attrs.frozen
class Cycle:
    """Repeats its body. `until` is the name of the question, `rounds` the number of the round drawn (0: none).

    With `checkpoint` each round ends with one.
    """

    name: str
    place: Place
    body: Body
    back: Body
    until: str
    test: LoopTest
    rounds: int = 0
    description: str = ""
    checkpoint: bool = False


@attrs.frozen
class Handled:
    """Goes from its body to its handler when the body fails with `error`; the place is the handler's."""

    body: Body
    error: str
    place: Place
    handler: Body


@attrs.frozen
class QueryScope:
    """Answers a query while its body runs."""

    query: str
    body: Body
    place: Place = NOWHERE


@attrs.frozen
class Part:
    """Is a named part."""

    name: str
    place: Place
    body: Body
    description: str = ""


@attrs.frozen
class Split:
    """Runs its ways at the same time. `join` says when it goes on, "" for all; `rest` what becomes of the others.

    The place is done when it has gone on, though some of its ways may still be under way. `tail` runs once behind
    each way; of an instance one run is drawn, and `runs` tells of all: '1 done, 1 running'.
    """

    name: str
    place: Place
    ways: tuple[Way, ...]
    join: str = ""
    rest: str = ""
    description: str = ""
    tail: Way | None = None
    runs: str = ""


@attrs.frozen
class EventChoice:
    """Offers all its ways; that in which something happens first is taken."""

    name: str
    place: Place
    ways: tuple[Way, ...]
    description: str = ""


@attrs.frozen
class Multiple:
    """Runs its body for each element of a collection.

    Without an instance `elements` holds one that stands for all; its name is "". Of an instance some are drawn, one
    for each state that there is, and `counts` tells of all: '7 done, 2 running'. `rule` says how many run at once, when
    it goes on and what becomes of the others. `sides` are what adds elements, and what finishes it all. `is_whole`
    tells that all elements which began are drawn.
    """

    name: str
    place: Place
    elements: tuple[Way, ...]
    sides: tuple[Way, ...] = ()
    rule: str = ""
    counts: str = ""
    description: str = ""
    is_whole: bool = False


@attrs.frozen
class Alarm:
    """Is a handler of a scope: its body runs when its trigger has come. `runs` counts how often that has come.

    Of an instance one run is drawn: that which needs somebody most, or else the latest that was not withdrawn.
    """

    watch: Watch
    name: str
    trigger: Body
    body: Body
    place: Place = NOWHERE
    fired: bool = False
    runs: int = 0


@attrs.frozen
class Watching:
    """Runs its body while its handlers keep watch over it. `kind` says what it is: 'scope', 'timeout after 2d'."""

    name: str
    place: Place
    body: Body
    alarms: tuple[Alarm, ...]
    description: str = ""
    kind: str = "scope"


class Fence(enum.Enum):
    """Says what an `Enclosure` is for: what its name names."""

    REGION = "region"
    LOCK = "lock"
    MILESTONE = "milestone holds"
    SAGA = "saga"
    CHECKPOINT = "checkpoint"
    RETRY = "retry"
    RECURSIVE = "recursive"
    AGAIN = "again"


@attrs.frozen
class Enclosure:
    """Is a part of which something holds as a whole. The name of a `RETRY` is its policy in words."""

    fence: Fence
    name: str
    body: Body
    place: Place = NOWHERE
    description: str = ""


@attrs.frozen
class Gate:
    """Offers its body while a milestone holds. `missed` tells that an instance had to go the other way."""

    milestone: str
    place: Place
    body: Body
    otherwise: Body
    missed: bool = False


@attrs.frozen
class Held:
    """Is what follows a meeting; `needs` says who has to arrive, and `runs` how often it was held."""

    name: str
    needs: str
    body: Body
    place: Place = NOWHERE
    runs: int = 0


@attrs.frozen
class Assembly:
    """Runs its body, in which parts arrive at meetings, and beside it what follows those."""

    name: str
    place: Place
    body: Body
    meetings: tuple[Held, ...]
    description: str = ""


@attrs.frozen
class Undoable:
    """Is an action and what undoes it. `undone` is the place of the undo: the latest scope in which it ran."""

    body: Body
    undo: Body
    undone: Place = NOWHERE
    place: Place = NOWHERE


@attrs.frozen
class Stage:
    """Is a state of a `StateGraph`; `to` are the states it may go to, `visits` how often an instance was in it.

    `may_stop` tells that the graph may end there; only a state that is known to always go on may not.
    """

    name: str
    body: Body
    to: tuple[str, ...]
    place: Place = NOWHERE
    visits: int = 0
    may_stop: bool = True


@attrs.frozen
class StateGraph:
    """Goes from stage to stage. `start` is the first one, or with `computed` the function that names it.

    `went` are the stages that an instance was in, in their order.
    """

    name: str
    place: Place
    stages: tuple[Stage, ...]
    start: str
    computed: bool = False
    went: tuple[str, ...] = ()
    description: str = ""
    checkpoint: bool = False


Leaf: TypeAlias = (
    Step
    | SignalStep
    | WaitStep
    | DraftStep
    | RecordStep
    | PublishStep
    | AttributesStep
    | OldStep
    | TaskStep
    | ChildStep
    | LeaveStep
    | ArriveStep
    | AgainStep
    | ComputeStep
    | CheckStep
    | PureStep
    | FailEnd
    | Dynamic
    | More
)
Shape: TypeAlias = (
    Leaf
    | Choice
    | Cycle
    | Handled
    | QueryScope
    | Part
    | Split
    | EventChoice
    | Multiple
    | Watching
    | Enclosure
    | Gate
    | Assembly
    | Undoable
    | StateGraph
)
Body: TypeAlias = "tuple[Shape, ...]"


@attrs.frozen
class Drawing:
    """Is the picture of a workflow, or of one instance of it.

    `outcome` is the state of the instance, None when no instance is drawn. `unplaced` are addresses that it reached
    and that this program does not have.
    """

    title: str
    body: Body
    input: str = ""
    description: str = ""
    outcome: Mark | None = None
    unplaced: tuple[str, ...] = ()
