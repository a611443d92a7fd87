"""Is it said of what has arrived too late that another process has the instance, and no entry that nobody knows?"""

from __future__ import annotations

import pytest

from interpreters.runtime.driving.arrivals import execution_of
from interpreters.runtime.driving.live import Live
from interpreters.shell.complaints import complaint
from journals.errors import Conflict


def test_what_was_given_up_meanwhile_names_no_entry() -> None:
    with pytest.raises(Conflict) as caught:
        execution_of(Live("order-7"))
    assert str(caught.value) == (
        "Instance 'order-7' was given up here: another process goes on with it."
        " Nothing was stored. Read the new entries and decide again."
    )
    assert caught.value.expected is None
    assert complaint(caught.value) == (
        "Another process runs instance 'order-7'. What was done here was not stored. See: wio history --id order-7"
    )
