"""The few shapes of panels our dashboards are made of, as Grafana's JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
WIDTH = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, YELLOW, RED = "green", "yellow", "red"


@dataclass(frozen=True)
class Query:
    """One question to Prometheus; ``legend`` names each answer."""

    expr: str
    legend: str = ""
    instant: bool = False

    def as_json(self, letter: str) -> Json:
        asked: Json = {"refId": letter, "datasource": SOURCE, "expr": self.expr, "legendFormat": self.legend}
        return asked | ({"instant": True, "range": False, "format": "table"} if self.instant else {})


@dataclass(frozen=True)
class Panel:
    """One panel; it is placed by the dashboard.

    Attributes:
        steps: value and colour from which on it holds, the lowest first.
        link: uid of the dashboard that says more.
    """

    kind: str
    title: str
    about: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 8
    height: int = 8
    steps: tuple[tuple[float | None, str], ...] = ((None, GREEN),)
    options: Json = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    overrides: tuple[Json, ...] = ()
    transformations: tuple[Json, ...] = ()
    link: str = ""

    def as_json(self, number: int, x: int, y: int) -> Json:
        thresholds = {"mode": "absolute", "steps": [{"value": at, "color": color} for at, color in self.steps]}
        made: Json = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.about,
            "datasource": SOURCE,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {
                "defaults": {"unit": self.unit, "thresholds": thresholds, **self.defaults},
                "overrides": list(self.overrides),
            },
            "options": self.options,
            "targets": [query.as_json(chr(ord("A") + n)) for n, query in enumerate(self.queries)],
        }
        if self.transformations:
            made["transformations"] = list(self.transformations)
        if self.link:
            made["links"] = [link_to(self.link)]
        return made


def link_to(uid: str) -> Json:
    """A link in a panel's corner, with the time range on the screen."""
    return {
        "title": "More",
        "type": "link",
        "url": f"/d/{uid}?${{__url_time_range}}",
        "tooltip": "The dashboard that says more",
        "icon": "",
        "tags": [],
        "asDropdown": False,
        "includeVars": False,
        "keepTime": True,
        "targetBlank": False,
    }


@dataclass(frozen=True)
class Row:
    """A heading and the panels below it."""

    title: str
    panels: tuple[Panel, ...]


def alarm(at: float, worse: float | None = None) -> tuple[tuple[float | None, str], ...]:
    """Green below ``at``; yellow from there and red from ``worse``, or red at once."""
    if worse is None:
        return ((None, GREEN), (at, RED))
    return ((None, GREEN), (at, YELLOW), (worse, RED))


def too_low(red: float, yellow: float) -> tuple[tuple[float | None, str], ...]:
    """Red below ``red``, yellow below ``yellow``."""
    return ((None, RED), (red, YELLOW), (yellow, GREEN))


