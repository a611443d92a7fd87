"""Is every line read as it is meant, and nothing else?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.patterns.edges import EDGES
from tests.patterns.notation import (
    Cancels,
    Claims,
    Completes,
    Ending,
    Ends,
    Fails,
    NotationError,
    Offered,
    Passes,
    Resumes,
    Said,
    Sends,
    tokens,
)
from tests.patterns.scenarios import SCENARIOS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{}", Offered(())),
        ("{ }", Offered(())),
        ("{C A B}", Offered(("A", "B", "C"))),
        ("{D* D Rx uA}", Offered(("D", "D*", "Rx", "uA"))),
        ("A?", Claims("A")),
        ("R12?", Claims("R12")),
        ("A!", Completes("A", "")),
        ("A!hi", Completes("A", "hi")),
        ("A!a=b!c#d?", Completes("A", "a=b!c#d?")),
        ("A!-1.5", Completes("A", "-1.5")),
        ("uB!", Completes("uB", "")),
        ("A#boom", Fails("A", "boom")),
        ("A#", Fails("A", "")),
        ("@s", Sends("s", "")),
        ("@s=", Sends("s", "")),
        ("@more=3", Sends("more", "3")),
        ("@more=a=b", Sends("more", "a=b")),
        ("+5", Passes(5)),
        ("+120", Passes(120)),
        ("^", Cancels()),
        ("~", Resumes()),
        ("=> done", Ends(Ending.DONE)),
        ("=>failed", Ends(Ending.FAILED)),
        ("=> cancelled", Ends(Ending.CANCELLED)),
        ("=>   running", Ends(Ending.RUNNING)),
        ("=> stuck", Ends(Ending.STUCK)),
    ],
)
def test_a_token_is_read(text: str, says: Said) -> None:
    (token,) = tokens(f"  {text} ")
    assert (token.text, token.says) == (text, says)


def test_a_line_is_read_in_order() -> None:
    read = [token.text for token in tokens("{A} A!x{B}B? ^ {} => cancelled\t+1")]
    assert read == ["{A}", "A!x", "{B}", "B?", "^", "{}", "=> cancelled", "+1"]
    assert tokens("") == ()


@pytest.mark.parametrize(
    ("line", "position"),
    [
        ("{A} what", 4),
        ("{A", 0),
        ("A}", 0),
        ("{A {B}}", 0),
        ("{A?}", 0),
        ("{A**}", 0),
        ("{1}", 0),
        ("1!", 0),
        ("A", 0),
        ("A?B!", 0),
        ("A! !", 3),
        ("+x", 0),
        ("+-1", 0),
        ("+1.5", 0),
        ("@", 0),
        ("@=3", 0),
        ("^^", 0),
        ("~A!", 0),
        ("=>", 0),
        ("=> finished", 3),
        ("=> done!", 0),
        ("A! B} C!", 3),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(line: str, position: int) -> None:
    with pytest.raises(NotationError) as refused:
        tokens(line)
    assert refused.value.position == position
    assert repr(line) in str(refused.value)


@given(some.text(alphabet="AB1u{}*?!#@=>+^~ d", max_size=12))
def test_every_text_is_read_or_refused_whole(line: str) -> None:
    try:
        read = tokens(line)
    except NotationError:
        return
    assert "".join("".join(token.text for token in read).split()) == "".join(line.split())


def test_the_patterns_are_all_there() -> None:
    numbers = [scenario.number for scenario in SCENARIOS]
    assert numbers[:43] == [str(number) for number in range(1, 44)]
    assert len(numbers) == len(set(numbers)) == 49


def test_every_line_can_be_read_and_ends_somewhere() -> None:
    lines = [line for scenario in SCENARIOS for line in scenario.lines]
    lines += [line for edge in EDGES for line in edge.lines]
    for line in lines:
        read = tokens(line.text)
        assert isinstance(read[-1].says, Ends | Offered)
        assert set(line.refused) <= {token.text for token in read}
