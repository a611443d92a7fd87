"""What does another process hear of a step that ends its process, returns what cannot be kept, or raises oddly?"""

from __future__ import annotations

from pathlib import Path

import pytest
from returns.result import Success

from interpreters import InstancePaused
from journals.entries import Kind, Status
from tests.faults.stage import Stage, play
from tests.faults.worker import EXIT_CODE


@pytest.mark.parametrize(("death", "code"), [("exit:two", EXIT_CODE), ("interrupt:two", 1)])
def test_a_step_that_ends_its_process_has_not_failed(place: str, death: str, code: int, tmp_path: Path) -> None:
    """`SystemExit` and `KeyboardInterrupt` are not recorded as failures: the step runs again, in another process."""

    async def story(stage: Stage) -> None:
        doomed = await stage.worker("doomed", "chain", place=death)
        instance = await stage.start("chain")
        assert await doomed.ended() == code
        await stage.worker("next", "chain")
        assert await instance.result() == Success("go one two three")
        kinds = [entry.kind for entry in await instance.history()]
        assert Kind.ATTEMPT_FAILED not in kinds
        assert Kind.PAUSED not in kinds
        assert stage.began()["one"] == 1
        assert stage.began()["two"] == 2

    play(place, tmp_path, story)


def test_what_cannot_be_kept_pauses_its_step_at_once_and_no_other(place: str, tmp_path: Path) -> None:
    """The client hears the step and the reason; the effect is not tried again and again; others go on."""

    async def story(stage: Stage) -> None:
        await stage.worker("worker", "unkept", "chain")
        unkept, chain = await stage.start("unkept"), await stage.start("chain")
        with pytest.raises(InstancePaused, match="find") as paused:
            await unkept.result()
        assert paused.value.address == "find"
        assert "object" in str(paused.value)
        assert await chain.result() == Success("go one two three")
        kinds = [entry.kind for entry in await unkept.history()]
        assert kinds == [Kind.STARTED, Kind.ATTEMPT_FAILED]

    play(place, tmp_path, story)


def test_an_odd_exception_is_stored_and_shown(place: str, tmp_path: Path) -> None:
    """With an `__init__` of its own, a cause, in a group, with a huge message and traceback: shown, and bounded."""

    async def story(stage: Stage) -> None:
        await stage.worker("worker", "troubled")
        instance = await stage.start("troubled")
        with pytest.raises(InstancePaused, match="two troubles"):
            await instance.result()
        record = await instance.record()
        assert record.status is Status.PAUSED
        assert "two troubles" in record.detail
        (failed,) = (entry for entry in await instance.history() if entry.kind is Kind.ATTEMPT_FAILED)
        assert failed.payload is not None
        assert "ExceptionGroup" in failed.payload.text
        assert "Ann has not 7" in failed.payload.text
        assert len(failed.payload.text) < 200_000

    play(place, tmp_path, story)
