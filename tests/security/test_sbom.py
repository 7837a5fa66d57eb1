"""The bill of materials is whole, keeps to its schema and leads nowhere."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "deploy" / "sbom.py"


def test_the_bill_names_every_pinned_library() -> None:
    spec = importlib.util.spec_from_file_location("sbom", FILE)
    assert spec is not None
    assert spec.loader is not None
    sbom = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sbom)
    bill = sbom.make_bill()
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", sbom.PINNED.read_text(), re.MULTILINE)
    assert len(pinned) > 50
    named = {(re.sub(r"[-_.]+", "-", part["name"]).lower(), part["version"]) for part in bill["components"]}
    assert named == {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in pinned}
    without_schema = {name: value for name, value in bill.items() if name != "$schema"}
    tools = without_schema["metadata"].pop("tools")
    assert tools
    assert "://" not in json.dumps(without_schema)
