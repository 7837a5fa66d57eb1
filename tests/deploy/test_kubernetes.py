"""deploy/kubernetes: built by the real kustomize, valid by its owners' schemas, closed, and in step with the rest."""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.prometheus.make_rule import RESOURCE, RULES, resource
from services.cli.holdings import NAMES
from services.ingest.settings import IngestSettings
from services.notifier.settings import NotifierSettings
from services.runtime.settings import PREFIX, ServiceSettings
from services.tagger.settings import TaggerSettings
from tests.conftest import KAFKA_CONFIG, ROOT
from tests.deploy.acls import bindings, commands
from tests.deploy.manifests import KUBERNETES, OVERLAYS, Manifest, build, complaints, parse
from tests.deploy.strimzi import SCHEMAS, version

pytestmark = pytest.mark.slow  # npm brings the tools
SERVICES: dict[str, type[ServiceSettings]] = {
    "ingest": IngestSettings,
    "tagger": TaggerSettings,
    "notifier": NotifierSettings,
}


@functools.cache
def built(overlay: str) -> tuple[Manifest, ...]:
    return tuple(build(KUBERNETES / "overlays" / overlay))


def of(overlay: str, kind: str, name: str = "") -> list[Manifest]:
    """Copies, free to be spoiled."""
    found = [
        one
        for one in built(overlay)
        if one["kind"] == kind and one["metadata"]["name"] in (name or one["metadata"]["name"],)
    ]
    return copy.deepcopy(found)


