"""What must each workflow pattern do? Its scenarios, as data.

The numbers and names are those of the workflow control-flow patterns (Russell, ter Hofstede, van der Aalst, Mulyar,
BPM-06-22) and of the exception patterns (BPM-06-04). The first line of each is the one that defines it; `more` are
further ways through the same program. `refused` are the stimuli of a line that must be refused.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Line:
    """Is one way through the program of a pattern."""

    text: str
    refused: tuple[str, ...] = ()


@attrs.frozen
class Scenario:
    """Is a pattern: its number or short name, its name, and its lines."""

    number: str
    name: str
    lines: tuple[Line, ...]


def _scenario(number: int | str, name: str, defining: Line | str, *more: Line | str) -> Scenario:
    return Scenario(
        str(number), name, tuple(line if isinstance(line, Line) else Line(line) for line in (defining, *more))
    )


SCENARIOS = (
    _scenario(
        1,
        "Sequence",
        "{A} A! {B} B! {} => done",
        "A? {A*} A! {B} => running ^ {} => cancelled",
        "A#no {} => failed",
        Line("{A} B! A? A? A! {B} A! B! B! {} => done", ("B!", "A?", "A!", "B!")),
    ),
    _scenario(
        2,
        "Parallel split",
        "{A B C} B! {A C} => running",
        "{A B C} A? B? {A* B* C} B! A! C! {} => done",
        Line("{A B C} A? B#no {} => failed A! ^ => failed", ("A!", "^")),
    ),
    _scenario(3, "Synchronization", "{A B} B! {A} A! {C} C! => done", "A! {B} B? {B*} B! {C} => running"),
    _scenario(4, "Exclusive choice", "{A} A!hi {B} B! => done", "{A} A!lo {C} C! => done", "A! {C} C! => done"),
    _scenario(5, "Simple merge", "A!x {B} B! {D} D! => done", "A!y {C} C! {D} D! => done"),
    _scenario(
        6,
        "Multi-choice",
        "A!bc {B C} C! {B} B! => done",
        "A!b {B} B! => done",
        "A!c {C} C! => done",
        "{A} A! {} => done",
    ),
    _scenario(
        7,
        "Structured synchronizing merge",
        "A!bc {B C} B! {C} C! {D} D! => done",
        "A!b {B} B! {D} D! => done",
        "A! {D} D! => done",
    ),
    _scenario(
        8,
        "Multi-merge",
        "{A B} A! {B D} B! {D D} D! {D} D! => done",
        "{A B} B! {A D} D! {A} A! {D} D! => done",
        "A! B! {D D} D? {D D*} D! {D} D! => done",
    ),
    _scenario(
        9,
        "Structured discriminator",
        "{A B C} B! {A C D} D! {A C} A! {C} C! {} => done",
        "C! {A B D} A! B! {D} => running D! => done",
        "B! {A C D} ^ {} => cancelled",
        "B! D! {A C} A? ^ {} => cancelled",
    ),
    _scenario(
        10,
        "Arbitrary cycles",
        "{A} A!b {B} B! {C} C!a {A} A!c {C} C!b {B} B! {C} C!x => done",
        "A!x {C} C!a {A} A!b {B} B! {C} C!b {B} B! {C} C!a {A} ^ => cancelled",
    ),
    _scenario(
        11,
        "Implicit termination",
        "{A B} B! {A} => running A! {} => done",
        "{A B} A! {B} => running B! => done",
        "{A B} B! {A} ^ {} => cancelled",
        "B#no {} => failed",
    ),
    _scenario(
        12,
        "Multiple instances without synchronization",
        "{R1 R2 R3 D} D! {R1 R2 R3} R2! R1! => running R3! => done",
        "R1! R2! R3! {D} => running D! => done",
    ),
    _scenario(
        13,
        "Multiple instances with a priori design-time knowledge",
        "{R1 R2 R3} R3! R1! {R2} R2! {D} D! => done",
        "{R1 R2 R3} R2? R2#no {} => failed",
    ),
    _scenario(
        14,
        "Multiple instances with a priori run-time knowledge",
        "A!xy {Rx Ry} Rx! {Ry} Ry! {D} D! => done",
        "A! {D} D! => done",
        "A!x {Rx} Rx! {D} D! => done",
    ),
    _scenario(
        15,
        "Multiple instances without a priori run-time knowledge",
        "{R1 R2} R1! {R2} @more=3 {R2 R3} R2! {R3} R3! {D} D! => done",
        Line("R1! R2! {D} @more=3 {D} D! => done", ("@more=3",)),
        "@more=3 @more=4 {R1 R2 R3 R4} R4! R1! R3! {R2} R2! {D} D! => done",
    ),
    _scenario(
        16,
        "Deferred choice",
        "{A} A? {A*} A! {B} B! => done",
        "{A} @s {C} C! => done",
        "{A} +4 {A} +1 {D} D! => done",
        Line("{A} A? @s +9 {A*} A! {B} B! => done", ("@s",)),
        Line("@s {C} A! +5 {C} C! => done", ("A!",)),
    ),
    _scenario(
        17,
        "Interleaved parallel routing",
        "{A C} C? {C*} C! {A} A? {A*} A! {B} B! {D} D! => done",
        "{A C} A? {A*} A! {B C} C? {C*} C! {B} B! {D} D! => done",
        Line("{A C} A? C? C! A! {B C} B! {C} C! {D} D! => done", ("C?", "C!")),
    ),
    _scenario(
        18,
        "Milestone",
        "{A} A! {C} C! @close {B} B! => done",
        "{A} A! {C} @close {B E} B! {E} E! => done",
        "A! C? {C*} @close {B C*} C! B! => done",
        Line("{A} @close C? A! @close {B E} C! E! B! => done", ("@close", "C?", "C!")),
    ),
    _scenario(
        19,
        "Cancel task",
        "{A} A? @stop {B} B! {D} D! => done",
        "A! {D} D! => done",
        Line("{A} A? @stop A! {B} B! {D} => running", ("A!",)),
        Line("A! {D} @stop D! => done", ("@stop",)),
    ),
    _scenario(20, "Cancel case", "{A B} B! {A C} C? ^ {} => cancelled", Line("^ {} ^ A! => cancelled", ("^", "A!"))),
    _scenario(
        21, "Structured loop", "{A} A! {A} A! {A} A!ok {D} D! => done", "A!ok {D} D! => done", "A! A? ^ => cancelled"
    ),
    _scenario(
        22,
        "Recursion",
        "{A2} A2! {A1} A1! {B1} B1! {B2} B2! => done",
        Line("A2! B2! A1! A2! {B1} B1! {B2} => running", ("B2!", "A2!")),
    ),
    _scenario(
        23,
        "Transient trigger",
        Line("{A} @s A! {} => running @s {B} B! => done", ("@s",)),
        Line("A! {} @s {B} @s B! => done", ("@s",)),
    ),
    _scenario(
        24,
        "Persistent trigger",
        "{A} @s {A} A! {B} B! => done",
        "{A} A! {} => running @s {B} B! => done",
        "@s=1 @s=2 A! {B} B! => done",
    ),
    _scenario(
        25,
        "Cancel region",
        Line("{A D E} A! {B D E} B? E! {C F} C! F! => done"),
        "{A D E} A! B! {C D E} E! {C F} F! C! => done",
        "E! {A F} A! {B F} F! B! {C} C! => done",
        Line("A! E! B! D! {C F} => running C! F! => done", ("B!", "D!")),
    ),
    _scenario(
        26,
        "Cancel multiple instance task",
        "{R1 R2 R3} R1! @stop {} => done",
        "R1! R2! R3! {D} D! => done",
        Line("R1! @stop R2! R3? => done", ("R2!", "R3?")),
    ),
    _scenario(
        27,
        "Complete multiple instance task",
        "{R1 R2 R3} R2! {R1 R3} @enough {D1} D1! => done",
        "@enough {D0} D0! => done",
        Line("R1! R2! R3! {D3} @enough D3! => done", ("@enough",)),
        Line("R1? @enough R1! R2! {D0} => running", ("R1!", "R2!")),
    ),
    _scenario(
        28,
        "Blocking discriminator",
        "{A B} A! {B D} D! {B} => running B! {A B} B! {A D} D!ok {A} A! => done",
        "A! B! {D} D! {A B} A! {B D} B! {D} D!ok => done",
        "A! D! {B} ^ {} => cancelled",
    ),
    _scenario(
        29,
        "Cancelling discriminator",
        "{A B C} B! {D} D! => done",
        Line("A? C? {A* B C*} C! {D} A! B? D! => done", ("A!", "B?")),
    ),
    _scenario(
        30,
        "Structured partial join",
        "{A B C} B! {A C} A! {C D} D! {C} C! => done",
        "C! B! {A D} A! {D} D! => done",
    ),
    _scenario(
        31,
        "Blocking partial join",
        "{A B C} A! B! {C D} D! {C} C! {A B C} C! A! {B D} D!ok {B} B! => done",
        "C! B! A! {D} D! {A B C} => running",
    ),
    _scenario(
        32,
        "Cancelling partial join",
        "{A B C} C! {A B} A! {D} D! => done",
        Line("A? B? C? A! {B* C*} B! {D} C! D! => done", ("C!",)),
    ),
    _scenario(
        33,
        "Generalized AND-join",
        "{A A B B} A! A! {B B} B! {B D} D! {B} B! {D} D! => done",
        "A! B! {A B D} A! B! {D D} D! {D} => running D! => done",
        "B! B! A! {A D} A? ^ {} => cancelled",
        "A! B! D#no {} => failed",
    ),
    _scenario(
        34,
        "Static partial join for multiple instances",
        "{R1 R2 R3} R3! {R1 R2} R1! {D R2} D! {R2} R2! => done",
        "R1! R2! {D R3} R3! {D} => running D! => done",
    ),
    _scenario(
        35,
        "Cancelling partial join for multiple instances",
        "{R1 R2 R3} R3! R1! {D} D! => done",
        Line("R2? R3! R1! {D} R2! D! => done", ("R2!",)),
    ),
    _scenario(
        36,
        "Dynamic partial join for multiple instances",
        Line(
            "{R1 R2} R1!bad {R2} @more=3 {R2 R3} R2!good {R3} @more=4 {R3 R4} R3!good {D R4} @more=5 {D R4} D! {R4}"
            " R4! => done",
            ("@more=5",),
        ),
        "R1!good {R2} R2!good {D} D! => done",
        "R1!bad R2!bad {D} D! => done",
    ),
    _scenario(
        37,
        "Local synchronizing merge",
        "A!bc {B C} B! {C} C! {D} D! => done",
        "A!b {B} B! {D} D! => done",
        "A!c {C} C!stop {E} E! => done",
        "A!bc C!stop {B E} B! {D E} D! {E} E! => done",
        "A!bc B! C!stop {D E} E! {D} => running D! => done",
        "A! {} => done",
    ),
    _scenario(
        38,
        "General synchronizing merge",
        "{B C} B! {C} C!again {C} C! {D} D! => done",
        "C!again C!out {B E} B! {D E} D! E! => done",
    ),
    _scenario(
        39,
        "Critical section",
        "{A C E} A? {A* E} A! {B E} E! B! {C} C! {D} D! => done",
        "{A C E} C? {C* E} C! {D E} D! {A E} A! {B E} B! {E} E! => done",
        Line("A? C? C! A! C? {B E} B! {C E} => running", ("C?", "C!", "C?")),
        "A? {A* E} ^ {} => cancelled",
    ),
    _scenario(
        40,
        "Interleaved routing",
        "{A B C} B? {B*} B! {A C} C! {A} A! {D} D! => done",
        Line("C? A? B! C! {A B} A? {A*} A! {B} B! {D} D! => done", ("A?", "B!")),
    ),
    _scenario(
        41,
        "Thread merge",
        "A! A! {A A A A} A! {A A A D} D! A! A! {A} A! {D} D! => done",
        "A! A! A! A! A! {A D} A! {D D} D! => running D! => done",
    ),
    _scenario(
        42,
        "Thread split",
        "{A} A! {B B B} B! {B B C} C! B! B! {C C} C! C! => done",
        "A! B! C! {B B} => running B! C! B! C! => done",
    ),
    _scenario(
        43,
        "Explicit termination",
        "{A B} B! {A C} C? A! {} => done",
        Line("A! {} => done B! ^ => done", ("B!", "^")),
        "B! C! {A} A! {} => done",
    ),
    _scenario(
        "SFF-CWC-COM",
        "Item fails, case goes on, compensated",
        "A! {B} B#boom {E} E! {F} F! {D} D! => done",
        "A! B! {D} D! => done",
        "A#boom {F} F! {D} D! => done",
        "A! B? ^ {E} => running E! {} => cancelled",
    ),
    _scenario(
        "SRS-CWC-NIL",
        "Item restarts, case goes on",
        "A#boom {A} A! {D} D! => done",
        "A! {D} D! => done",
        "A#boom {A} A#boom {} => failed",
    ),
    _scenario(
        "SFF-RCC-COM",
        "Item fails, case is removed, compensated",
        "A! B#boom {E} E! => failed",
        "A! B! => done",
        Line("A! B#boom {E} B! => running E! {} => failed", ("B!",)),
    ),
    _scenario(
        "SCE-CWC-COM",
        "Deadline passes: item and case go on, work beside it",
        "{A} +5 {A B} B! {A} A! {D} D! => done",
        "A! {D} +5 {D} D! => done",
        "+5 {A B} A! {B} B! {D} D! => done",
        "+11 {A B B} B! A! {B} B! {D} D! => done",
    ),
    _scenario(
        "SFF-CWC-NIL",
        "Deadline passes: item fails, case goes on",
        "{A} +5 {D} D! => done",
        Line("A? +4 {A*} +1 {D} A! D! => done", ("A!",)),
        "+4 A! {D} +9 {D} D! => done",
    ),
    _scenario(
        "saga",
        "Compensation in reverse order",
        "A! B! C#no {uB} uB! {uA} uA! => done",
        "A! B! C! {} => done",
        "A! B#no {uA} uA! => done",
        "A#no {} => done",
        "A! B! C? ^ {uB} uB! {uA} uA! {} => cancelled",
        "A! B! C#no {uB} uB#x {} => failed",
        "A! B! C#no {uB} uB#x {} ~ {uB} uB! {uA} uA! => done",
    ),
)
