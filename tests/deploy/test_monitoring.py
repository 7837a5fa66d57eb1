"""Prometheus and Grafana: valid, tried on series, and asking only for metrics that the services have."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from ruamel.yaml import YAML

from services.contracts.source import Health
from services.ingest.metrics import IngestMetrics
from services.notifier.core.ledger import Priority
from services.notifier.metrics import NotifierMetrics
from services.notifier.outlets.metrics import OutletMetrics
from services.runtime.metrics import RuntimeMetrics
from services.tagger.metrics import TaggerMetrics
from tests.conftest import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))


def yaml(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return loaded


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml(PROMETHEUS / "rules.yml")["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [
        panel for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"] if panel["type"] != "row"
    ]


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [
        target["expr"] for panel in panels() for target in panel["targets"]
    ]


def known_series() -> set[str]:
    """Every series name a service can show."""
    runtime = RuntimeMetrics("tagger", "0")
    registry = CollectorRegistry()
    IngestMetrics(registry)
    TaggerMetrics(registry)
    NotifierMetrics(registry)
    OutletMetrics(registry)
    names: set[str] = set()
    for metric in [*runtime.registry.collect(), *registry.collect()]:
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"], "info": ["_info"]}
        names |= {metric.name + ending for ending in endings.get(metric.type, [""])}
    return names


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = shutil.which("promtool")
    if command is None:
        pytest.fail("promtool is not installed; Debian has it in the package prometheus", pytrace=False)
    return subprocess.run([command, *arguments], capture_output=True, text=True, cwd=PROMETHEUS, check=False)


def test_prometheus_takes_the_configuration() -> None:
    checked = promtool("check", "config", "prometheus.yml")
    assert checked.returncode == 0, checked.stderr
    assert f"{len(rules())} rules found" in checked.stdout


def test_prometheus_does_not_take_a_broken_rule(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text((PROMETHEUS / "rules.yml").read_text().replace("== 0", "== ", 1))
    assert promtool("check", "rules", str(path)).returncode != 0


def test_the_rules_fire_on_their_series_and_on_no_other() -> None:
    tested = promtool("test", "rules", "rules_test.yml")
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_asks_only_for_metrics_that_exist(expression: str) -> None:
    asked = set(re.findall(r"\b(?:siaga_\w+|up)\b", expression))
    assert asked
    assert asked <= known_series() | {"up"}


def test_a_metric_that_was_renamed_is_not_known() -> None:
    assert "siaga_dead_letters_total" in known_series()
    assert "siaga_dead_letter_total" not in known_series()


@pytest.mark.parametrize(
    ("label", "values"),
    [("health", {health.value for health in Health}), ("priority", {p.name.lower() for p in Priority})],
)
def test_a_label_is_compared_only_with_values_it_can_have(label: str, values: set[str]) -> None:
    found = re.findall(rf'\b{label}(?:=|!=|=~|!~)"([^"]+)"', "\n".join(expressions()))
    assert found
    assert {value for text in found for value in text.split("|")} <= values


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_every_alert_says_how_urgent_it_is_and_where_to_look(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "look"}


def test_every_service_of_compose_is_scraped() -> None:
    jobs = yaml(PROMETHEUS / "prometheus.yml")["scrape_configs"]
    targets = [target for job in jobs for static in job["static_configs"] for target in static["targets"]]
    assert sorted(targets) == ["ingest:8080", "notifier:8080", "tagger:8080"]


def test_a_dashboard_keeps_its_address_and_lets_the_datasource_be_chosen() -> None:
    assert [json.loads(path.read_text())["uid"] for path in DASHBOARDS] == ["siaga-overview"]
    for path in DASHBOARDS:
        variables = {v["name"]: v["type"] for v in json.loads(path.read_text())["templating"]["list"]}
        assert variables["datasource"] == "datasource"
    assert {panel["datasource"]["uid"] for panel in panels()} == {"${datasource}"}


def test_the_dashboards_default_datasource_is_the_provisioned_one() -> None:
    provisioned = yaml(GRAFANA / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    chosen = json.loads(DASHBOARDS[0].read_text())["templating"]["list"][0]["current"]["value"]
    assert [source["uid"] for source in provisioned] == [chosen]


def test_panels_do_not_cover_each_other() -> None:
    for path in DASHBOARDS:
        cells: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text())["panels"]:
            at = panel["gridPos"]
            own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert cells.isdisjoint(own), panel["title"]
            assert max(x for x, _ in own) < 24
            cells |= own
