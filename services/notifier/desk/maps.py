"""Draw incidents on a map made of our own outlines: no tile and no request to anybody else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.contracts.codes import Role
from services.contracts.tagging import Place
from services.runtime.errors import OperatorError

#: Degrees: from Myanmar to Papua, from Luzon to Rote.  Equirectangular, which near the equator is true enough.
WEST, EAST, SOUTH, NORTH = 92.0, 141.4, -11.4, 23.5
SCALE = 20.0
WIDTH, HEIGHT = (EAST - WEST) * SCALE, (NORTH - SOUTH) * SCALE
#: A part of the map is never narrower than this, so that a single point has surroundings.
_NARROWEST = 6.0 * SCALE
_MARGIN = 2.0 * SCALE
_WAY = (Role.ORIGIN, Role.EVENT, Role.TRANSIT, Role.DESTINATION)
Point = tuple[float, float]


@dataclass(frozen=True)
class Dot:
    """Something on the map: where, how bad, how many, and which filter shows it."""

    x: float
    y: float
    radius: float
    severity: int
    count: int
    region: str


@dataclass(frozen=True)
class Outline:
    """Where the regions are, in degrees, and their shapes as SVG paths."""

    middles: Mapping[str, Point]
    paths: tuple[str, ...]


def load_outline(path: Path) -> Outline:
    """Read ``outline.json``.

    Raises:
        OperatorError: the file is missing or is not an outline.
    """
    try:
        regions = json.loads(path.read_text(encoding="utf-8"))["regions"]
        middles = {code: (float(r["at"][0]), float(r["at"][1])) for code, r in regions.items() if r.get("at")}
        paths = tuple(_path(ring) for region in regions.values() for ring in region["rings"])
    except OSError as error:
        raise OperatorError(f"outline {path}", error.strerror or "cannot be read") from None
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise OperatorError(f"outline {path}", f"is not an outline: {error!r}") from None
    return Outline(middles, paths)


def project(lat: float, lon: float) -> Point:
    """Degrees to the map's own units."""
    return (lon - WEST) * SCALE, (NORTH - lat) * SCALE


def _path(ring: Sequence[Sequence[float]]) -> str:
    points = [project(lat, lon) for lon, lat in ring]
    return "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in points) + "Z"


def background(outline: Outline) -> str:
    """The land as an SVG file of its own, which a browser keeps for a week."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}">'
        f'<path fill="#f4f1ea" stroke="#b9b3a6" stroke-width="1" d="{"".join(outline.paths)}"/></svg>'
    )


def where(outline: Outline, place: Place) -> Point | None:
    """Where a place is: its own coordinates, else its region's middle; None for a country alone."""
    if place.lat is not None and place.lon is not None:
        return place.lat, place.lon
    return outline.middles.get(place.region or "")


def dots(outline: Outline, spots: Iterable[tuple[str, int, int]]) -> list[Dot]:
    """A dot a region: as bad as the worst and as large as many; the worst on top.

    Args:
        outline: where regions are; what it does not know is left out.
        spots: region, the severity of the worst, how many.
    """
    made = []
    for region, severity, count in spots:
        middle = outline.middles.get(region)
        if middle is not None:
            x, y = project(*middle)
            made.append(Dot(x, y, 9.0 + 5.0 * min(count, 16) ** 0.5, severity, count, region))
    return sorted(made, key=lambda dot: (dot.severity, -dot.count))


def way(points: Iterable[tuple[Role, Point]]) -> list[Point]:
    """The route, from where people came to where they were to go; empty where only one place of it is known."""
    stations: dict[Role, Point] = {}
    for role, point in points:
        stations.setdefault(role, point)
    return list(dict.fromkeys(stations[role] for role in _WAY if role in stations)) if len(stations) > 1 else []


def view_box(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """The part of the map that shows these points, in its own units; the whole where there are none."""
    if not points:
        return 0.0, 0.0, WIDTH, HEIGHT
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, right, top, bottom = min(xs) - _MARGIN, max(xs) + _MARGIN, min(ys) - _MARGIN, max(ys) + _MARGIN
    width, height = max(right - left, _NARROWEST), max(bottom - top, _NARROWEST * 0.7)
    return (left + right - width) / 2, (top + bottom - height) / 2, width, height
