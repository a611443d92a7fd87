"""What do `wio signal` and `wio query` print, refuse and leave alone?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def signal(wio: Callable[..., Any], name: str, signal: str, request: str, key: str = "k") -> Any:
    """Send a signal to the instance that has the name of its workflow."""
    words = ("--id", name, "--signal", signal, "--request", request, "--key", key)
    return wio("signal", f"shell_workflows:{name}", *words)


def test_a_signal_prints_its_response_and_moves_the_instance(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("order")
    answer = signal(wio, "order", "confirm", '{"by": "Ann"}')
    assert (answer.code, answer.json()) == (0, "Hi Ann")
    assert answer.err == 'order completed with str "2 x book by Ann"\n'


def test_as_json_a_response_comes_with_what_became_of_the_instance(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    for name in ("order", "keeping"):
        started(name)
    words = ("--signal", "confirm", "--request", '{"by": "Ann"}', "--key", "k", "--json")
    answer = wio("signal", "shell_workflows:order", "--id", "order", *words)
    assert (answer.code, answer.err) == (0, "")
    said = answer.json()
    assert (said["answered"], said["response"]) == (True, "Hi Ann")
    assert (said["instance"]["state"], said["instance"]["outcome"]["value"]) == ("Completed", "2 x book by Ann")
    kept = wio(
        *("signal", "shell_workflows:keeping", "--id", "keeping", "--signal", "kept", "--request", "41"),
        *("--key", "k", "--json"),
    )
    assert (kept.code, kept.err) == (4, "")
    assert (kept.json()["answered"], kept.json()["response"]) == (False, None)
    assert kept.json()["instance"]["id"] == "keeping"


def test_as_json_an_answer_says_what_was_asked(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("query", "shell_workflows:order", "--id", "order", "--query", "status", "--json")
    assert answer.json() == {"id": "order", "query": "status", "answer": "Reserved"}


def test_a_signal_without_a_key_gets_one_that_is_told(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("keeping")
    send = ("signal", "shell_workflows:keeping", "--id", "keeping", "--signal", "kept", "--request", "41", "--json")
    first, again, other = wio(*send), wio(*send), wio(*send, "--key", "k")
    keys = [answer.json()["key"] for answer in (first, again, other)]
    assert len({*keys}) == 3
    assert keys[2] == "k"
    entries = wio("history", "--id", "keeping", "--json").json()
    assert [entry["key"] for entry in entries if entry["kind"] == "signal_kept"] == [f"kept:{key}" for key in keys]


def test_a_signal_that_is_repeated_with_its_key_gets_the_first_response(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("order")
    signal(wio, "order", "confirm", '{"by": "Ann"}')
    assert signal(wio, "order", "confirm", '{"by": "Bob"}').json() == "Hi Ann"


def test_a_request_may_be_a_file(started: Callable[..., Any], wio: Callable[..., Any], tmp_path: Path) -> None:
    started("order")
    (tmp_path / "request.json").write_text('{"by": "Ann"}')
    assert signal(wio, "order", "confirm", "request.json").json() == "Hi Ann"


def test_a_signal_inside_a_continuation_is_found_in_the_module(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("dynamic")
    assert signal(wio, "dynamic", "later", '"hello"').json() == "hello"


def test_a_signal_that_is_kept_is_said_to_be(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("keeping")
    answer = signal(wio, "keeping", "kept", "41")
    assert (answer.code, answer.json()) == (4, None)
    assert answer.err.splitlines()[-1] == (
        "wio: the signal is kept until a step takes it. Sent again with key 'k' it gets that step's response."
    )
    assert wio("history", "--id", "keeping", "--json").json()[-1]["kind"] == "signal_kept"


@pytest.mark.parametrize(
    ("name", "request_", "complaint"),
    [
        ("confrm", "1", "There is no signal 'confrm' in the workflow or its module; they have: confirm, kept, later."),
        ("confirm", "1", "--request is not a Confirmation: Expected `object`"),
        ("confirm", '{"by": ""}', "ValueError: nobody confirms"),
        ("later", '"x"', "Signal 'later' was refused"),
    ],
)
def test_a_refused_signal_is_one_line_and_records_nothing(
    started: Callable[..., Any], wio: Callable[..., Any], name: str, request_: str, complaint: str
) -> None:
    started("order")
    answer = signal(wio, "order", name, request_)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.splitlines()[-1].startswith(f"wio: {complaint}")
    assert len(wio("history", "--id", "order", "--json").json()) == 2


def test_a_query_prints_its_answer_and_changes_nothing(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("query", "shell_workflows:order", "--id", "order", "--query", "status")
    assert (answer.code, answer.json(), answer.err) == (0, "Reserved", "")
    assert len(wio("history", "--id", "order", "--json").json()) == 2


def test_a_query_that_nobody_answers_is_refused(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("dynamic")
    answer = wio("query", "shell_workflows:dynamic", "--id", "dynamic", "--query", "status")
    assert (answer.code, answer.out) == (1, "")
    assert "Nobody answers query 'status'" in answer.err


def test_a_module_without_any_query_is_said_to_have_none(wio: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "unasked.py").write_text(
        "from wio import Workflow, pure\nnothing = Workflow('nothing', version=1, input=int, root=pure(1))\n"
    )
    answer = wio("query", "unasked:nothing", "--id", "a", "--query", "status")
    assert answer.err == "wio: There is no query 'status': neither the workflow nor its module has any query.\n"


@pytest.mark.parametrize(
    "words",
    [("signal", "--signal", "confirm", "--request", '{"by": "Ann"}', "--key", "k"), ("query", "--query", "status")],
    ids=["signal", "query"],
)
def test_of_a_parked_instance_the_reason_is_told_once(
    started: Callable[..., Any], wio: Callable[..., Any], words: tuple[str, ...]
) -> None:
    started("order")
    command, *more = words
    for _ in range(2):
        answer = wio(command, "shell_workflows:reordered", "--id", "order", *more)
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.startswith("wio: order is paused: JournalMismatch: Entry 2 (event at 'reserve') does not fit")
        assert answer.err.count("\n") == 1
        assert answer.err.count("Entry 2") == 1
        assert answer.err.endswith("then: wio resume shell_workflows:reordered --id order\n")


def test_an_unknown_instance_is_named(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("query", "shell_workflows:order", "--id", "nobody", "--query", "status")
    assert answer.code == 1
    assert "No instance 'nobody'" in answer.err
