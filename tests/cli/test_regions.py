"""A region that no story can be placed in is refused wherever somebody asks for it, with the one that may be meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.officials import officials_command
from services.cli.readers import readers_command
from services.cli.regions import need_regions
from services.runtime.errors import OperatorError

ENTRY = """
officials:
  - ref: unit
    title: Unit
    contacts: {{telegram: 900000001}}
    channels: [telegram]
    subscriptions:
      - regions: [ID, "{region}"]
"""


@pytest.mark.parametrize(
    ("region", "meant"),
    [("ID-NTT", "ID-NT"), ("id-nt", "ID-NT"), ("kh", "KH"), ("ID-ZZ", ""), ("", ""), ("ID-NT,KH", "")],
)
def test_a_region_without_a_place_is_refused(region: str, meant: str) -> None:
    with pytest.raises(OperatorError) as refused:
        need_regions(["ID", region])
    assert f"{region!r} is no region" in str(refused.value)
    assert str(refused.value).endswith(f"; do you mean {meant}?" if meant else ", nor *")


def test_a_region_a_country_and_everywhere_are_not() -> None:
    need_regions(["ID-NT", "KH-1", "MY-12", "TL", "SG", "*"])


def invite(store: Path, region: str) -> Result:
    words = ["invite", "--title", "Unit", "--region", region, "--data", str(store)]
    return CliRunner().invoke(officials_command, words)


def take_over(store: Path, region: str) -> Result:
    path = store / "officials.yaml"
    path.write_text(ENTRY.format(region=region))
    return CliRunner().invoke(officials_command, ["import", str(path), "--data", str(store)])


def let_read(store: Path, region: str) -> Result:
    return CliRunner().invoke(readers_command, ["add", "x", "--region", region, "--data", str(store)])


DOORS = [invite, take_over, let_read]


@pytest.mark.parametrize("door", DOORS)
def test_whoever_asks_for_a_region_without_a_place_is_told(
    door: Callable[[Path, str], Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIAGA_DATA_DIR", str(tmp_path))
    failed = door(tmp_path, "ID-NTT")
    assert isinstance(failed.exception, OperatorError)
    assert "do you mean ID-NT?" in str(failed.exception)
    listed = CliRunner().invoke(officials_command, ["list", "--data", str(tmp_path)])
    assert listed.stdout == ""


@pytest.mark.parametrize("door", DOORS)
def test_whoever_asks_for_a_region_of_ours_is_not(
    door: Callable[[Path, str], Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIAGA_DATA_DIR", str(tmp_path))
    assert door(tmp_path, "ID-NT").exit_code == 0
