"""What deploy/kafka/acls.sh would have Kafka's own tool do, done through a client."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterable
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.conftest import KAFKA_CONFIG


def commands(folder: Path, *arguments: str) -> list[list[str]]:
    """The calls of kafka-acls.sh that acls.sh makes."""
    recorded = folder / "recorded"
    recorder = folder / "kafka-acls"
    recorder.write_text(f'#!/bin/sh\necho "$@" >>{recorded}\n')
    recorder.chmod(0o755)
    recorded.write_text("")
    environment = {"PATH": "/usr/bin:/bin", "KAFKA_ACLS": str(recorder), "BOOTSTRAP": "unused:1"}
    subprocess.run([KAFKA_CONFIG / "acls.sh", *arguments], check=True, env=environment, capture_output=True)
    return [line.split() for line in recorded.read_text().splitlines()]


def bindings(command: list[str]) -> list[AclBinding]:
    """The same as one call of kafka-acls.sh."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--bootstrap-server")
    parser.add_argument("--command-config")
    parser.add_argument("--add", action="store_true", required=True)
    parser.add_argument("--allow-principal", required=True)
    parser.add_argument("--operation", action="append", required=True)
    parser.add_argument("--topic")
    parser.add_argument("--group")
    parser.add_argument("--resource-pattern-type", default="literal")
    given = parser.parse_args(command)
    return [
        AclBinding(
            ResourceType.TOPIC if given.topic else ResourceType.GROUP,
            given.topic or given.group,
            ResourcePatternType[given.resource_pattern_type.upper()],
            given.allow_principal,
            "*",
            AclOperation[operation.upper()],
            AclPermissionType.ALLOW,
        )
        for operation in given.operation
    ]


def grant(bootstrap: str, folder: Path, passwords: dict[str, str], *asked: Iterable[str]) -> None:
    """Make the users, and give them what these calls of acls.sh say."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    credentials = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    users = [UserScramCredentialUpsertion(user, credentials, word.encode()) for user, word in passwords.items()]
    wanted = {binding for words in asked for command in commands(folder, *words) for binding in bindings(command)}
    for futures in (admin.alter_user_scram_credentials(users), admin.create_acls(list(wanted))):
        for future in futures.values():
            future.result(30)
