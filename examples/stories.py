"""How is a workflow tried on stories from a file? Each has an input, the signals to send, and the expected ending."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs
import msgspec
from returns.result import Result, Success

from examples.bank import World
from interpreters import Instance, Runtime
from wio import Signal, Workflow

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")


@attrs.frozen
class Message:
    """Is a signal to send: its name, and the request as plain data."""

    signal: str
    request: Any


@attrs.frozen
class Ending:
    """Is how an instance ends: the name of the class of its value or error, and its fields as plain data."""

    type: str
    value: Any


@attrs.frozen
class Story:
    """Is one instance: its id, what it shows, its input as plain data, what it is sent, and how it has to end."""

    id: str
    about: str
    input: Any
    signals: tuple[Message, ...]
    ending: Ending


@attrs.frozen
class Book:
    """Is a file of stories, with the world of each account in which they take place."""

    worlds: Mapping[str, World]
    stories: tuple[Story, ...]


def read_book(path: Path) -> Book:
    """Return the stories in a JSON file."""
    return msgspec.json.decode(path.read_bytes(), type=Book)


def input_of(story: Story, workflow: Workflow[A, Any, Any]) -> A:
    """Return the input with which a story starts."""
    return msgspec.convert(story.input, workflow.input)


def requests_of(story: Story, signals: Iterable[Signal[Any, Any]]) -> tuple[tuple[str, Signal[Any, Any], Any], ...]:
    """Return for each message of a story an idempotency key, the signal and the request."""
    by_name = {signal.name: signal for signal in signals}
    named = [(by_name[message.signal], message.request) for message in story.signals]
    return tuple(
        (f"message {number}", signal, msgspec.convert(request, signal.request))
        for number, (signal, request) in enumerate(named, 1)
    )


def ending_of(result: Result[object, object]) -> Ending:
    """Return a result as it is written in a file."""
    value = result.unwrap() if isinstance(result, Success) else result.failure()
    return Ending(type(value).__name__, msgspec.json.decode(msgspec.json.encode(value)))


async def play(
    runtime: Runtime, workflow: Workflow[A, E, B], story: Story, signals: Iterable[Signal[Any, Any]]
) -> Instance[E, B]:
    """Play a story to its end, or go on with it: thanks to their keys, messages that had arrived count once."""
    instance = await runtime.start(workflow, id=story.id, input=input_of(story, workflow))
    await asyncio.gather(
        *(instance.signal(signal, request, key=key) for key, signal, request in requests_of(story, signals))
    )
    await instance.result()
    return instance
