"""Run librdkafka's in-memory Kafka cluster, in this process for tests or in a process of its own.

The cluster comes with the ``confluent-kafka`` wheel and is driven through its C API, because only there can a
topic get its partition count.  It keeps nothing on disk, and per partition only the newest 5 MiB or 100 000
batches: a broker for one machine and for tests.  A fresh *incarnation* tells a relay that everything published
before is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import functools
import importlib.util
import json
import signal
import sys
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from services.runtime.errors import OperatorError, guarded
from services.runtime.tied import tied

#: Seconds within which an orphan notices that its parent is gone.

_PRODUCER: Final = 0  # RD_KAFKA_PRODUCER
_BROKER_ID: Final = 1  # the mock numbers its brokers from 1
_ROOT: Final = Path(__file__).resolve().parents[2]

_POINTER: Final = ctypes.c_void_p
_SIGNATURES: Final[dict[str, tuple[type | None, tuple[type, ...]]]] = {
    "rd_kafka_conf_new": (_POINTER, ()),
    "rd_kafka_conf_set": (
        ctypes.c_int,
        (_POINTER, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t),
    ),
    "rd_kafka_new": (_POINTER, (ctypes.c_int, _POINTER, ctypes.c_char_p, ctypes.c_size_t)),
    "rd_kafka_destroy": (None, (_POINTER,)),
    "rd_kafka_mock_cluster_new": (_POINTER, (_POINTER, ctypes.c_int)),
    "rd_kafka_mock_cluster_destroy": (None, (_POINTER,)),
    "rd_kafka_mock_cluster_bootstraps": (ctypes.c_char_p, (_POINTER,)),
    "rd_kafka_mock_set_controller_id": (ctypes.c_int, (_POINTER, ctypes.c_int32)),
    "rd_kafka_mock_topic_create": (ctypes.c_int, (_POINTER, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, (_POINTER, ctypes.c_int32)),
    "rd_kafka_mock_broker_set_down": (ctypes.c_int, (_POINTER, ctypes.c_int32)),
    "rd_kafka_mock_broker_set_up": (ctypes.c_int, (_POINTER, ctypes.c_int32)),
    "rd_kafka_mock_clear_request_errors": (None, (_POINTER, ctypes.c_int16)),
    "rd_kafka_mock_push_request_errors_array": (
        None,
        (_POINTER, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)),
    ),
}


def find_library(package_dir: Path | None = None) -> Path:
    """The librdkafka that the ``confluent-kafka`` wheel carries.

    Linux wheels keep it in ``confluent_kafka.libs`` beside the package, macOS wheels in ``.dylibs`` inside it.
    Raises `OperatorError` when the package or its library is missing.
    """
    if package_dir is None:
        spec = importlib.util.find_spec("confluent_kafka")
        if spec is None or spec.origin is None:
            raise OperatorError("embedded broker", "the Python package confluent-kafka is not installed")
        package_dir = Path(spec.origin).parent
    found = [
        *sorted(package_dir.with_name("confluent_kafka.libs").glob("librdkafka-*.so*")),
        *sorted((package_dir / ".dylibs").glob("librdkafka*.dylib")),
    ]
    if not found:
        raise OperatorError(
            "embedded broker",
            f"no librdkafka beside {package_dir}: install confluent-kafka from its wheel, not from source",
        )
    return found[0]


@functools.cache
def _load(path: Path) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(str(path))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise OperatorError("embedded broker", f"{path.name} cannot be used: {error}") from error
    return library


class EmbeddedCluster:
    """A one-broker Kafka in this process's memory, with the faults a test wants to see.

    Use it as a context manager, or call `close`.
    """

    def __init__(self, topics: Mapping[str, int], library: Path | None = None) -> None:
        """`topics` are names and partition counts; `library` is a librdkafka other than the wheel's."""
        self._library = _load(library or find_library())
        reason = ctypes.create_string_buffer(512)
        conf = self._library.rd_kafka_conf_new()
        # The handle has no broker of its own to connect to; without this it says so on stderr at each start.
        self._library.rd_kafka_conf_set(conf, b"log_level", b"4", reason, len(reason))
        self._handle: int | None = self._library.rd_kafka_new(_PRODUCER, conf, reason, len(reason))
        if not self._handle:
            raise OperatorError("embedded broker", f"librdkafka did not start: {reason.value.decode()}")
        self._cluster: int | None = self._library.rd_kafka_mock_cluster_new(self._handle, 1)
        if not self._cluster:
            self._library.rd_kafka_destroy(self._handle)
            raise OperatorError("embedded broker", "no port on 127.0.0.1 to listen on")
        # Kafka waits 3 s for more members of a new group: on one machine that is only a slow start.
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        # Without a controller aiokafka fails on any admin request with an AttributeError; with one it can say that
        # this broker has no such request.
        self._library.rd_kafka_mock_set_controller_id(self._cluster, _BROKER_ID)
        self.bootstrap: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        for name, partitions in topics.items():
            self.create_topic(name, partitions)

    def __enter__(self) -> EmbeddedCluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def create_topic(self, name: str, partitions: int) -> None:
        """Create a topic; one that exists already or has no partitions is an `OperatorError`."""
        code = self._library.rd_kafka_mock_topic_create(self._open(), name.encode(), partitions, 1)
        if code != 0:
            raise OperatorError(
                "embedded broker", f"topic {name!r} with {partitions} partitions: refused ({code})"
            )

    def down(self) -> None:
        """Close every connection and refuse new ones; what is stored stays."""
        self._library.rd_kafka_mock_broker_set_down(self._open(), _BROKER_ID)

    def up(self) -> None:
        """Accept connections again, at the same address."""
        self._library.rd_kafka_mock_broker_set_up(self._open(), _BROKER_ID)

    def inject_errors(self, api_key: int, *codes: int) -> None:
        """Answer the next requests of this API (0 Produce, 1 Fetch, 8 OffsetCommit) with these protocol errors.

        One code is spent a request, in order; 0 lets one request through.
        """
        array = (ctypes.c_int * len(codes))(*codes)
        self._library.rd_kafka_mock_push_request_errors_array(self._open(), api_key, len(codes), array)

    def clear_errors(self, api_key: int) -> None:
        """Forget the errors not spent yet."""
        self._library.rd_kafka_mock_clear_request_errors(self._open(), api_key)

    def close(self) -> None:
        """Stop the broker and free its memory; closing twice is harmless."""
        if self._cluster is None:
            return
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)
        self._cluster = self._handle = None

    def _open(self) -> int:
        if self._cluster is None:
            raise ValueError("the embedded cluster is closed")
        return self._cluster


