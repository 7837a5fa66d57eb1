"""Run deploy/kafka/acls.sh with Kafka's own tool against a real Kafka, and compare what came of it.

    .venv/bin/python -m tests.deploy.proof_acls

The tests do the same through a client, since the tool's JVM takes a second for each of its fifteen calls.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from services.runtime.apache import ApacheKafka
from services.runtime.jars import ensure_jars, kafka_version, need_java
from services.runtime.ports import HOST, hold_port
from tests.conftest import KAFKA_CONFIG, QUICK, ROOT
from tests.deploy.acls import bindings, commands

TOOLS = Path(__file__).parent / "tools" / "kafka-tools-pom.xml"
ASKED = (["services"], ["operator", "operator"], ["reader", "police-kupang", "id-nt", "id-nb"])
ANY = AclBindingFilter(
    ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
)


def the_tool(folder: Path) -> Path:
    """kafka-acls.sh, as the distribution's own script would start it."""
    if kafka_version(TOOLS) != kafka_version(KAFKA_CONFIG / "pom.xml"):
        raise SystemExit("the tool is of another release than Kafka")
    jars = ensure_jars(TOOLS, ROOT / "var" / "kafka-tools")
    tool = folder / "kafka-acls.sh"
    java = f"{need_java()} -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '{jars}/*'"
    tool.write_text(f'#!/bin/sh\nexec {java} org.apache.kafka.tools.AclCommand "$@"\n')
    tool.chmod(0o755)
    return tool


def given(bootstrap: str) -> set[AclBinding]:
    """Every right the broker knows of."""
    admin = AdminClient({"bootstrap.servers": bootstrap})  # without a name it is gone before the answer
    return set(admin.describe_acls(ANY).result(30))


async def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = {one for words in ASKED for command in commands(folder, *words) for one in bindings(command)}
        tool = the_tool(folder)
        port, controller = hold_port(), hold_port()
        node = ApacheKafka(
            folder / "kafka",
            port,
            libs=ensure_jars(KAFKA_CONFIG / "pom.xml", ROOT / "var" / "kafka-libs"),
            log_config=KAFKA_CONFIG / "log4j2.properties",
            quorum={1: controller},
            overrides=QUICK
            | {
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:ANONYMOUS",
            },
        )
        await node.start()
        try:
            environment = os.environ | {"KAFKA_ACLS": str(tool), "BOOTSTRAP": f"{HOST}:{port}"}
            for words in ASKED:
                script = [str(KAFKA_CONFIG / "acls.sh"), *words]
                await asyncio.to_thread(subprocess.run, script, check=True, env=environment, capture_output=True)
            found = await asyncio.to_thread(given, node.bootstrap)
        finally:
            await node.stop()
    for one in sorted(map(str, wanted ^ found)):
        sys.stdout.write(f"differs: {one}\n")
    sys.stdout.write(
        f"{len(found)} rights given by Kafka's tool, {len(wanted)} by the client, same: {found == wanted}\n"
    )
    return 0 if found == wanted else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
