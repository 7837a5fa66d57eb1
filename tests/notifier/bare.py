"""The notifier's ledger and dispatcher as a process without a broker, so that it starts and dies quickly."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from services.notifier import dispatch
from services.notifier.app import MIGRATIONS, make_channels
from services.notifier.metrics import NotifierMetrics
from services.notifier.settings import NotifierSettings
from services.notifier.tools import Tools
from services.notifier.vault import Vault
from services.runtime.logs import configure_logs
from services.runtime.settings import load_settings
from services.runtime.store import Store
from tests.notifier.world import FakeRelay


async def run(settings: NotifierSettings) -> None:
    """Dispatch until killed."""
    store, vault = Store.open(settings.store_url(), MIGRATIONS), Vault.open(settings.key_file())
    tools = Tools(
        store,
        vault,
        make_channels(settings, vault),
        NotifierMetrics(CollectorRegistry()),
        lambda: datetime.now(UTC),
        time.monotonic,
        random.SystemRandom().random,
    )
    relay = FakeRelay(store)
    # By the module, so that a process that is to die gets the parts that die.
    await dispatch.Dispatcher(tools, lambda: relay).run()


def main() -> int:
    settings = load_settings(NotifierSettings)
    configure_logs("notifier", settings.log_level)
    asyncio.run(run(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
