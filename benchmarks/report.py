"""How are measurements told? As lines for people, and with `--json` as one object on the last line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence


def percentile_ms(seconds: Sequence[float], percent: float) -> float:
    """Return a percentile of durations, in milliseconds, rounded to microseconds."""
    ordered = sorted(seconds)
    index = min(len(ordered) - 1, int(len(ordered) * percent / 100))
    return round(ordered[index] * 1_000, 3)


def report(figures: Mapping[str, object], *, as_json: bool) -> None:
    """Print the figures, one a line, or all of them as one JSON object."""
    if as_json:
        print(json.dumps(dict(figures)))
        return
    for name, figure in figures.items():
        print(f"{name:32} {figure:,.3f}" if isinstance(figure, float) else f"{name:32} {figure}")