@dataclass(frozen=True)
class EmbeddedProcess:
    """A running broker process and what its clients must know."""

    bootstrap: str
    incarnation: str
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        return self.process.pid

    async def wait(self) -> int:
        """Wait for the process to end, by itself or killed; its exit code, or minus the signal."""
        return await self.process.wait()

    async def stop(self, patience: float = 5.0) -> int:
        """End it with SIGTERM, and with SIGKILL after `patience` seconds."""
        return await _end(self.process, patience)


async def start_embedded(topics: Mapping[str, int], patience: float = 60.0) -> EmbeddedProcess:
    """Start the broker in a process of its own, so that a crash of a service does not take the messages with it.

    `patience` is in seconds.  Raises `OperatorError` when the broker does not come up.
    """
    process = await asyncio.create_subprocess_exec(
        *tied([sys.executable, "-m", "services.runtime.embedded", "--topics", format_topics(topics)]),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        start_new_session=True,  # Ctrl-C is for the services: they still commit while they stop
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(patience):
            hello = json.loads(await process.stdout.readline())
    except (TimeoutError, ValueError) as error:
        code = await _end(process, patience=2.0)
        raise OperatorError("embedded broker", f"its process did not start (exit code {code})") from error
    except asyncio.CancelledError:
        await _end(process, patience=2.0)
        raise
    return EmbeddedProcess(hello["bootstrap"], hello["incarnation"], process)


async def _end(process: asyncio.subprocess.Process, patience: float) -> int:
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        process.terminate()
    try:
        async with asyncio.timeout(patience):
            return await process.wait()
    except TimeoutError:
        process.kill()
    return await process.wait()


def format_topics(topics: Mapping[str, int]) -> str:
    """``{"stories": 12, "dead": 1}`` as ``stories:12,dead:1``."""
    return ",".join(f"{name}:{partitions}" for name, partitions in topics.items())


def parse_topics(text: str) -> dict[str, int]:
    """``stories:12,dead:1`` as a mapping; raises `OperatorError` naming the part it cannot read."""
    topics: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        name, _, partitions = part.rpartition(":")
        if not name or name in topics or not partitions.isdecimal() or int(partitions) < 1:
            raise OperatorError("--topics", f"{part!r} is not name:partitions, or not the first of its name")
        topics[name] = int(partitions)
    return topics


def serve(topics: Mapping[str, int]) -> None:
    """Hold a broker until a signal asks to stop."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    with EmbeddedCluster(topics) as cluster:
        hello = {"bootstrap": cluster.bootstrap, "incarnation": str(uuid.uuid4())}
        sys.stdout.write(json.dumps(hello) + "\n")
        sys.stdout.flush()
        stop.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of the broker's process: ends with 0 when it was asked to stop."""
    parser = argparse.ArgumentParser(prog="python -m services.runtime.embedded", description=__doc__)
    parser.add_argument("--topics", default="", metavar="NAME:PARTITIONS,...")
    options = parser.parse_args(arguments)
    serve(parse_topics(options.topics))
    return 0


if __name__ == "__main__":
    sys.exit(guarded("embedded broker", main))
