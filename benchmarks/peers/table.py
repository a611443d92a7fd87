"""How are the peers' figures told to people? A line for each figure, a column for each peer, ratios beside them."""

from __future__ import annotations

from collections.abc import Mapping

_WIDTH = 12
_RATIO_WIDTH = 9


def table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Return the table; a ratio above 1 says that wio is faster, whichever way the figure counts.

    >>> print(table({"wio": {"steps_per_second": 9000, "one_step_p50_ms": 1.5}, "dbos": {"steps_per_second": 300}}))
                                              wio        dbos
    steps_per_second                        9,000         300   30.0 x
    one_step_p50_ms                         1.500           -
    """
    names = list(dict.fromkeys(name for of_peer in figures.values() for name in of_peer))
    ours = figures.get("wio", {})
    heading = " " * 33 + "".join(_cell(peer) + _ratio_space(peer) for peer in figures)
    return "\n".join([heading.rstrip(), *(_line(name, figures, ours.get(name)) for name in names)])


def _line(name: str, figures: Mapping[str, Mapping[str, float]], ours: float | None) -> str:
    cells = "".join(
        _cell(_number(of_peer.get(name)))
        + ("" if peer == "wio" else f"{_ratio(name, ours, of_peer.get(name)):>{_RATIO_WIDTH}}")
        for peer, of_peer in figures.items()
    )
    return f"{name:33}{cells}".rstrip()


def _cell(text: str) -> str:
    return f"{text:>{_WIDTH}}"


def _ratio_space(peer: str) -> str:
    return "" if peer == "wio" else " " * _RATIO_WIDTH


def _number(figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:,.0f}" if figure >= 1_000 or figure == int(figure) else f"{figure:.3f}"


def _ratio(name: str, ours: float | None, theirs: float | None) -> str:
    if not ours or not theirs:
        return ""
    faster = theirs / ours if name.endswith("_ms") else ours / theirs
    return f"{faster:.1f} x" if faster >= 1 else f"{faster:.2f} x"
