"""Dashboards: what their makers write, addressed for good, no panel over another, and of Grafana's own types."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.grafana.make_dashboards import map_files, written
from services.tagger.app import watched
from services.tagger.book_files import load_book
from services.tagger.metrics import ELSEWHERE, fold
from services.tagger.settings import TaggerSettings
from tests.conftest import ROOT

GRAFANA = ROOT / "deploy" / "grafana"
PATHS = sorted((GRAFANA / "dashboards").glob("*.json"))
BOARDS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in PATHS}
COMPOSE = YAML(typ="safe").load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["grafana"]


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


@pytest.mark.parametrize("path", written(), ids=str)
def test_a_file_is_what_its_maker_writes(path: Path) -> None:
    assert (GRAFANA / path).read_bytes() == written()[path], "python -m deploy.grafana.make_dashboards"


def test_no_dashboard_is_there_that_nobody_makes() -> None:
    assert {path.relative_to(GRAFANA) for path in PATHS} == {
        path for path in written() if path.suffix == ".json" and path.parts[0] == "dashboards"
    }


def test_a_dashboard_keeps_its_address() -> None:
    assert {name: board["uid"] for name, board in BOARDS.items()} == {
        name: f"siaga-{name}" for name in ("delivery", "kafka", "labels", "overview", "pipeline", "sources")
    }
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_the_datasource_is_a_variable_that_begins_as_the_provisioned_one(board: dict[str, Any]) -> None:
    yaml = YAML(typ="safe").load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())
    (variable,) = [one for one in board["templating"]["list"] if one["type"] == "datasource"]
    assert [source["uid"] for source in yaml["datasources"]] == [variable["current"]["value"]]
    asked = {panel["datasource"]["uid"] for panel in panels(board)}
    asked |= {target["datasource"]["uid"] for panel in panels(board) for target in panel["targets"]}
    assert asked == {"${datasource}"}


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_panel_says_what_it_shows_and_in_what_unit(board: dict[str, Any]) -> None:
    for panel in panels(board):
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None, panel["title"]
    titles = [panel["title"] for panel in panels(board)]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_panels_do_not_cover_each_other(board: dict[str, Any]) -> None:
    cells: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert cells.isdisjoint(own), panel["title"]
        assert max(x for x, _ in own) < 24
        cells |= own
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_link_leads_to_a_dashboard_of_ours_and_nothing_is_fetched_from_elsewhere(board: dict[str, Any]) -> None:
    assert [link["tags"] for link in board["links"]] == [board["tags"]] == [["siaga"]]
    uids = {other["uid"] for other in BOARDS.values()}
    linked = re.findall(r'"url": "/d/([\w-]+)', json.dumps(board))
    assert set(linked) <= uids
    assert "://" not in json.dumps(board)


def test_the_overview_leads_to_every_other_dashboard_but_the_pipeline() -> None:
    linked = set(re.findall(r'"url": "/d/siaga-([\w-]+)', json.dumps(BOARDS["overview"])))
    assert linked == set(BOARDS) - {"overview", "pipeline"}


def test_what_the_map_asks_for_is_mounted_where_grafana_serves_it() -> None:
    asked = set(re.findall(r'"(public/[\w./-]+)"', json.dumps(BOARDS["labels"])))
    assert {Path(one).name for one in asked} == set(map_files())
    served = {volume.split(":")[1]: volume.split(":")[0] for volume in COMPOSE["volumes"] if ":" in volume}
    for one in asked:
        assert (ROOT / served[f"/usr/share/grafana/{one}"]).is_file()


def test_every_region_we_count_by_has_a_place_on_the_map() -> None:
    settings = TaggerSettings()
    book = load_book(settings.topics, settings.places)
    places = {one["key"]: one for one in json.loads(map_files()["siaga-regions.json"])}
    counted = {fold(region) for region in watched(book)}
    assert 90 < len(counted) < 200
    assert counted <= places.keys()
    assert ELSEWHERE not in places
    for one in places.values():
        assert -90 <= one["latitude"] <= 90 and -180 <= one["longitude"] <= 180


def test_the_types_are_those_of_the_grafana_that_is_started() -> None:
    package = json.loads((GRAFANA / "package.json").read_text())
    wanted = package["devDependencies"]
    assert COMPOSE["image"] == f"grafana/grafana:{wanted['@grafana/schema']}"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert not list(GRAFANA.glob("*lock*"))


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Grafana's types and a compiler, brought by npm."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.fail("npm is not installed; Debian has it in the package npm", pytrace=False)
    folder = tmp_path_factory.mktemp("grafana-types")
    for name in ("package.json", "tsconfig.json", "dashboard.types.ts"):
        shutil.copy(GRAFANA / name, folder / name)
    bring = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--silent"]
    brought = subprocess.run(bring, cwd=folder, capture_output=True, text=True, check=False)
    assert brought.returncode == 0, brought.stderr[-2000:]
    return folder


def compile_(folder: Path, boards: dict[str, dict[str, Any]]) -> str:
    """What the compiler says of these dashboards; empty where they are of Grafana's types."""
    for old in folder.glob("*.gen.ts"):
        old.unlink()
    for name, board in boards.items():
        text = f"import type {{ OurDashboard }} from './dashboard.types';\nexport const board: OurDashboard = {json.dumps(board)};\n"
        (folder / f"{name}.gen.ts").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", "-p", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def spoilt(board: str, kind: str, change: Any) -> dict[str, dict[str, Any]]:
    copy = json.loads(json.dumps(BOARDS[board]))
    change(next(panel for panel in copy["panels"] if panel["type"] == kind))
    return {board: copy}


@pytest.mark.slow
def test_the_dashboards_are_of_grafanas_own_types(types: Path) -> None:
    assert compile_(types, BOARDS) == ""


@pytest.mark.slow
def test_dashboards_grafana_would_not_understand_are_not(types: Path) -> None:
    bad = {
        **spoilt("labels", "bargauge", lambda panel: panel["options"].update(displayMode="basik")),
        **spoilt("kafka", "timeseries", lambda panel: panel["gridPos"].update(h="8")),
        **spoilt("overview", "stat", lambda panel: panel["options"].update(textmode="value")),
        **spoilt("sources", "table", lambda panel: panel["options"]["footer"].update(fields="")),
    }
    said = compile_(types, bad)
    assert {name for name in bad if f"{name}.gen.ts" in said} == set(bad)
