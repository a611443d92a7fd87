"""Is a task an ordinary value?"""

from __future__ import annotations

import pytest

from wio import InvalidDefinition, Task


def test_a_task_is_a_value() -> None:
    task = Task("approve", input=str, output=bool)
    assert task == Task("approve", version=1, input=str, output=bool, error=None)
    assert task != Task("approve", version=2, input=str, output=bool)
    assert task != Task("approve", input=str, output=bool, error=KeyError)
    assert repr(task) == "Task('approve', version=1)"


@pytest.mark.parametrize("version", [0, -1])
def test_versions_count_from_one(version: int) -> None:
    with pytest.raises(InvalidDefinition, match=f"version={version}: versions of a task count from 1"):
        Task("approve", version=version, input=str, output=bool)