def number(
    title: str,
    about: str,
    expr: str,
    *,
    unit: str = "short",
    steps: tuple[tuple[float | None, str], ...] = ((None, GREEN),),
    width: int = 4,
    link: str = "",
    decimals: int | None = None,
) -> Panel:
    """One figure, coloured by its thresholds."""
    options: Json = {
        "colorMode": "background",
        "graphMode": "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "value",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    defaults: Json = {"noValue": "none"} | ({"decimals": decimals} if decimals is not None else {})
    return Panel(
        "stat",
        title,
        about,
        (Query(expr),),
        unit=unit,
        width=width,
        height=4,
        steps=steps,
        options=options,
        defaults=defaults,
        link=link,
    )


def lines(
    title: str,
    about: str,
    *queries: Query,
    unit: str = "short",
    steps: tuple[tuple[float | None, str], ...] = ((None, GREEN),),
    width: int = 8,
    stacked: bool = False,
    at_most: float | None = None,
) -> Panel:
    """Figures over time; a threshold is drawn as a line."""
    custom: Json = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if stacked else 5,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if len(steps) > 1 else "off"},
    }
    options: Json = {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    defaults: Json = {"custom": custom, "min": 0} | ({"max": at_most} if at_most is not None else {})
    return Panel(
        "timeseries",
        title,
        about,
        queries,
        unit=unit,
        width=width,
        steps=steps,
        options=options,
        defaults=defaults,
    )


def bars(title: str, about: str, query: Query, *, unit: str = "short", width: int = 8) -> Panel:
    """One bar for each value of a label, for the time range on the screen."""
    options: Json = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "valueMode": "text",
        "namePlacement": "auto",
        "sizing": "auto",
        "showUnfilled": True,
        "minVizHeight": 12,
        "minVizWidth": 8,
        "maxVizHeight": 300,
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    defaults: Json = {"min": 0, "color": {"mode": "continuous-BlPu"}, "decimals": 0}
    return Panel("bargauge", title, about, (query,), unit=unit, width=width, options=options, defaults=defaults)


def table(
    title: str,
    about: str,
    *queries: Query,
    columns: Sequence[tuple[str, str, Json]],
    width: int = WIDTH,
    height: int = 10,
    sort_by: str = "",
) -> Panel:
    """Instant answers joined by their labels.

    Args:
        columns: field, heading and its field config; whatever is not listed is left out.
    """
    options: Json = {
        "frameIndex": 0,
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": [], "countRows": False, "fields": []},
    }
    if sort_by:
        options["sortBy"] = [{"displayName": sort_by, "desc": True}]
    overrides = tuple(
        {
            "matcher": {"id": "byName", "options": heading},
            "properties": [{"id": key, "value": value} for key, value in config.items()],
        }
        for _, heading, config in columns
        if config
    )
    transformations: tuple[Json, ...] = (
        {"id": "merge", "options": {}},
        {
            "id": "filterFieldsByName",
            "options": {"include": {"names": [name for name, _, _ in columns]}},
        },
        {
            "id": "organize",
            "options": {
                "indexByName": {name: at for at, (name, _, _) in enumerate(columns)},
                "renameByName": {name: heading for name, heading, _ in columns},
            },
        },
    )
    return Panel(
        "table",
        title,
        about,
        queries,
        width=width,
        height=height,
        options=options,
        defaults={"custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}},
        overrides=overrides,
        transformations=transformations,
    )


def colored(unit: str, steps: tuple[tuple[float | None, str], ...], **more: Any) -> Json:
    """A column's unit and the colour of its cells."""
    return {
        "unit": unit,
        "thresholds": {"mode": "absolute", "steps": [{"value": at, "color": color} for at, color in steps]},
        "custom.cellOptions": {"type": "color-background", "mode": "basic"},
        **more,
    }


def world(title: str, about: str, query: Query) -> Panel:
    """A map of our regions: outlines, gazetteer and the blank tile are our own files, nobody else is asked."""
    size: Json = {"fixed": 5, "field": "Value", "min": 4, "max": 24}
    style: Json = {
        "size": size,
        "color": {"fixed": "dark-red", "field": "Value"},
        "opacity": 0.6,
        "symbol": {"fixed": "img/icons/marker/circle.svg", "mode": "fixed"},
        "text": {"fixed": "", "field": "region", "mode": "field"},
        "textConfig": {
            "fontSize": 10,
            "offsetX": 0,
            "offsetY": 14,
            "textAlign": "center",
            "textBaseline": "middle",
        },
    }
    land: Json = {
        "type": "geojson",
        "name": "Land",
        "config": {
            "src": "public/maps/siaga-outline.json",
            "rules": [],
            "style": {"color": {"fixed": "gray"}, "opacity": 0.2},
        },
        "tooltip": False,
    }
    marks: Json = {
        "type": "markers",
        "name": "Stories",
        "config": {"style": style, "showLegend": False},
        "location": {"mode": "lookup", "lookup": "region", "gazetteer": "public/gazetteer/siaga-regions.json"},
        "tooltip": True,
    }
    options: Json = {
        "view": {"id": "coords", "lat": 2.0, "lon": 114.0, "zoom": 4.0},
        "controls": {"showZoom": True, "mouseWheelZoom": False, "showAttribution": False, "showScale": True},
        # A base map is asked for all the same: a tile of ours without anything on it.
        "basemap": {
            "type": "xyz",
            "name": "Base",
            "config": {"url": "public/maps/siaga-blank.png", "attribution": ""},
        },
        "layers": [land, marks],
        "tooltip": {"mode": "details"},
    }
    return Panel(
        "geomap",
        title,
        about,
        (query,),
        width=16,
        height=16,
        steps=((None, GREEN), (1, YELLOW), (10, RED)),
        options=options,
        defaults={"color": {"mode": "thresholds"}, "decimals": 0},
    )
