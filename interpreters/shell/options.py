"""Which arguments do several commands share, and what do they mean?"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, TypeAlias

from cyclopts import Parameter

WorkflowName: TypeAlias = Annotated[
    str, Parameter(help="Where the workflow is: MODULE:NAME, as in examples.order:order. The folder is searched too.")
]
InstanceId: TypeAlias = Annotated[str, Parameter(name="--id", help="The id of the instance.")]
JournalUrl: TypeAlias = Annotated[
    str,
    Parameter(
        name="--journal",
        env_var="WIO_JOURNAL",
        help="Where instances are kept: sqlite:///orders.db, sqlite:////an/absolute/path.db or postgresql://...",
    ),
]
JsonSource: TypeAlias = Annotated[
    str, Parameter(allow_leading_hyphen=True, help="JSON: a file that holds it, - for standard input, or the text.")
]
AsJson: TypeAlias = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON document.")]
Patience: TypeAlias = Annotated[
    timedelta,
    Parameter(name="--wait", help="How long a timer or a delay between attempts may be to be waited for: 30s, 5m."),
]
PATIENCE = timedelta(seconds=5)
"""Is the default of `Patience`."""
