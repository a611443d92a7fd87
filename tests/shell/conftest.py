"""How do these tests call `wio`? In this process, in a folder of their own, with the workflows beside this file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import pytest

from interpreters.shell.main import main

INPUT = '{"item": "book", "quantity": 2}'
URL = "sqlite:///orders.db"


@attrs.frozen
class Answer:
    """Is what a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return standard output as the one JSON document that it must be."""
        return json.loads(self.out)


Wio: TypeAlias = Callable[..., Answer]


@pytest.fixture
def wio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Wio:
    """Run one command and return what it left behind."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WIO_JOURNAL", URL)

    def call(*words: str) -> Answer:
        capfd.readouterr()
        code = main(words)
        out, err = capfd.readouterr()
        return Answer(code, out, err)

    return call


@pytest.fixture
def started(wio: Wio) -> Callable[..., Answer]:
    """Run an instance of a workflow of `shell_workflows`, whose id is the workflow's name."""

    def call(name: str, *more: str) -> Answer:
        return wio("run", f"shell_workflows:{name}", "--id", name, "--input", INPUT, *more)

    return call
