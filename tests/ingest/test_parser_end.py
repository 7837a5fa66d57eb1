"""A worker that is ended while its answer is on the way holds nobody up."""

from __future__ import annotations

import asyncio
import sys

from services.ingest.parser import Parser

_TALKS = "import sys, time; sys.stdout.buffer.write(bytes(4_000_000)); sys.stdout.flush(); time.sleep(3600)"


async def test_a_worker_whose_answer_nobody_reads_can_be_ended() -> None:
    parser = Parser()
    pipes = dict.fromkeys(("stdin", "stdout"), asyncio.subprocess.PIPE)
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", _TALKS, **pipes)
    parser._process = worker
    assert worker.stdout is not None
    assert len(await worker.stdout.readexactly(100_000)) == 100_000  # and then nobody reads on
    async with asyncio.timeout(60):
        await parser.close()
    assert worker.returncode is not None
