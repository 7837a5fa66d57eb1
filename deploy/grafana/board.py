"""What a dashboard is made of, besides its panels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.grafana.panels import Json, Query, Row

RATE = "[$__rate_interval]"
RANGE = "[$__range]"


@dataclass(frozen=True)
class Board:
    """One dashboard; ``variables`` are labels whose values can be chosen, and the metric that has them."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    start: str = "now-6h"


def quantiles(metric: str, by: str, where: str = "") -> tuple[Query, ...]:
    """The median and the 95th percentile of a histogram, by one label."""
    label = f"le, {by}" if by else "le"
    legend = f"{{{{{by}}}}} " if by else ""
    return tuple(
        Query(f"histogram_quantile({q}, sum by ({label}) (rate({metric}_bucket{where}{RATE})))", f"{legend}{name}")
        for q, name in ((0.5, "half"), (0.95, "95 %"))
    )


def variable(name: str, metric: str) -> Json:
    """Values of a label to choose from, all of them at first."""
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "query": {"query": f"label_values({metric}, {name})", "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }
