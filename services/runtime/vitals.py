"""Measure what a service lives on: the size of its stores, the disk below them, the days its certificates have."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from cryptography import x509

from services.runtime.metrics import RuntimeMetrics
from services.runtime.store import Store

#: Files that hold more are no certificates of ours.
CERTIFICATE_BYTES = 1024 * 1024


class Vitals:
    """One look; called again and again."""

    def __init__(
        self,
        metrics: RuntimeMetrics,
        stores: Mapping[str, Store],
        folder: Path,
        certificates: Mapping[str, Path],
    ) -> None:
        self._metrics = metrics
        self._stores = stores
        self._folder = folder
        self._certificates = certificates

    async def __call__(self) -> None:
        """Measure.

        Raises:
            UnavailableError: a store does not answer.
        """
        await asyncio.to_thread(self._look_at_files)
        for name, store in self._stores.items():
            self._metrics.store_bytes.labels(name).set(await store.read(size_of))

    def _look_at_files(self) -> None:
        with contextlib.suppress(OSError):  # a disk that cannot be asked must not end the service
            disk = shutil.disk_usage(_existing(self._folder))
            self._metrics.disk_free.set(disk.free)
            self._metrics.disk_size.set(disk.total)
        for name, path in self._certificates.items():
            self._metrics.certificate.labels(name).set(expires_at(path))


def size_of(conn: sa.Connection) -> int:
    """Bytes a database takes, SQLite's write-ahead log included."""
    if conn.dialect.name == "postgresql":
        return int(conn.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one())
    pages = int(conn.exec_driver_sql("PRAGMA page_count").scalar_one())
    page = int(conn.exec_driver_sql("PRAGMA page_size").scalar_one())
    log = Path(f"{conn.engine.url.database}-wal")
    return pages * page + (log.stat().st_size if log.is_file() else 0)


def expires_at(path: Path) -> float:
    """When the first of a file's certificates expires; 0, long ago, where none can be read."""
    try:
        with path.open("rb") as file:
            found = x509.load_pem_x509_certificates(file.read(CERTIFICATE_BYTES))
    except (OSError, ValueError):
        return 0.0
    return min(one.not_valid_after_utc.timestamp() for one in found)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it: before the first write there may be none."""
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - a link is not followed: its disk is asked for anyway
    return next(one for one in (folder, *folder.parents) if one.exists())
