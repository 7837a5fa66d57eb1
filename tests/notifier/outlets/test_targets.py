"""The file of webhook targets: what is not allowed by it is sent nowhere, and a mistake is one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from services.contracts.codes import Severity
from services.notifier.outlets.targets import Targets, read_targets
from services.runtime.errors import OperatorError
from tests.notifier.outlets.test_signing import OTHER, SECRET


def written(folder: Path, *targets: dict[str, Any], secret: str = SECRET, **changes: Any) -> Path:
    (folder / "centre.whsec").write_text(f"{secret}\n")
    entries = [
        {"name": "centre", "url": "https://hooks.example/siaga", "secret_file": "centre.whsec", "regions": ["ID"]}
        | target
        for target in targets or ({},)
    ]
    path = folder / "webhooks.yaml"
    with path.open("w") as file:
        YAML().dump({"hosts": ["hooks.example", "127.0.0.1", "localhost"], "targets": entries} | changes, file)
    return path


MUST_NOT = [
    ({"url": "http://hooks.example/x"}, "https"),
    ({"url": "ftp://hooks.example/x"}, "https"),
    ({"url": "https://evil.example/x"}, "not among hosts"),
    ({"url": "https://hooks.example.evil.example/x"}, "not among hosts"),
    ({"url": "https://evil.example#@hooks.example/"}, "fragment"),
    ({"url": "https://user:pass@hooks.example/x"}, "user name"),
    ({"url": "https://hooks.example@evil.example/x"}, "user name"),
    ({"url": "https://hooks.example/x#y"}, "fragment"),
    ({"url": "https://hooks.ex\u0430mple/x"}, "characters"),
    ({"url": "https://hooks.example:0/x"}, "web address"),
    ({"url": "https://hooks.example:99999/x"}, "web address"),
    ({"url": "https:///x"}, "web address"),
    ({"url": "http://127.0.0.1:8080/x"}, "this machine"),
    ({"url": "https://localhost/x"}, "this machine"),
    ({"name": "Centre!"}, "name"),
    ({"regions": []}, "regions"),
    ({"regions": ["NTT"]}, "regions"),
    ({"topics": ["gossip"]}, "topics"),
    ({"min_severity": 9}, "min_severity"),
    ({"language": "kh"}, "language"),
    ({"zone": "Asia/Atlantis"}, "zone"),
    ({"secret": "in the file"}, "secret"),
    ({"secret_file": "missing"}, "missing"),
]


@pytest.mark.parametrize(("target", "word"), MUST_NOT, ids=[str(target) for target, _ in MUST_NOT])
def test_a_target_that_is_not_allowed_stops_the_start(tmp_path: Path, target: dict[str, Any], word: str) -> None:
    with pytest.raises(OperatorError) as refused:
        read_targets(written(tmp_path, target))
    assert word in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("secret", ["", "hunter2", f"{SECRET}\n{OTHER}\n{SECRET}"])
def test_a_bad_secret_stops_the_start_and_is_not_shown(tmp_path: Path, secret: str) -> None:
    with pytest.raises(OperatorError) as refused:
        read_targets(written(tmp_path, secret=secret))
    assert "hunter2" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_two_targets_of_one_name_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="used by a target above"):
        read_targets(written(tmp_path, {}, {}))


@pytest.mark.parametrize("content", ["", "[]", "hosts: [", "hosts: x", "\x00"])
def test_a_file_that_is_none_stops_the_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "webhooks.yaml"
    path.write_text(content)
    with pytest.raises(OperatorError):
        read_targets(path)


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    targets: Targets = read_targets(
        written(
            tmp_path,
            {"url": "https://HOOKS.example:8443/siaga?x=1", "min_severity": 3, "topics": ["drug_trafficking"]},
            secret=f"{SECRET}\n{OTHER}",
            networks=["10.20.0.0/16"],
        )
    )
    target = targets.by_name["centre"]
    assert target.wanted.min_severity is Severity.HIGH
    assert len(target.keys) == 2
    assert str(targets.networks[0]) == "10.20.0.0/16"
    assert SECRET not in repr(targets)
    assert str(target.keys[0]) not in repr(targets)


def test_plain_http_is_for_this_machine_alone_and_only_if_asked_for(tmp_path: Path) -> None:
    target = {"url": "http://127.0.0.1:8080/x"}
    assert read_targets(written(tmp_path, target), loopback=True).by_name["centre"]
    with pytest.raises(OperatorError):
        read_targets(written(tmp_path, {"url": "http://hooks.example/x"}), loopback=True)
