"""The Kafka broker as FastStream and the relay see it; the only file that knows how to reach it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    MessageSizeTooLargeError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLScram512

from services.runtime.errors import OperatorError, UnavailableError, one_line
from services.runtime.outbox import Pending
from services.runtime.settings import ServiceSettings, read_secret
from services.runtime.topics_admin import ensure_topic

GRACE_S = 8.0
MAX_REQUEST_BYTES = 4 * 1024 * 1024
DAY_MS = 24 * 3600 * 1000
_ASK_WITHIN_S = 3.0
#: X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL.
_OTHER_NAME = frozenset({62, 64})


def make_broker(settings: ServiceSettings, service: str) -> KafkaBroker:
    """A broker that is not connected yet.

    ``acks=all`` with the idempotent producer: a record is acknowledged once it is on every replica in
    sync, and a retry inside the client cannot double it or change the order.
    """
    return KafkaBroker(
        settings.kafka.split(","),
        client_id=f"siaga-{service}",
        acks="all",
        enable_idempotence=True,
        max_batch_size=256 * 1024,
        max_request_size=MAX_REQUEST_BYTES,
        allow_auto_create_topics=False,
        graceful_timeout=GRACE_S,
        security=_security(settings),
        logger=None,
        apply_types=True,
    )


def _tls(settings: ServiceSettings) -> ssl.SSLContext | None:
    if "ssl" not in settings.kafka_security:
        return None
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca_file)
    except OSError as error:
        raise OperatorError(f"SIAGA_KAFKA_CA_FILE {settings.kafka_ca_file}", f"cannot be read: {error}") from None


def _login(settings: ServiceSettings) -> tuple[str, str] | None:
    """Name and password; None where the broker asks for none."""
    if not settings.kafka_security.startswith("sasl"):
        return None
    if not settings.kafka_username:
        raise OperatorError("environment SIAGA_KAFKA_USERNAME", "is not set: SIAGA_KAFKA_SECURITY needs a login")
    return settings.kafka_username, read_secret("SIAGA_KAFKA_PASSWORD_FILE", settings.kafka_password_file)


def _security(settings: ServiceSettings) -> BaseSecurity | None:
    tls, login = _tls(settings), _login(settings)
    if login:
        return SASLScram512(*login, ssl_context=tls)
    return BaseSecurity(ssl_context=tls) if tls else None


def client_options(settings: ServiceSettings) -> dict[str, Any]:
    """What every plain aiokafka client needs to reach and enter the broker."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka.split(","),
        "security_protocol": settings.kafka_security.upper(),
        "ssl_context": _tls(settings),
    }
    if login := _login(settings):
        name, password = login
        options |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": name,
            "sasl_plain_password": password,
        }
    return options