def pods(overlay: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in built(overlay):
        if one["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]
        if one["kind"] == "CronJob":
            yield one["metadata"]["name"], one["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def spoiled(kind: str, name: str, change: Callable[[Manifest], object]) -> Manifest:
    (manifest,) = of("regional", kind, name)
    change(manifest)
    return manifest


BROKEN: list[tuple[str, str, Callable[[Manifest], object]]] = [
    ("Deployment", "tagger", lambda m: m["spec"].pop("selector")),
    ("Deployment", "tagger", lambda m: m["spec"]["template"]["spec"].update(securityContex={})),
    ("Deployment", "tagger", lambda m: m["spec"]["template"]["spec"]["containers"][0]["ports"][0].update(containerPort="http")),
    ("NetworkPolicy", "default-deny", lambda m: m["spec"].update(podSelector=[])),
    ("PodDisruptionBudget", "ingest", lambda m: m["spec"].update(maxUnavailable=[1])),
    ("Job", "siaga-migrate", lambda m: m["spec"]["template"]["spec"].pop("containers")),
    ("ConfigMap", "siaga", lambda m: m["data"].update(SIAGA_REPLICATION_FACTOR=3)),
    ("KafkaTopic", "stories", lambda m: m["spec"].update(partitions="12")),
    ("KafkaTopic", "stories", lambda m: m["spec"].update(retention=1)),
    ("KafkaTopic", "stories", lambda m: m.update(apiVersion="kafka.strimzi.io/v1beta2")),
    ("KafkaUser", "ingest", lambda m: m["spec"]["authentication"].update(type="scram-sha-256")),
    ("KafkaUser", "ingest", lambda m: m["spec"]["authorization"]["acls"][0].update(operations=["Reed"])),
    ("Kafka", "siaga", lambda m: m["spec"]["kafka"]["listeners"][0].update(port="tls")),
    ("KafkaNodePool", "nodes", lambda m: m["spec"].pop("storage")),
    ("ScaledObject", "tagger", lambda m: m["spec"]["scaleTargetRef"].pop("name")),
    ("ScaledObject", "tagger", lambda m: m["spec"]["triggers"][0]["metadata"].update(lagThreshold=500)),
    ("TriggerAuthentication", "kafka", lambda m: m["spec"]["secretTargetRef"][0].pop("key")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "change"), BROKEN)
def test_a_broken_manifest_is_refused(kind: str, name: str, change: Callable[[Manifest], object]) -> None:
    assert complaints(spoiled(kind, name, change))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_valid(overlay: str) -> None:
    found = {f"{one['kind']} {one['metadata']['name']}": complaints(one) for one in built(overlay)}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert len(found) > 30


def test_a_folder_that_kustomize_cannot_build_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [nowhere.yaml]\n")
    with pytest.raises(ValueError, match="nowhere"):
        build(tmp_path)


def test_the_schemas_are_of_the_release_that_the_pom_names() -> None:
    assert json.loads(SCHEMAS.read_text(encoding="utf-8"))["version"] == version()


# --- closed


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_pod_may_do_more_than_it_must(overlay: str) -> None:
    seen = dict(pods(overlay))
    assert set(SERVICES) <= seen.keys()
    for name, pod in seen.items():
        assert loose_ends(pod) == [], name


def loose_ends(pod: dict[str, Any]) -> list[str]:
    """What a pod lacks of the restricted standard, and of what we ask on top."""
    context = pod.get("securityContext", {})
    wrong = [] if context.get("runAsNonRoot") and context.get("runAsUser") else ["may be root"]
    wrong += [] if context.get("seccompProfile") == {"type": "RuntimeDefault"} else ["no seccomp profile"]
    wrong += [] if pod.get("automountServiceAccountToken") is False else ["has a token"]
    for container in pod["containers"]:
        own = container.get("securityContext", {})
        wrong += [] if own.get("allowPrivilegeEscalation") is False else ["may gain rights"]
        wrong += [] if own.get("readOnlyRootFilesystem") is True else ["may change itself"]
        wrong += [] if own.get("capabilities") == {"drop": ["ALL"]} else ["has capabilities"]
        asked = container.get("resources", {})
        wrong += [] if {"cpu", "memory"} <= asked.get("requests", {}).keys() else ["asks for nothing"]
        wrong += [] if "memory" in asked.get("limits", {}) else ["has no limit"]
    return wrong + ["hostPath" for volume in pod.get("volumes", []) if "hostPath" in volume]


@pytest.mark.parametrize(
    "change",
    [
        lambda pod: pod["securityContext"].pop("runAsNonRoot"),
        lambda pod: pod["securityContext"].update(seccompProfile={"type": "Unconfined"}),
        lambda pod: pod.pop("automountServiceAccountToken"),
        lambda pod: pod["containers"][0]["securityContext"].update(allowPrivilegeEscalation=True),
        lambda pod: pod["containers"][0]["securityContext"].pop("readOnlyRootFilesystem"),
        lambda pod: pod["containers"][0]["securityContext"]["capabilities"].update(add=["NET_RAW"]),
        lambda pod: pod["containers"][0]["resources"].pop("limits"),
        lambda pod: pod["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
    ],
)
def test_a_pod_that_may_do_more_is_found(change: Callable[[dict[str, Any]], object]) -> None:
    (tagger,) = of("small", "Deployment", "tagger")
    change(pod := tagger["spec"]["template"]["spec"])
    assert loose_ends(pod)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_is_in_the_repository(overlay: str) -> None:
    assert of(overlay, "Secret") == []
    for one in of(overlay, "ConfigMap", "siaga"):
        for key, value in one["data"].items():
            assert not re.search(r"PASSWORD|TOKEN|SECRET|_KEY", key) or key.endswith(("_FILE", "_PASSWORDS")), key
            assert not re.search(r"://[^/@]*:[^/@]+@", value), key


#: Pods that come and go.
JOBS = ("migrate", "backup", "cli", "probe")
FLOWS = {
    "small": {
        ("ingest", "internet", (80, 443)), ("ingest", "kafka", (9093,)),
        ("tagger", "kafka", (9093,)),
        ("notifier", "internet", (443, 465, 587)), ("notifier", "kafka", (9093,)),
        ("backup", "kafka", (9093,)), ("cli", "kafka", (9093,)), ("probe", "internet", (80, 443)),
    },
    "regional": {
        ("ingest", "internet", (80, 443)), ("ingest", "kafka", (9093,)), ("ingest", "postgres", (5432,)),
        ("tagger", "kafka", (9093,)), ("tagger", "postgres", (5432,)),
        ("notifier", "internet", (443, 465, 587)), ("notifier", "kafka", (9093,)), ("notifier", "postgres", (5432,)),
        ("migrate", "postgres", (5432,)), ("backup", "kafka", (9093,)), ("backup", "postgres", (5432,)),
        ("cli", "kafka", (9093,)), ("cli", "postgres", (5432,)), ("probe", "internet", (80, 443)),
    },
}  # fmt: skip


def selected(selector: dict[str, Any]) -> set[str]:
    """Which of our pods a policy is about, by name."""
    ours = {*SERVICES, *JOBS}
    if not selector:
        return ours
    names = {selector.get("matchLabels", {}).get("app.kubernetes.io/name")}
    for expression in selector.get("matchExpressions", []):
        names |= set(expression["values"])
    return ours & names


def target(peer: dict[str, Any]) -> str:
    if "ipBlock" in peer:
        assert peer["ipBlock"]["except"], "the cluster's own addresses are let through"
        return "internet"
    labels = {
        **peer.get("namespaceSelector", {}).get("matchLabels", {}),
        **peer.get("podSelector", {}).get("matchLabels", {}),
    }
    return "kafka" if labels.get("strimzi.io/kind") == "Kafka" else labels.get("kubernetes.io/metadata.name", "?")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_leaves_our_pods_is_exactly_what_they_need(overlay: str) -> None:
    found = set()
    for policy in of(overlay, "NetworkPolicy"):
        for rule in policy["spec"].get("egress", []):
            for name in selected(policy["spec"]["podSelector"]):
                for peer in rule.get("to", [{}]):
                    found.add((name, target(peer), tuple(sorted(port["port"] for port in rule["ports"]))))
    names = {(name, "kube-system", (53, 53)) for name in (*SERVICES, *JOBS)}
    assert found == FLOWS[overlay] | names


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_pods_of_the_command_line_stand_at_nothing_and_only_one_knows_secrets(overlay: str) -> None:
    for name in ("cli", "probe"):
        (one,) = of(overlay, "Deployment", name)
        assert one["spec"]["replicas"] == 0
    seen = dict(pods(overlay))
    assert {volume["name"] for volume in seen["probe"]["volumes"]} == {"tmp"}
    secrets = {volume["secret"]["secretName"] for volume in seen["cli"]["volumes"] if "secret" in volume}
    assert secrets >= {"operator", "siaga-cluster-ca-cert", "siaga-notifier"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_command_line_finds_every_store(overlay: str) -> None:
    (settings,) = of(overlay, "ConfigMap", "siaga")
    container = dict(pods(overlay))["cli"]["containers"][0]
    told = {**settings["data"], **{one["name"]: one["value"] for one in container["env"]}}
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    for name in NAMES:
        url = told[f"SIAGA_{name.upper()}_STORE"]
        folder = url.removeprefix("sqlite:///").rpartition("/")[0]
        assert (folder if overlay == "small" else told["SIAGA_STORE_PASSWORDS"]) in mounted, name
    assert told["SIAGA_CONTACT_KEY_FILE"].rpartition("/")[0] in mounted


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_is_denied_first_and_only_metrics_and_desk_are_let_in(overlay: str) -> None:
    (deny,) = of(overlay, "NetworkPolicy", "default-deny")
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    let_in = {
        (name, port["port"])
        for policy in of(overlay, "NetworkPolicy")
        for rule in policy["spec"].get("ingress", [])
        for port in rule["ports"]
        for name in selected(policy["spec"]["podSelector"])
    }
    assert let_in == {*((name, 8080) for name in SERVICES), ("notifier", 8600)}


# --- watched


def test_the_prometheus_operators_resources_are_valid() -> None:
    found = {one["kind"]: complaints(one) for one in build(KUBERNETES / "monitoring")}
    assert found == {"PodMonitor": [], "PrometheusRule": []}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("PodMonitor", lambda m: m["spec"].pop("selector")),
        ("PodMonitor", lambda m: m["spec"]["podMetricsEndpoints"][0].update(interval="often")),
        ("PrometheusRule", lambda m: m["spec"]["groups"][0]["rules"][0].pop("expr")),
        ("PrometheusRule", lambda m: m.update(apiVersion="monitoring.coreos.com/v9")),
    ],
)
def test_what_the_prometheus_operator_would_refuse_is_not(kind: str, change: Callable[[Manifest], object]) -> None:
    (one,) = [one for one in build(KUBERNETES / "monitoring") if one["kind"] == kind]
    change(one)
    assert complaints(one)


def test_the_clusters_alarms_are_those_of_the_tested_file() -> None:
    assert RESOURCE.read_text(encoding="utf-8") == resource(), "python -m deploy.prometheus.make_rule"
    (told,) = parse(RESOURCE.read_text(encoding="utf-8"))
    assert told["spec"] == parse(RULES.read_text(encoding="utf-8"))[0]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_service_is_scraped_under_the_labels_that_alarms_ask_for(overlay: str) -> None:
    (monitor,) = [one for one in build(KUBERNETES / "monitoring") if one["kind"] == "PodMonitor"]
    wanted = {one["key"]: set(one["values"]) for one in monitor["spec"]["selector"]["matchExpressions"]}
    for one in of(overlay, "Deployment"):
        labels = one["spec"]["template"]["metadata"]["labels"]
        fits = all(labels.get(key) in values for key, values in wanted.items())
        assert fits is (one["metadata"]["name"] in SERVICES)
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    made = {one["targetLabel"]: one for one in endpoint["relabelings"]}
    assert made["job"]["replacement"] == "siaga"
    assert made["service"]["sourceLabels"] == ["__meta_kubernetes_pod_label_app_kubernetes_io_name"]


# --- in step


def test_the_topics_are_those_of_the_design() -> None:
    wanted = parse((KAFKA_CONFIG / "topics.yaml").read_text(encoding="utf-8"))[0]["topics"]
    found = {one["metadata"]["name"]: one["spec"] for one in of("small", "KafkaTopic")}
    assert {
        name: (
            spec["partitions"],
            spec["config"]["cleanup.policy"],
            spec["config"].get("retention.ms", 0) // 86_400_000 or None,
        )
        for name, spec in found.items()
    } == {name: (one["partitions"], one["cleanup"], one.get("retention_days")) for name, one in wanted.items()}


def rights(user: Manifest) -> set[tuple[str, str, str, str]]:
    return {
        (acl["resource"]["type"], acl["resource"]["name"], acl["resource"]["patternType"], operation.upper())
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    }


def test_every_user_may_do_what_the_acl_script_says(tmp_path: Path) -> None:
    wanted: dict[str, set[tuple[str, str, str, str]]] = {}
    for command in [*commands(tmp_path, "services"), *commands(tmp_path, "operator", "operator")]:
        for one in bindings(command):
            pattern = "prefix" if one.resource_pattern_type.name == "PREFIXED" else "literal"
            right = (one.restype.name.lower(), one.name, pattern, one.operation.name)
            wanted.setdefault(one.principal.removeprefix("User:"), set()).add(right)
    assert {one["metadata"]["name"]: rights(one) for one in of("small", "KafkaUser")} == wanted


def test_the_example_of_a_regions_reader_is_what_the_acl_script_gives(tmp_path: Path) -> None:
    (user,) = parse((KUBERNETES / "regional-reader.example.yaml").read_text(encoding="utf-8"))
    wanted = {
        (
            one.restype.name.lower(),
            one.name,
            "prefix" if one.resource_pattern_type.name == "PREFIXED" else "literal",
            one.operation.name,
        )
        for command in commands(tmp_path, "reader", "police-kupang", "id-nt")
        for one in bindings(command)
    }
    assert complaints(user) == []
    assert rights(user) == wanted


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_setting_is_one_that_services_know(overlay: str) -> None:
    known = {f"{PREFIX}{field}".upper() for cls in SERVICES.values() for field in cls.model_fields}
    (settings,) = of(overlay, "ConfigMap", "siaga")
    given = {
        variable["name"]
        for _, pod in pods(overlay)
        for one in pod["containers"]
        for variable in one.get("env", [])
    }
    assert {*settings["data"], *given} <= known


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", list(SERVICES))
def test_the_settings_of_a_service_can_be_loaded(overlay: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings,) = of(overlay, "ConfigMap", "siaga")
    container = dict(pods(overlay))[name]["containers"][0]
    for key, value in {
        **settings["data"],
        **{one["name"]: one["value"] for one in container.get("env", [])},
    }.items():
        monkeypatch.setenv(key, value)
    loaded = SERVICES[name]()
    assert (loaded.kafka_security, loaded.kafka_username) == ("sasl_ssl", name)
    assert loaded.migrates is (overlay == "small")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_secret_file_a_service_reads_is_mounted(overlay: str) -> None:
    (settings,) = of(overlay, "ConfigMap", "siaga")
    for name, pod in pods(overlay):
        container = pod["containers"][0]
        read = {**settings["data"], **{one["name"]: one["value"] for one in container.get("env", [])}}
        mounted = tuple(mount["mountPath"] for mount in container["volumeMounts"])
        if name in SERVICES:
            for key, value in read.items():
                assert not value.startswith("/run/") or value.startswith(mounted), (name, key)
        volumes = {volume["name"] for volume in pod["volumes"]}
        assert volumes == {mount["name"] for mount in container["volumeMounts"]}


def test_each_service_sees_the_password_of_its_own_stores_alone() -> None:
    seen = {}
    for name, pod in pods("regional"):
        if name in {"siaga-backup", "cli", "probe"}:
            continue  # all of them, all of them, none
        (volume,) = [one for one in pod["volumes"] if one["name"] == "postgres"]
        seen[name] = {item["path"] for item in volume["secret"].get("items", [])}
    assert seen == {
        "ingest": {"ingest-password"},
        "tagger": {"tagger-password"},
        "notifier": {"notifier-password", "desk-password"},
        "siaga-migrate": set(),  # all of them
    }


def test_every_store_is_on_postgresql_where_there_is_more_than_one_of_a_service() -> None:
    (settings,) = of("regional", "ConfigMap", "siaga")
    assert all(
        settings["data"][f"SIAGA_{name.upper()}_STORE"].startswith("postgresql+psycopg://") for name in NAMES
    )
    (small,) = of("small", "ConfigMap", "siaga")
    assert not [key for key in small["data"] if key.endswith("_STORE")]
    assert of("small", "ScaledObject") == []


def test_two_processes_never_share_a_sqlite_file() -> None:
    for name in SERVICES:
        (one,) = of("small", "Deployment", name)
        assert one["spec"]["replicas"] == 1
        assert one["spec"]["strategy"] == {"type": "Recreate"}
        assert {"name": "data", "persistentVolumeClaim": {"claimName": name}} in one["spec"]["template"]["spec"][
            "volumes"
        ]


def test_keda_scales_the_tagger_by_the_lag_of_its_group_and_nothing_else_sets_its_number() -> None:
    from services.contracts.topics import GROUP_TAGGER, STORIES, TOPICS

    (scaled,) = of("regional", "ScaledObject", "tagger")
    (trigger,) = scaled["spec"]["triggers"]
    assert (trigger["metadata"]["consumerGroup"], trigger["metadata"]["topic"]) == (GROUP_TAGGER, STORIES)
    assert scaled["spec"]["maxReplicaCount"] <= TOPICS[STORIES].partitions
    (tagger,) = of("regional", "Deployment", "tagger")
    assert "replicas" not in tagger["spec"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_ask_what_the_services_answer(overlay: str) -> None:
    served = (ROOT / "services" / "runtime" / "process.py").read_text(encoding="utf-8")
    for name, pod in pods(overlay):
        if name in SERVICES:
            container = pod["containers"][0]
            asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
            assert {kind: probe["path"] for kind, probe in asked.items()} == {
                "startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz",
            }  # fmt: skip
            assert all(f'("{probe["path"]}"' in served and probe["port"] == "http" for probe in asked.values())


@pytest.mark.parametrize("name", list(SERVICES))
def test_limits_leave_room_above_what_was_measured(name: str) -> None:
    measured = json.loads((ROOT / "bench" / "report" / "weights.json").read_text(encoding="utf-8"))["services"][
        name
    ]
    resources = dict(pods("small"))[name]["containers"][0]["resources"]
    requested, limit = (megabytes(resources[kind]["memory"]) for kind in ("requests", "limits"))
    assert measured["peak_mb"] <= requested, "the scheduler is told less than it takes"
    assert limit >= 2 * measured["peak_mb"]


def megabytes(text: str) -> float:
    return int(text.removesuffix("Mi")) * 1.048576
