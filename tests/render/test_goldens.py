"""Do the pictures look as they did when somebody last looked at them?"""

from __future__ import annotations

import pytest

from tests.render.golden_files import FOLDER, pictures


@pytest.mark.parametrize("name", sorted(pictures()))
def test_a_picture_is_the_one_that_was_kept(name: str) -> None:
    assert pictures()[name] == (FOLDER / name).read_text(encoding="utf-8")


def test_no_file_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(pictures())
