"""Do the committed pictures of the examples show what the workflows are now?"""

from __future__ import annotations

from typing import Any

import pytest

from examples.pictures import FOLDER, WORKFLOWS, plain_pictures, stem_of
from wio import Workflow


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_the_committed_pictures_are_up_to_date(workflow: Workflow[Any, Any, Any]) -> None:
    for name, picture in plain_pictures(workflow).items():
        committed = (FOLDER / name).read_text(encoding="utf-8")
        assert committed == picture, "run `python -m examples.pictures` and look at what changed"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_there_is_a_picture_for_a_browser(workflow: Workflow[Any, Any, Any]) -> None:
    assert "</svg>" in (FOLDER / f"{stem_of(workflow)}.svg").read_text(encoding="utf-8")
