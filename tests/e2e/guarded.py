"""A real Apache Kafka that lets nobody in without TLS and a login, with the rights of deploy/kafka/acls.sh."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from whole import SCENE_EVERY_S, Whole, free_base, quick_officials

from services.cli.run import Stack
from services.cli.stack import SEEDS, Plan, Ports, demo_part, service_parts
from services.cli.topics import wanted_topics
from services.notifier.tables import DELIVERY
from services.runtime.apache import ApacheKafka
from services.runtime.broker import admin_client
from services.runtime.ports import HOST, hold_port
from services.runtime.settings import ServiceSettings
from services.runtime.topics_admin import create_topics
from tests.conftest import KAFKA_CONFIG, QUICK
from tests.deploy.acls import grant

USERS = ("ingest", "tagger", "notifier", "operator", "kupang")
_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True)
class Authority:
    """Who signs certificates, made anew for each test run."""

    folder: Path
    name: str = "authority"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def file(self) -> Path:
        """Its own certificate, as SIAGA_KAFKA_CA_FILE wants it."""
        path = self.folder / f"{self.name}.pem"
        if not path.exists():
            path.write_bytes(self._signed(self.key, self.name, is_authority=True))
        return path

    def keystore(self, host: str) -> Path:
        """Key and certificate of a broker of that name, as Kafka reads them."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self.folder / f"{host}.keystore.pem"
        path.write_bytes(pem + self._signed(key, host, is_authority=False))
        return path

    def _signed(self, key: ec.EllipticCurvePrivateKey, name: str, *, is_authority: bool) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if is_authority:
            builder = builder.add_extension(
                x509.KeyUsage(*[False] * 5, True, True, False, False),
                critical=True,  # signs certificates, lists
            )
        else:
            builder = builder.add_extension(x509.SubjectAlternativeName([_name_of(name)]), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)


def _name_of(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class GuardedKafka:
    """One node: its own loopback listener is the operator's, the other asks for TLS and SCRAM-SHA-512."""

    def __init__(self, folder: Path, libs: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder)
        self.passwords = {user: f"{user}-only-for-this-test" for user in USERS}
        self.port = hold_port()
        operator, controller = hold_port(), hold_port()
        outside = f"CLIENTS://localhost:{self.port}"
        self.node = ApacheKafka(
            folder / "kafka",
            operator,
            libs=libs,
            log_config=KAFKA_CONFIG / "log4j2.properties",
            quorum={1: controller},
            overrides=QUICK
            | {
                "listeners": f"PLAINTEXT://{HOST}:{operator},CLIENTS://{HOST}:{self.port},CONTROLLER://{HOST}:{controller}",
                "advertised.listeners": f"PLAINTEXT://{HOST}:{operator},{outside}",
                "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CLIENTS:SASL_SSL",
                "sasl.enabled.mechanisms": "SCRAM-SHA-512",
                "listener.name.clients.scram-sha-512.sasl.jaas.config": _LOGIN,
                "listener.name.clients.ssl.keystore.type": "PEM",
                "listener.name.clients.ssl.keystore.location": str(self.authority.keystore("localhost")),
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:ANONYMOUS",
            },
        )

    @property
    def bootstrap(self) -> str:
        """Where users come in."""
        return f"localhost:{self.port}"

    async def start(self) -> None:
        """Start it, with the topics, users and rights of an installation."""
        await self.node.start()
        async with admin_client(ServiceSettings(kafka=self.node.bootstrap)) as admin:
            await create_topics(admin, wanted_topics())
        asked = ["services"], ["operator", "operator"], ["reader", "kupang", "id-nt"]
        await asyncio.to_thread(grant, self.node.bootstrap, self.folder, self.passwords, *asked)

    async def stop(self) -> None:
        await self.node.stop()

    async def has(self, topics: set[str]) -> bool:
        """Whether these topics have come into being."""
        async with admin_client(ServiceSettings(kafka=self.node.bootstrap)) as admin:
            return topics <= set(await admin.list_topics())

    def login(self, user: str, **changes: str) -> Mapping[str, str]:
        """What a service needs in its environment to come in."""
        file = self.folder / f"{user}-password"
        file.write_text(self.passwords[user] + "\n")
        return {
            "SIAGA_KAFKA": self.bootstrap,
            "SIAGA_KAFKA_SECURITY": "sasl_ssl",
            "SIAGA_KAFKA_USERNAME": user,
            "SIAGA_KAFKA_PASSWORD_FILE": str(file),
            "SIAGA_KAFKA_CA_FILE": str(self.authority.file),
        } | changes


class GuardedStack(Stack):
    """The three services and the world around them, each service under its own login."""

    def __init__(self, plan: Plan, kafka: GuardedKafka) -> None:
        super().__init__(plan, kafka.bootstrap)
        self._kafka = kafka

    async def start(self) -> None:
        await self.supervisor.start(demo_part(self.plan))
        for part in service_parts(self.plan, self._kafka.bootstrap, "", self._secrets):
            # The script gives nobody but the operator the dead letters.
            rights = {**self._kafka.login(part.name), "SIAGA_DESK_READS_DEAD": "false"}
            await self.supervisor.start(replace(part, env={**part.env, **rights}))


class Demo(Whole):
    """The demo under those logins."""

    def arrived(self) -> set[str]:
        """The kinds of message that officials have in hand."""
        accepted = sa.select(DELIVERY.c.action).where(DELIVERY.c.state == "accepted")
        return set(self.ask("notifier", lambda conn: conn.execute(accepted).scalars().all()) or ())


@contextlib.asynccontextmanager
async def installed(kafka: GuardedKafka, folder: Path) -> AsyncIterator[Demo]:
    """The demo on this broker; started again on the same folder it goes on where it was."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        data=data,
        ports=Ports(free_base()),
        feeds="seeds",
        contact_url="",
        feeds_file=SEEDS / "feeds.demo.yaml",
        officials_file=quick_officials(folder),
        scene_every_s=SCENE_EVERY_S / 2,
    )
    whole = Demo(GuardedStack(plan, kafka), data)
    try:
        await whole.stack.start()
        yield whole
    finally:
        await whole.stack.stop()
        whole.close()
        if not whole.stack.supervisor.failed.done():
            whole.stack.supervisor.failed.cancel()
