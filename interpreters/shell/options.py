"""Which arguments do several commands share, and what do they mean?"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, TypeAlias

import attrs
from cyclopts import Parameter, validators

from journals.namespaces import DEFAULT_NAMESPACE

WorkflowName: TypeAlias = Annotated[
    str, Parameter(help="Where the workflow is: MODULE:NAME, as in examples.order:order. The folder is searched too.")
]
InstanceId: TypeAlias = Annotated[str, Parameter(name="--id", help="The id of the instance.")]
DatabaseUrl: TypeAlias = Annotated[
    str,
    Parameter(
        name="--journal",
        env_var="WIO_JOURNAL",
        help="Where instances are kept: sqlite:///orders.db, sqlite:////an/absolute/path.db or postgresql://...",
    ),
]
Namespace: TypeAlias = Annotated[
    str,
    Parameter(
        name="--namespace",
        env_var="WIO_NAMESPACE",
        help="Whose journal it is: a schema in Postgres; in SQLite a file beside, as in orders.acme.db.",
    ),
]


@Parameter(name="*")
@attrs.frozen
class Place:
    """Is where the instances of one namespace are kept."""

    url: DatabaseUrl
    namespace: Namespace = DEFAULT_NAMESPACE


JournalUrl: TypeAlias = Place
JsonSource: TypeAlias = Annotated[
    str, Parameter(allow_leading_hyphen=True, help="JSON: a file that holds it, - for standard input, or the text.")
]
Input: TypeAlias = Annotated[
    str | None,
    Parameter(
        name="--input",
        allow_leading_hyphen=True,
        help="JSON, only for the start: a file that holds it, - for standard input, or the text.",
    ),
]
Tags: TypeAlias = Annotated[
    tuple[str, ...], Parameter(name="--tag", help="A word by which the instance is found; may be repeated.")
]
TaskAddress: TypeAlias = Annotated[str, Parameter(name="--at", help="The address of the task, as wio tasks shows it.")]
Worker: TypeAlias = Annotated[str, Parameter(name="--by", help="Who does it; the name is believed.")]
Decider: TypeAlias = Annotated[str, Parameter(name="--by", help="Who decides so; it is recorded, and believed.")]
Reason: TypeAlias = Annotated[str, Parameter(name="--reason", help="Why; it is recorded.")]
Earlier: TypeAlias = Annotated[
    str,
    Parameter(name="--from", help="Go back to this address, as wio history shows it; what followed is void."),
]
AnswerKey: TypeAlias = Annotated[
    str | None, Parameter(name="--key", help="An idempotency key: the same answer, sent again with it, does nothing.")
]
AsJson: TypeAlias = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON document.")]
After: TypeAlias = Annotated[str, Parameter(name="--after", help="Only instances whose id comes after this one.")]
Most: TypeAlias = Annotated[
    int, Parameter(name="--most", validator=validators.Number(gte=1), help="At most so many instances.")
]
Patience: TypeAlias = Annotated[
    timedelta,
    Parameter(name="--wait", help="How long a timer or a delay between attempts may be to be waited for: 30s, 5m."),
]
PATIENCE = timedelta(seconds=5)
"""Is the default of `Patience`."""


@Parameter(name="*")
@attrs.frozen
class Going:
    """Is which instance a command goes on with, how long, and how it says what came of it."""

    id: InstanceId
    journal: JournalUrl
    wait: Patience = PATIENCE
    json: AsJson = False


@Parameter(name="*")
@attrs.frozen
class Said:
    """Is who gives a command to an instance, and why."""

    by: Decider = ""
    reason: Reason = ""


NOTHING_SAID = Said()
"""Is the default of `Said`."""
