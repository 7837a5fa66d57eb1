"""compose.yaml: valid, pinned, without secrets, and every name in it known to the program."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from services.ingest.settings import IngestSettings
from services.notifier.settings import NotifierSettings
from services.runtime.jars import kafka_version
from services.runtime.settings import PREFIX, ServiceSettings
from services.tagger.settings import TaggerSettings
from tests.conftest import KAFKA_CONFIG, ROOT


class AnyStore(IngestSettings, TaggerSettings, NotifierSettings):
    """What a command that works on every store may be told."""


FILES = ("compose.yaml", "deploy/compose.telegram.yaml", "deploy/compose.mail.yaml")
SETTINGS: dict[str, type[ServiceSettings]] = {
    "topics": ServiceSettings,
    "migrate": AnyStore,
    "cli": AnyStore,
    "probe": IngestSettings,
    "ingest": IngestSettings,
    "tagger": TaggerSettings,
    "notifier": NotifierSettings,
}
OURS = frozenset(SETTINGS)
PINNED = r"[\w./-]+:v?\d+\.\d+\.\d+(-[\w.]+)?|postgres:\d+\.\d+-\w+|.+@sha256:[0-9a-f]{64}"


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))
    return loaded


def schema() -> dict[str, Any]:
    """The compose specification's own schema, as check-jsonschema carries it."""
    path = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def broken(change: dict[str, Any]) -> dict[str, Any]:
    compose = load("compose.yaml")
    compose["services"]["kafka"] |= change
    return compose


COMPOSE = load("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize(
    "change", [{"imagee": "x"}, {"ports": 9092}, {"restart": ["always"]}, {"healthcheck": {"tests": []}}]
)
def test_a_file_compose_would_refuse_is_not_valid(change: dict[str, Any]) -> None:
    assert not jsonschema.validators.validator_for(schema())(schema()).is_valid(broken(change))


@pytest.mark.parametrize("name", FILES)
def test_the_file_follows_the_compose_specification(name: str) -> None:
    jsonschema.validate(load(name), schema())


@pytest.mark.parametrize(
    "image", ["kafka", "kafka:latest", "kafka:4", "kafka:v3", "kafka:stable", "x/kafka:4.3-alpine"]
)
def test_a_floating_image_is_not_pinned(image: str) -> None:
    assert not is_pinned(image)


def is_pinned(image: str) -> bool:
    """Named down to the patch release, which PostgreSQL counts in two numbers, or by digest."""
    return re.fullmatch(PINNED, image) is not None


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name: str) -> None:
    assert is_pinned(SERVICES[name]["image"])


def test_the_kafka_image_is_the_release_that_the_tests_run() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka_version(KAFKA_CONFIG / 'pom.xml')}"


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_setting_is_one_the_service_knows(name: str) -> None:
    known = {f"{PREFIX}{field}".upper() for field in SETTINGS[name].model_fields}
    given = {key for file in FILES for key in load(file)["services"].get(name, {}).get("environment", {})}
    assert {key for key in given if key.startswith(PREFIX)} <= known
    assert all(key.startswith(PREFIX) for key in given)


@pytest.mark.parametrize("name", sorted(OURS - {"topics", "migrate", "cli", "probe"}))
def test_the_settings_of_a_service_can_be_loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in SERVICES[name]["environment"].items():
        if key.startswith(PREFIX):
            monkeypatch.setenv(key, default_of(str(value)))
    assert SETTINGS[name]().kafka == "kafka:9092"


def default_of(value: str) -> str:
    """``${NAME:-default}`` as compose reads it without NAME, ``${NAME:?why}`` as if it were given."""
    value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
    return re.sub(r"\$\{\w+:\?[^}]*\}", "https://example.org/siaga", value)


def test_every_mounted_file_exists() -> None:
    mounts = [m.split(":")[0] for s in SERVICES.values() for m in s.get("volumes", []) if m.startswith("./")]
    assert mounts
    assert [path for path in mounts if not (ROOT / path).exists()] == []


def test_every_named_volume_and_secret_is_declared_and_used() -> None:
    volumes = {m.split(":")[0] for s in SERVICES.values() for m in s.get("volumes", []) if not m.startswith("./")}
    assert volumes == set(COMPOSE["volumes"])
    assert {name for s in SERVICES.values() for name in s.get("secrets", [])} == set(COMPOSE["secrets"])


def test_every_secret_a_service_reads_is_mounted_into_it() -> None:
    for name, service in SERVICES.items():
        environment = service.get("environment", {})
        read = {str(v).removeprefix("/run/secrets/") for v in environment.values() if "/run/secrets/" in str(v)}
        assert read <= set(service.get("secrets", [])), name


def test_a_secret_comes_from_a_file_and_never_from_the_environment() -> None:
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|TOKEN|SECRET|_KEY", key):
                assert key.endswith(("_FILE", "_PASSWORDS")), (name, key)
            assert not re.search(r"://[^/@]*:[^/@]+@", str(value)), (name, key)
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


