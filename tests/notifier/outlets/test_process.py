"""The whole notifier as a process: Kafka in; a feed, a CAP message, a webhook and a stopped mailbox out."""

from __future__ import annotations

import re
from pathlib import Path

import feedparser
import httpx
from click.testing import CliRunner
from ruamel.yaml import YAML

from services.cli.readers import readers_command
from services.cli.webhooks import webhooks_command
from services.contracts.codes import Severity
from services.runtime.embedded import EmbeddedProcess
from services.runtime.ports import hold_port
from tests.notifier.builders import a_place, an_alert, an_update
from tests.notifier.outlets.subscriber import Subscriber
from tests.notifier.outlets.support import judge_atom, judge_cap
from tests.notifier.outlets.test_signing import SECRET
from tests.notifier.process import ROOT, notifying

DEMO = ROOT / "seeds" / "officials.demo.yaml"


def a_webhooks_file(folder: Path, url: str) -> Path:
    (folder / "centre.whsec").write_text(SECRET)
    target = {"name": "centre", "url": url, "secret_file": "centre.whsec", "regions": ["ID"]}
    path = folder / "webhooks.yaml"
    with path.open("w") as file:
        YAML().dump({"hosts": ["127.0.0.1"], "targets": [target]}, file)
    return path


def siaga(command: object, folder: Path, *words: str) -> str:
    result = CliRunner().invoke(command, [words[0], "--data", str(folder), *words[1:]])  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    return result.stdout


async def test_an_alert_on_kafka_reaches_feed_cap_and_webhook(embedded: EmbeddedProcess, tmp_path: Path) -> None:
    port = hold_port()
    base = f"http://127.0.0.1:{port}"
    async with (
        Subscriber(SECRET).listening() as subscriber,
        notifying(
            embedded.bootstrap,
            embedded.incarnation,
            tmp_path,
            DEMO,
            SIAGA_PUBLIC_PORT=str(port),
            SIAGA_PUBLIC_URL="https://siaga.example",
            SIAGA_WEBHOOKS_FILE=str(a_webhooks_file(tmp_path, subscriber.url)),
            SIAGA_WEBHOOK_LOOPBACK="true",
        ) as one,
        httpx.AsyncClient(base_url=base) as client,
    ):
        one.start()
        await one.publish([
            an_alert(incident_id="ntt-1"),
            an_alert(incident_id="kh-1", places=(a_place("KH-1", name="Poipet"),), severity=Severity.CRITICAL),
        ])  # fmt: skip
        await one.until(lambda: len(subscriber.taken) >= 1 and one.states()["accepted"] >= 3)
        token = siaga(readers_command, tmp_path, "add", "Operations room", "--region", "ID-NT").strip()
        await one.publish([an_update(incident_id="ntt-1")])
        await one.until(lambda: len(subscriber.taken) >= 2)

        answer = await client.get(f"/feeds/id-nt/all.atom?token={token}")
        assert answer.status_code == 200
        judge_atom(answer.content)
        [entry] = feedparser.parse(answer.content).entries
        [cap] = [link.href for link in entry.links if link.get("type") == "application/cap+xml"]
        message = judge_cap((await client.get(cap.removeprefix("https://siaga.example"))).content)
        assert message.findtext("{*}msgType") == "Update"

        assert subscriber.types == ["incident.raised", "incident.updated"]
        assert subscriber.forged == 0
        assert '"state": "accepted"' in siaga(webhooks_command, tmp_path, "log", "centre")
        assert '"state": "active"' in siaga(webhooks_command, tmp_path, "list")

        for path in ("/metrics", "/readyz", "/healthz", "/asyncapi.json"):
            assert (await client.get(path)).status_code == 404

        [mail] = one.mail.mails()
        found = re.search(r"<https://siaga\.example(/u/[^>]+)>", str(mail["List-Unsubscribe"]))
        assert found
        stopped = await client.post(found[1], data={"List-Unsubscribe": "One-Click"})
        assert stopped.status_code == 200

        reader_id = siaga(readers_command, tmp_path, "list").split('"')[3]
        siaga(readers_command, tmp_path, "revoke", reader_id)
        async with httpx.AsyncClient(base_url=base, timeout=10) as other:
            statuses = set()
            while 404 not in statuses:
                answer = await other.get("/feeds/id-nt/all.atom", headers={"authorization": f"Bearer {token}"})
                statuses.add(answer.status_code)
        assert token not in one.log
        assert SECRET not in one.log
        assert found[1] not in one.log
        assert await one.stop() == 0
