"""Fetch one address in a process of its own and say what came of it and by how many megabytes the process grew.

``python -m tests.ingest.bomb_eater URL``
"""

from __future__ import annotations

import asyncio
import resource
import sys

from services.ingest.fetch import Fetcher, FetchError
from tests.ingest.world import AGENT


async def main(url: str) -> None:
    fetcher = Fetcher(AGENT)
    for path in ("/small", "/bomb"):  # the first one loads what every request needs
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            await fetcher.get(url + path, hosts=("desk.localhost",), accept="*/*", loopback=True)
            reason = "read"
        except FetchError as error:
            reason = str(error.reason)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(reason, grown)  # noqa: T201 - what the test reads
    await fetcher.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
