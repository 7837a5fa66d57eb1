"""The page on security names tests that are there, items that can be, and every secret the services read."""

from __future__ import annotations

import re
from pathlib import Path

from services.notifier.settings import NotifierSettings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "deploy" / "SECURITY.md").read_text(encoding="utf-8")
#: Files that are named by a setting and hold no secret.
PUBLIC = {"SIAGA_OFFICIALS_FILE", "SIAGA_WEBHOOKS_FILE"}


def those_there() -> set[str]:
    found: set[str] = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE))
    return found


def test_every_test_it_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 60
    assert named - those_there() == set()


def test_every_item_has_a_test_and_stands_there_once_for_each() -> None:
    table = PAGE.split("## ASVS 5.0")[1]
    rows = re.findall(r"^\| (V[^|]+) \| ([^|]+) \| `(test_\w+)` \|$", table, re.MULTILINE)
    assert len(rows) == len([line for line in table.splitlines() if line.startswith("| V")])
    items = [(item.strip(), test) for row in rows for item in row[0].split(",") for test in [row[2]]]
    assert len(items) == len(set(items))
    assert all(re.fullmatch(r"V([1-9]|1[0-7])\.\d{1,2}\.\d{1,2}", item) for item, _ in items)


def test_every_secret_the_services_read_has_a_way_to_change_it() -> None:
    table = PAGE.split("## Changing secrets")[1].split("## ASVS")[0]
    files = {
        f"SIAGA_{name.upper()}" for name in NotifierSettings.model_fields if name.endswith(("_file", "_passwords"))
    }
    assert {name for name in files - PUBLIC if f"`{name}`" not in table} == set()