@contextlib.asynccontextmanager
async def admin_client(settings: ServiceSettings, timeout_s: float = 15.0) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client.

    Raises:
        OperatorError: the broker cannot be reached within ``timeout_s`` or refuses the credentials.
    """
    client = AIOKafkaAdminClient(request_timeout_ms=10_000, **client_options(settings))
    try:
        async with asyncio.timeout(timeout_s):
            await _until_reached(client, settings)
    except (TimeoutError, KafkaError, OSError) as error:
        with contextlib.suppress(Exception):
            await client.close()
        reason = (
            "no answer in time" if isinstance(error, TimeoutError) else one_line(str(error) or repr(error), 200)
        )
        raise OperatorError(f"SIAGA_KAFKA {settings.kafka}", f"the broker cannot be reached: {reason}") from None
    except OperatorError:
        with contextlib.suppress(Exception):
            await client.close()
        raise
    try:
        yield client
    finally:
        await client.close()


async def _until_reached(client: AIOKafkaAdminClient, settings: ServiceSettings) -> None:
    """A broker that is just starting gets a moment; a refused connection is tried again meanwhile."""
    for wait in (0.5, 1.0, 2.0):
        try:
            await client.start()
            return
        except KafkaError:
            await _say_what_waiting_cannot_mend(settings)
            await asyncio.sleep(wait)
    await client.start()


async def _say_what_waiting_cannot_mend(settings: ServiceSettings) -> None:
    """aiokafka says "unable to bootstrap" of a certificate and of a password alike: ask once by hand.

    Raises:
        OperatorError: certificate, name or login are wrong.
    """
    options = client_options(settings)
    for address in options.pop("bootstrap_servers"):
        host, _, port = address.strip().rpartition(":")
        try:
            async with asyncio.timeout(_ASK_WITHIN_S):
                connection = await create_conn(host, int(port), **options)
        except (KafkaError, OSError, TimeoutError) as error:
            if reason := _why_refused(error, settings, host):
                raise OperatorError(f"SIAGA_KAFKA {address.strip()}", reason) from None
        else:
            connection.close()


def _why_refused(error: BaseException, settings: ServiceSettings, host: str) -> str:
    """What the operator has to put right; empty where waiting may help."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _OTHER_NAME:
            return f"the broker's certificate is not made out to {host}"
        signer = settings.kafka_ca_file or "an authority this system knows (SIAGA_KAFKA_CA_FILE is not set)"
        return f"the broker's certificate is not signed by {signer}: {one_line(error.verify_message, 120)}"
    if isinstance(error, ssl.SSLError):
        return f"the broker does not speak TLS as SIAGA_KAFKA_SECURITY={settings.kafka_security} has it there"
    if isinstance(error, SaslAuthenticationFailed):
        return f"the broker refuses user {settings.kafka_username} with the password of SIAGA_KAFKA_PASSWORD_FILE"
    if isinstance(error, UnsupportedSaslMechanismError | IllegalSaslStateError):
        return "the broker takes no login by SCRAM-SHA-512 there"
    return ""


class RelayBroker:
    """What the relay asks of a broker, over a started FastStream broker and an admin client."""

    def __init__(
        self,
        broker: KafkaBroker,
        admin: AIOKafkaAdminClient,
        *,
        replication_factor: int,
        lazy_prefix: str,
        lazy_retention_days: int,
    ) -> None:
        self._broker = broker
        self._admin = admin
        self._replication_factor = replication_factor
        self._lazy_prefix = lazy_prefix
        self._lazy_retention_ms = lazy_retention_days * DAY_MS

    async def publish(self, row: Pending) -> asyncio.Future[object]:
        """Hand a row to the producer; the partition follows from its key."""
        try:
            return await self._broker.publish(
                row.value, topic=row.topic, key=row.key, headers=row.headers, no_confirm=True
            )
        except MessageSizeTooLargeError:
            raise
        except KafkaError as error:
            raise UnavailableError(f"broker: {error}") from error

    async def committed(self, group: str, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        """Committed offsets of a group; 0 where there is none."""
        wanted = [TopicPartition(topic, partition) for topic, partition in partitions]
        try:
            found = await self._admin.list_consumer_group_offsets(group, partitions=wanted)
        except KafkaError as error:
            raise UnavailableError(f"broker: {error}") from error
        return {(tp.topic, tp.partition): max(0, at.offset) for tp, at in found.items()}

    async def ensure_topic(self, topic: str) -> None:
        """A topic of the lazy prefix comes into being with its first record; the others exist already."""
        if self._lazy_prefix and topic.startswith(self._lazy_prefix):
            await ensure_topic(
                self._admin,
                topic,
                retention_ms=self._lazy_retention_ms,
                replication_factor=self._replication_factor,
            )

    async def answers(self) -> bool:
        """Whether the broker answers within two seconds."""
        try:
            async with asyncio.timeout(2.0):
                await self._admin.describe_cluster()
        except (KafkaError, TimeoutError, OSError, AttributeError):
            return False
        return True