def test_the_secrets_are_made_once_and_are_no_part_of_the_repository(tmp_path: Path) -> None:
    script = ROOT / "deploy" / "secrets" / "make.sh"
    subprocess.run([script, tmp_path], check=True)
    first = {path.name: path.read_text() for path in tmp_path.iterdir()}
    subprocess.run([script, tmp_path], check=True)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == first
    assert set(first) == {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert len(set(first.values())) == len(first)
    assert all(len(text) >= 40 for text in first.values())
    ignored = (script.parent / ".gitignore").read_text().split()
    assert ignored == ["*", "!.gitignore", "!make.sh"]


def test_only_loopback_ports_are_published() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_have_no_rights_they_do_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", ["ingest", "tagger", "notifier"])
def test_a_service_waits_for_broker_store_and_topics(name: str) -> None:
    assert {key: need["condition"] for key, need in SERVICES[name]["depends_on"].items()} == {
        "kafka": "service_healthy",
        "postgres": "service_healthy",
        "topics": "service_completed_successfully",
        "migrate": "service_completed_successfully",
    }


@pytest.mark.parametrize("name", ["ingest", "tagger", "notifier"])
def test_a_service_leaves_the_schema_to_the_job_that_goes_before(name: str) -> None:
    assert SERVICES[name]["environment"]["SIAGA_MIGRATE"] == "never"
    assert SERVICES["migrate"]["command"][-1] == "migrate"
    own = {key for key in SERVICES[name]["environment"] if key.endswith("_STORE")}
    assert own and own <= SERVICES["migrate"]["environment"].keys()


@pytest.mark.parametrize("name", ["migrate", "cli", "ingest", "tagger", "notifier"])
def test_every_store_a_container_opens_has_its_password_there(name: str) -> None:
    service = SERVICES[name]
    stores = {key for key in service["environment"] if key.endswith("_STORE")}
    passwords = {f"{key.removeprefix('SIAGA_').removesuffix('_STORE').lower()}-password" for key in stores}
    assert passwords == {secret for secret in service["secrets"] if secret.endswith("-password")}
    assert service["environment"]["SIAGA_STORE_PASSWORDS"] == "/run/secrets"


def test_broker_stores_and_tagger_have_no_way_out() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    inside = {name for name, service in SERVICES.items() if service.get("networks") == ["inside"]}
    assert inside == {"kafka", "postgres", "topics", "migrate", "tagger", "cli"}


def test_what_asks_outlets_by_hand_has_a_way_out_and_nothing_to_lose() -> None:
    probe = SERVICES["probe"]
    assert probe["entrypoint"] == ["siaga", "feeds", "probe"]
    assert not {"secrets", "volumes", "networks"} & probe.keys()
    assert set(probe["environment"]) == {"SIAGA_CONTACT_URL"}


@pytest.mark.parametrize("name", FILES[1:])
def test_a_file_besides_adds_settings_the_service_knows_and_secrets_by_file(name: str) -> None:
    more = load(name)
    known = {f"{PREFIX}{field}".upper() for field in NotifierSettings.model_fields}
    notifier = more["services"]["notifier"]
    assert set(notifier["environment"]) <= known
    read = {v.removeprefix("/run/secrets/") for v in notifier["environment"].values() if "/run/secrets/" in str(v)}
    assert read == set(notifier["secrets"]) == set(more["secrets"])
    assert all(set(secret) == {"file"} for secret in more["secrets"].values())


def test_with_your_own_mail_server_nothing_goes_in_the_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "smtp-password").write_text("hush")
    environment = (
        SERVICES["notifier"]["environment"]
        | load("deploy/compose.mail.yaml")["services"]["notifier"]["environment"]
    )
    for key, value in environment.items():
        monkeypatch.setenv(key, default_of(str(value)))
    monkeypatch.setenv("SIAGA_SMTP_HOST", "mail.example.org")
    monkeypatch.setenv("SIAGA_MAIL_FROM", "siaga@example.org")
    monkeypatch.setenv("SIAGA_SMTP_PASSWORD_FILE", str(tmp_path / "smtp-password"))
    server = NotifierSettings().mail_server()
    assert server is not None
    assert (server.host, server.port, server.security) == ("mail.example.org", 587, "starttls")


@pytest.mark.parametrize("name", [*sorted(OURS), "kafka", "postgres"])
def test_no_container_can_take_all_memory(name: str) -> None:
    assert re.fullmatch(r"\d+[mg]", SERVICES[name]["mem_limit"])


@pytest.mark.parametrize("name", ["ingest", "tagger", "notifier"])
def test_a_service_may_take_twice_what_it_was_seen_to_take(name: str) -> None:
    measured = json.loads((ROOT / "bench" / "report" / "weights.json").read_text(encoding="utf-8"))
    assert int(SERVICES[name]["mem_limit"].removesuffix("m")) >= 2 * measured["services"][name]["peak_mb"]


@pytest.mark.parametrize("name", ["kafka", "postgres"])
def test_what_others_wait_for_says_when_it_is_healthy(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


def test_compose_and_the_local_kafka_promise_the_same() -> None:
    environment = SERVICES["kafka"]["environment"]
    assert environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert environment["KAFKA_LOG_FLUSH_INTERVAL_MESSAGES"] == 1
    assert environment["KAFKA_MESSAGE_MAX_BYTES"] == 5 * 1024 * 1024
