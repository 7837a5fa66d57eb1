"""Prometheus: valid, each alarm tried on series and explained in the runbook, asking only for what services have."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from ruamel.yaml import YAML

from services.contracts.source import Health
from services.ingest.metrics import IngestMetrics
from services.notifier.core.ledger import Priority, Verdict
from services.notifier.metrics import WAITING, NotifierMetrics
from services.notifier.outlets.metrics import OutletMetrics
from services.runtime.metrics import RuntimeMetrics
from services.tagger.metrics import TaggerMetrics
from tests.conftest import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
RUNBOOK = ROOT / "deploy" / "RUNBOOK.md"
#: What Prometheus itself knows.
OF_PROMETHEUS = {"up", "ALERTS"}


def yaml(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return loaded


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml(PROMETHEUS / "rules.yml")["groups"] for rule in group["rules"]]


def alarms() -> list[str]:
    return [str(rule["alert"]) for rule in rules()]


def expressions() -> list[str]:
    asked = [
        target["expr"]
        for path in DASHBOARDS
        for panel in json.loads(path.read_text())["panels"]
        for target in panel.get("targets", ())
    ]
    return sorted({*(rule["expr"] for rule in rules()), *asked})


def registries() -> Iterator[CollectorRegistry]:
    """What each service registers; a name may be in more than one."""
    yield RuntimeMetrics("tagger", "0").registry
    for kinds in ((IngestMetrics,), (TaggerMetrics,), (NotifierMetrics, OutletMetrics)):
        registry = CollectorRegistry()
        for kind in kinds:
            kind(registry)
        yield registry


def known_series() -> set[str]:
    """Every series name a service can show."""
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"], "info": ["_info"]}
    return {
        metric.name + ending
        for registry in registries()
        for metric in registry.collect()
        for ending in endings.get(metric.type, [""])
    }


KNOWN = known_series()


def names_in(expression: str) -> set[str]:
    """The metrics an expression asks for: what stands before labels or is one of ours."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', " ", expression)
    return set(re.findall(r"\b(?:siaga_\w+|process_\w+|up|ALERTS)\b", bare))


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


def tried() -> tuple[set[str], set[str]]:
    """The alarms that a unit test makes fire, and those that one keeps from firing."""
    fires, calm = set(), set()
    for case in yaml(PROMETHEUS / "rules_test.yml")["tests"]:
        for one in case.get("promql_expr_test", ()):
            (name,) = re.findall(r'alertname="(\w+)"', one["expr"])
            (fires if one["exp_samples"] else calm).add(name)
    return fires, calm


@pytest.mark.parametrize("alarm", alarms())
def test_an_alarm_is_tried_on_what_raises_it_and_on_what_does_not(alarm: str) -> None:
    fires, calm = tried()
    assert alarm in fires
    assert alarm in calm


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_asks_only_for_metrics_that_exist(expression: str) -> None:
    asked = names_in(expression)
    assert asked
    assert asked <= KNOWN | OF_PROMETHEUS


def test_a_metric_that_was_renamed_is_not_known() -> None:
    assert "siaga_dead_letters_total" in KNOWN
    assert "siaga_dead_letter_total" not in KNOWN


@pytest.mark.parametrize(
    ("label", "values"),
    [
        ("health", {health.value for health in Health}),
        ("priority", {p.name.lower() for p in Priority}),
        ("outcome", {*Verdict, "handled", "retried", "dead"}),
        ("relevant", {"yes", "no"}),
    ],
)
def test_a_label_is_compared_only_with_values_it_can_have(label: str, values: set[str]) -> None:
    found = re.findall(rf'\b{label}(?:=|!=|=~|!~)"([^"]+)"', "\n".join(expressions()))
    assert found
    assert {value for text in found for value in text.split("|")} <= values


def test_the_states_that_alarms_ask_for_are_shown() -> None:
    asked = re.findall(r'siaga_unseen_deliveries\{state="(\w+)"\}', "\n".join(expressions()))
    assert asked and set(asked) <= set(WAITING)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_every_alarm_says_how_urgent_it_is_where_to_look_and_what_to_read(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "look", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"deploy/RUNBOOK.md#{rule['alert'].lower()}"


def sections() -> dict[str, str]:
    """The runbook's sections by heading."""
    parts = re.split(r"(?m)^## (\w+)\n", RUNBOOK.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm() -> None:
    assert list(sections()) == alarms()


@pytest.mark.parametrize("alarm", alarms())
def test_a_section_says_what_it_means_what_to_look_at_what_to_do_and_whom_to_wake(alarm: str) -> None:
    said = re.findall(r"(?m)^\*\*([\w ]+)\.\*\* \S", sections()[alarm])
    assert said == ["What it means", "Look at", "Do", "Wake"]


def test_the_runbook_names_only_metrics_that_exist() -> None:
    named = set(re.findall(r"\bsiaga_\w+", RUNBOOK.read_text(encoding="utf-8")))
    assert named and named <= KNOWN | {name.removesuffix("_bucket") for name in KNOWN}


def test_every_service_of_compose_is_scraped() -> None:
    jobs = yaml(PROMETHEUS / "prometheus.yml")["scrape_configs"]
    targets = [target for job in jobs for static in job["static_configs"] for target in static["targets"]]
    assert sorted(targets) == ["ingest:8080", "notifier:8080", "tagger:8080"]


def test_prometheus_sends_alarms_to_the_alertmanager_of_compose() -> None:
    (sent,) = yaml(PROMETHEUS / "prometheus.yml")["alerting"]["alertmanagers"]
    assert [target for one in sent["static_configs"] for target in one["targets"]] == ["alertmanager:9093"]
    assert "alertmanager" in yaml(ROOT / "compose.yaml")["services"]


def receiver_of(labels: dict[str, str]) -> str:
    """Whom the alertmanager tells: the first route that fits, else the one at the root."""
    root = yaml(PROMETHEUS / "alertmanager.yml")["route"]
    for route in root["routes"]:
        if all(
            re.fullmatch(rf'{name}="{value}"', one) for one in route["matchers"] for name, value in labels.items()
        ):
            return str(route["receiver"])
    return str(root["receiver"])


@pytest.mark.parametrize(("severity", "told"), [("page", "page"), ("ticket", "ticket"), ("unheard-of", "page")])
def test_a_ticket_waits_and_everything_else_wakes_somebody(severity: str, told: str) -> None:
    assert receiver_of({"severity": severity}) == told


def test_who_is_told_can_be_told() -> None:
    config = yaml(PROMETHEUS / "alertmanager.yml")
    addresses = {one["name"]: [mail["to"] for mail in one["email_configs"]] for one in config["receivers"]}
    assert set(addresses) == {"page", "ticket"}
    assert all(addresses.values())
    assert all(mail["send_resolved"] for one in config["receivers"] for mail in one["email_configs"])


def test_an_alarm_is_held_back_only_for_another_that_there_is() -> None:
    rules_ = yaml(PROMETHEUS / "alertmanager.yml")["inhibit_rules"]
    named = {
        name
        for rule in rules_
        for one in (*rule["source_matchers"], *rule["target_matchers"])
        for name in re.findall(r"[A-Z]\w+", one.partition("=")[2])
    }
    assert named <= set(alarms())
    pages = {str(rule["alert"]) for rule in rules() if rule["labels"]["severity"] == "page"}
    sources = {re.findall(r"[A-Z]\w+", one)[0] for rule in rules_ for one in rule["source_matchers"]}
    assert sources <= pages, "who is woken by the one need not read the other"
