"""Stores, disk and certificates as operators see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.runtime.metrics import RuntimeMetrics
from services.runtime.store import Store
from services.runtime.vitals import Vitals, expires_at

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def a_certificate(days: int) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=days))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_file_expires_with_the_first_of_its_certificates(tmp_path: Path) -> None:
    path = tmp_path / "chain.pem"
    path.write_bytes(a_certificate(90) + a_certificate(10))
    assert expires_at(path) == (NOW + timedelta(days=10)).timestamp()


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nx\n-----END"])
def test_a_file_without_a_certificate_is_not_valid_for_a_day(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "chain.pem"
    if content is not None:
        path.write_bytes(content)
    assert expires_at(path) == 0.0


async def test_a_look_shows_the_store_the_disk_and_the_certificate(store: Store, tmp_path: Path) -> None:
    metrics = RuntimeMetrics("test", "0")
    path = tmp_path / "ca.pem"
    path.write_bytes(a_certificate(30))
    look = Vitals(metrics, {"test": store}, tmp_path / "not" / "there", {"kafka_ca": path})
    await look()
    shown = metrics.registry.get_sample_value
    before = shown("siaga_store_size_bytes", {"store": "test"})
    assert before and before >= 4096
    assert 0 < (shown("siaga_disk_free_bytes") or 0) < (shown("siaga_disk_size_bytes") or 0)
    assert (
        shown("siaga_certificate_expires_timestamp_seconds", {"certificate": "kafka_ca"})
        == (NOW + timedelta(days=30)).timestamp()
    )
    await store.write(lambda conn: conn.execute(sa.text("CREATE TABLE filler AS SELECT zeroblob(500000) AS b")))
    await look()
    assert (shown("siaga_store_size_bytes", {"store": "test"}) or 0) >= before + 500_000


def test_what_is_held_is_asked_for_at_each_look() -> None:
    metrics, held = RuntimeMetrics("test", "0"), [1.0]
    metrics.show_held({"texts": lambda: held[-1]})
    held.append(2.0)
    assert metrics.registry.get_sample_value("siaga_held_bytes", {"what": "texts"}) == 2.0
    assert metrics.registry.get_sample_value("siaga_held_bytes", {"what": "labels"}) is None
