"""Write the bill of materials: every library the services run with, as pinned (CycloneDX 1.6, JSON).

    python deploy/sbom.py build/sbom.json

No address to download from is in it: where an installation takes its packages from is its own affair.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PINNED = ROOT / "requirements" / "run.txt"


def make_bill() -> dict[str, Any]:
    """The bill."""
    command = [
        sys.executable, "-m", "cyclonedx_py", "requirements", "--pyproject", str(ROOT / "pyproject.toml"),
        "--mc-type", "application", "--output-reproducible", "--sv", "1.6", "--of", "JSON", "--no-validate",
        str(PINNED),
    ]  # fmt: skip
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    bill: dict[str, Any] = json.loads(made)
    for part in bill["components"]:
        # Both hold whole lines of the pins, addresses and all.
        part.pop("description", None)
        part.pop("externalReferences", None)
        part["bom-ref"] = part["purl"]
    root = bill["metadata"]["component"]["bom-ref"]
    names = [part["bom-ref"] for part in bill["components"]]
    bill["dependencies"] = [{"ref": root, "dependsOn": names}, *({"ref": name} for name in names)]
    return bill


def check(bill: dict[str, Any]) -> None:
    """Hold it against the schema, which takes seconds to load.

    Raises:
        ValueError: it is not what the schema wants.
    """
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill))
    if wrong is not None:
        raise ValueError(str(wrong))


def main() -> int:
    """Write it where the first argument says."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "build/sbom.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    bill = make_bill()
    check(bill)
    target.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
    print(f"{target}: {len(bill['components'])} libraries")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
