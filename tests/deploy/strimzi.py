"""Make the schemas of Strimzi's resources from its own Java types; needs Maven and a Java of 21 or newer.

    .venv/bin/python -m tests.deploy.strimzi [--check]

Descriptions, status and the pod templates, which we do not use, are left out: 15 KB stay of 430.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas" / "strimzi.json"
POM = HERE / "tools" / "strimzi-pom.xml"
JAVA_NEEDED = 21
TYPES = {
    "Kafka": "kafka.Kafka",
    "KafkaNodePool": "nodepool.KafkaNodePool",
    "KafkaTopic": "topic.KafkaTopic",
    "KafkaUser": "user.KafkaUser",
}
_LEFT_OUT = {"description", "status", "template"}


def version() -> str:
    """The Strimzi release that the pom names."""
    (only,) = set(re.findall(r"<version>(\d+\.\d+\.\d+)</version>", POM.read_text(encoding="utf-8")))
    return str(only)


def new_java() -> str | None:
    """A Java that reads Strimzi's classes: the one on the path, or another that is installed."""
    beside = sorted(Path("/usr/lib/jvm").glob("*/bin/java"))
    for java in filter(None, [shutil.which("java"), *map(str, beside)]):
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
        found = re.search(r'version "(\d+)', said)
        if found and int(found[1]) >= JAVA_NEEDED:
            return java
    return None


def make(java: str) -> dict[str, Any]:
    """Kind to the schema of its newest version; what has properties has no others."""
    with tempfile.TemporaryDirectory() as folder:
        libs = Path(folder) / "libs"
        maven = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
        subprocess.run([*maven, f"-DoutputDirectory={libs}"], check=True, capture_output=True)
        asked = [f"io.strimzi.api.kafka.model.{name}={folder}/{kind}.yaml" for kind, name in TYPES.items()]
        main = [
            java,
            "-cp",
            f"{libs}/*",
            "io.strimzi.crdgenerator.CrdGenerator",
            "--yaml",
            "--target-kube",
            "1.27+",
        ]
        subprocess.run([*main, *asked], check=True, capture_output=True)
        return {kind: _schema(Path(folder) / f"{kind}.yaml") for kind in TYPES}


def _schema(path: Path) -> dict[str, Any]:
    definition = YAML(typ="safe").load(path.read_text(encoding="utf-8"))["spec"]
    (version,) = [one for one in definition["versions"] if one["storage"]]
    schema: dict[str, Any] = _strict(version["schema"]["openAPIV3Schema"])
    schema["properties"] |= {
        "apiVersion": {"const": f"{definition['group']}/{version['name']}"},
        "kind": {"const": definition["names"]["kind"]},
        "metadata": {"type": "object"},
    }
    return schema


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _strict(value)
        for key, value in node.items()
        if not (key in _LEFT_OUT and isinstance(value, str | dict))
    }
    open_ = kept.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in kept
    if isinstance(kept.get("properties"), dict) and not open_:
        kept["additionalProperties"] = False
    return kept


def main() -> None:
    java = new_java()
    if java is None:
        raise SystemExit(f"no Java of {JAVA_NEEDED} or newer is installed")
    made = {"version": version(), "kinds": make(java)}
    if "--check" in sys.argv:
        raise SystemExit(0 if made == json.loads(SCHEMAS.read_text(encoding="utf-8")) else "the schemas differ")
    SCHEMAS.write_text(json.dumps(made, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
