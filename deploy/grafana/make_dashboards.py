"""Write the dashboards and the map's files: ``python -m deploy.grafana.make_dashboards``.

Grafana reads the JSON; nobody edits it, and a test compares it with what is written here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

from deploy.grafana.board import Board, variable
from deploy.grafana.boards import delivery, kafka, labels, overview, pipeline, sources
from deploy.grafana.panels import WIDTH, Json

BOARDS = (
    overview.overview,
    pipeline.pipeline,
    sources.sources,
    delivery.delivery,
    labels.labels,
    kafka.kafka,
)
HERE = Path(__file__).parent
OUTLINE = HERE.parents[1] / "seeds" / "places" / "outline.json"
#: Latitude and longitude, for a mark on the map, of what the outline has no middle of: whole countries, and one
#: province that is younger than it.
MIDDLES = {
    "BN": (4.5, 114.7), "ID": (-2.5, 118.0), "KH": (12.6, 104.9), "LA": (18.2, 103.9), "LA-XS": (18.9, 103.1),
    "MM": (19.8, 96.1), "MY": (4.0, 109.5), "PG": (-6.5, 145.0), "PH": (12.9, 122.0), "SG": (1.35, 103.8),
    "TH": (15.1, 101.0), "TL": (-8.8, 125.9), "VN": (16.0, 107.8),
}  # fmt: skip
#: One transparent pixel.
BLANK = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="


def dashboard(board: Board) -> Json:
    """A dashboard as Grafana reads it; panels are set side by side, row by row."""
    chosen = {"text": "Prometheus", "value": "siaga-prometheus"}
    source = {
        "name": "datasource",
        "label": "Datasource",
        "type": "datasource",
        "query": "prometheus",
        "current": chosen,
    }
    links = {
        "title": "Siaga",
        "type": "dashboards",
        "tags": ["siaga"],
        "asDropdown": True,
        "includeVars": False,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "The other dashboards",
        "url": "",
    }
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.about,
        "tags": ["siaga"],
        "schemaVersion": 41,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "timezone": "browser",
        "time": {"from": board.start, "to": "now"},
        "links": [links],
        "templating": {"list": [source, *(variable(*one) for one in board.variables.items())]},
        "panels": list(_placed(board)),
    }


def _placed(board: Board) -> Iterator[Json]:
    number, y = 0, 0
    for row in board.rows:
        number += 1
        place = {"h": 1, "w": WIDTH, "x": 0, "y": y}
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [], "gridPos": place}
        x, y, tallest = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            number += 1
            yield panel.as_json(number, x, y)
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest


def map_files() -> dict[str, bytes]:
    """Where our regions are and what they look like, in the two forms Grafana reads."""
    regions = json.loads(OUTLINE.read_text(encoding="utf-8"))["regions"]
    middles = MIDDLES | {code: region["at"] for code, region in regions.items() if region["at"]}
    places = [
        {"key": code, "name": code, "latitude": lat, "longitude": lon}
        for code, (lat, lon) in sorted(middles.items())
    ]
    land = [
        {
            "type": "Feature",
            "properties": {"region": code},
            "geometry": {"type": "MultiPolygon", "coordinates": [[_closed(ring)] for ring in region["rings"]]},
        }
        for code, region in sorted(regions.items())
        if region["rings"]
    ]
    outline = {"type": "FeatureCollection", "features": land}
    return {
        "siaga-regions.json": _compact(places),
        "siaga-outline.json": _compact(outline),
        "siaga-blank.png": base64.b64decode(BLANK),
    }


def _closed(ring: list[list[float]]) -> list[list[float]]:
    return ring if ring[0] == ring[-1] else [*ring, ring[0]]


def _compact(value: object) -> bytes:
    return (json.dumps(value, separators=(",", ":")) + "\n").encode()


def written() -> dict[Path, bytes]:
    """Every file, by its path below this folder."""
    made = {
        Path("dashboards") / f"{board.uid.removeprefix('siaga-')}.json": (
            json.dumps(dashboard(board), indent=1, ensure_ascii=False) + "\n"
        ).encode()
        for board in (make() for make in BOARDS)
    }
    return made | {Path("map") / name: content for name, content in map_files().items()}


def main() -> None:
    """Write them."""
    for path, content in written().items():
        (HERE / path).parent.mkdir(exist_ok=True)
        (HERE / path).write_bytes(content)


if __name__ == "__main__":
    main()
