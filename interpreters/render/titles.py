"""Where do the titles of boxes stand in an SVG picture? Beside the lines that come in.

Graphviz sets a title at the left of its box, whatever runs through there:

    | stock |      |      before
    |       | stock|      behind the line, where there is room; otherwise the title hides the line
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial

_BOX = re.compile(r'<g id="clust\d+" class="cluster">.*?(?=<g id="(?:clust|node|edge)\d|<!--|</g>\n</svg>)', re.DOTALL)
_OUTLINE = re.compile(r'<(?:path|polygon) fill="([^"]*)"[^>]* (?:d|points)="([^"]*)"')
_TEXT = re.compile(
    r'(<text [^>]*text-anchor="start" )x="([^"]*)" y="([^"]*)"([^>]*font-size="([^"]*)"[^>]*>)(.*?)</text>\n'
)
_LINE = re.compile(r'class="edge">.*?<path fill="none"[^>]* d="([^"]*)"', re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_END = "</g>\n</svg>"

_STEPS = 60
"""Is into how many pieces a curve is taken apart."""
_MARGIN = 4
_NARROW, _WIDE = frozenset(" iljtfrI.,:;'!|()[]"), frozenset("mwMW%@…—")

_Point = tuple[float, float]


def with_clear_titles(svg: str) -> str:
    """Return the SVG that Graphviz has made with no line through the title of a box; other text as it is."""
    points = tuple(_points(svg))
    lifted: list[str] = []
    moved = _BOX.sub(partial(_cleared, points, lifted), svg)
    end = moved.rfind(_END)
    return moved[:end] + "".join(lifted) + moved[end:] if lifted else moved


def text_width(words: str, size: float) -> float:
    """Return about how wide some words are in the widest of the usual fonts."""
    return size * sum(map(_letter_width, words))


def _letter_width(letter: str) -> float:
    if letter in _NARROW:
        return 0.4
    if letter in _WIDE or unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.69 if letter.isupper() else 0.62


# Lines


def _points(svg: str) -> Iterator[_Point]:
    for drawn in _LINE.findall(svg):
        numbers = [float(number) for number in _NUMBER.findall(drawn)]
        along = list(zip(numbers[::2], numbers[1::2], strict=False))
        for first in range(0, len(along) - 3, 3):
            yield from _curve(along[first : first + 4])


def _curve(corners: Sequence[_Point]) -> Iterator[_Point]:
    """Yield points of a Bézier curve."""
    for step in range(_STEPS + 1):
        to = step / _STEPS
        shares = ((1 - to) ** 3, 3 * to * (1 - to) ** 2, 3 * to**2 * (1 - to), to**3)
        yield (
            sum(share * x for share, (x, _) in zip(shares, corners, strict=True)),
            sum(share * y for share, (_, y) in zip(shares, corners, strict=True)),
        )


def _between(points: Sequence[_Point], top: float, bottom: float) -> tuple[float, ...]:
    return tuple(sorted(x for x, y in points if top <= y <= bottom))


# Titles


def _cleared(points: Sequence[_Point], lifted: list[str], box: re.Match[str]) -> str:
    """Return a box with its title at a free place. Without one, the title is lifted above the lines."""
    drawn = box[0]
    outline, title = _OUTLINE.search(drawn), list(_TEXT.finditer(drawn))
    if outline is None or not title:
        return drawn
    size = float(title[0][5])
    top, bottom = float(title[0][3]) - size, float(title[-1][3]) + size / 4
    width = max(text_width(_words(line), size) for line in title)
    left, right = float(title[0][2]), _right_side(outline[2]) - _MARGIN
    begin = _free(_between(points, top, bottom), left, right, width)
    if begin is not None:
        return _TEXT.sub(partial(_at, begin), drawn)
    place = f'x="{left:g}" y="{top:g}" width="{min(width, right - left):g}" height="{bottom - top:g}"'
    fill = "white" if outline[1] == "none" else outline[1]
    lifted.append(f'<rect {place} fill="{fill}" fill-opacity="0.9"/>\n')
    lifted.extend(_at(left, line) for line in title)
    return _TEXT.sub("", drawn)


def _right_side(outline: str) -> float:
    return max(float(number) for number in _NUMBER.findall(outline)[::2])


def _words(line: re.Match[str]) -> str:
    return html.unescape(line[6]).replace("\N{NO-BREAK SPACE}", " ").rstrip()


def _free(crossed: Sequence[float], left: float, right: float, width: float) -> float | None:
    """Return where a title of this width may begin, as far to the left as it goes, or None."""
    if _is_free(crossed, left, left + width):
        return left  # Graphviz has made room there, so its end need not be looked at.
    behind_lines = (x + _MARGIN for x in crossed if left < x + _MARGIN <= right - width)
    return next((begin for begin in behind_lines if _is_free(crossed, begin, begin + width)), None)


def _is_free(crossed: Sequence[float], begin: float, end: float) -> bool:
    return not any(begin - _MARGIN < x < end + _MARGIN for x in crossed)


def _at(x: float, line: re.Match[str]) -> str:
    words = html.escape(_words(line), quote=False).replace("  ", " \N{NO-BREAK SPACE}")
    return f'{line[1]}x="{x:g}" y="{line[3]}"{line[4]}{words}</text>\n'
