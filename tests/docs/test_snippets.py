"""Does the code in the pages run, and do the type checkers accept it?"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from docs.snippets import ROOT, blocks, foretold, module_name, module_of, pages, run, run_page, source

README = ROOT / "README.md"
WITH_CODE = [page for page in pages() if blocks(page)]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", WITH_CODE, ids=module_name)
def test_the_code_of_the_page_runs(page: Path) -> None:
    run_page(page)


@pytest.mark.parametrize("page", [page for page in WITH_CODE if foretold(page)], ids=module_name)
def test_the_page_prints_what_it_says(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_page(page)
    assert [line for line in capsys.readouterr().out.splitlines() if line] == foretold(page)


def test_the_readme_runs_no_effect_a_second_time(capsys: pytest.CaptureFixture[str]) -> None:
    first = blocks(README)[0]
    outputs: list[str] = []
    for _ in range(2):
        with module_of(README) as module:
            run(first, README, module)
        outputs.append(capsys.readouterr().out)
    result = outputs[0].splitlines()[-1]
    assert "reserving" in outputs[0]
    assert "reserving" not in outputs[1]
    assert "charging" not in outputs[1]
    assert outputs[1].splitlines()[-1] == result


def test_mypy_accepts_the_code_of_all_pages(tmp_path: Path) -> None:
    """A line that mypy names is a line of the page."""
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    files = [tmp_path / f"{module_name(page)}.py" for page in WITH_CODE]
    for page, file in zip(WITH_CODE, files, strict=True):
        file.write_text(source(page), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_is_checked_line_by_line(tmp_path: Path) -> None:
    """What is wrong in a page is reported at its line there."""
    page = ROOT / "docs" / "made_up.md"
    written = tmp_path / "made_up.md"
    written.write_text("# Page\n\n```python\nx = 1\n```\n\ntext\n\n```python\nassert x == 2\n```\n", encoding="utf-8")
    first, second = blocks(written)
    assert (first.line, second.line) == (4, 10)
    with module_of(page) as module:
        run(first, written, module)
        with pytest.raises(AssertionError) as failed:
            run(second, written, module)
    assert failed.traceback[-1].lineno == 10 - 1
