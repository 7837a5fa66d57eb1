"""The world outside, as a process on loopback: outlets, a mail server and a Bot API."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from services.cli.demo.botapi import BotApi
from services.cli.demo.feeds import SeedFeeds
from services.cli.demo.mailbox import Mailbox
from services.runtime.errors import guarded


def started_at(data: Path) -> datetime:
    """When this demo began: kept, so that a story does not change its date when the demo is started again."""
    path = data / "started-at"
    if not path.exists():
        path.write_text(datetime.now(UTC).isoformat() + "\n", encoding="utf-8")
    return datetime.fromisoformat(path.read_text(encoding="utf-8").strip())


async def serve(data: Path, stories: Path, feeds_port: int | None, mail_port: int, telegram_port: int) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    data.mkdir(parents=True, exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        if feeds_port is not None:
            feeds = SeedFeeds(stories, port=feeds_port, started_at=started_at(data))
            await feeds.start()
            stack.push_async_callback(feeds.stop)
        mailbox = Mailbox(data / "mail", port=mail_port)
        await mailbox.start()
        stack.push_async_callback(mailbox.stop)
        bot = BotApi(data / "telegram", port=telegram_port)
        await bot.start()
        stack.push_async_callback(bot.stop)
        await stop.wait()


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--stories", type=click.Path(path_type=Path), required=True)
@click.option("--feeds-port", type=int)
@click.option("--mail-port", type=int, required=True)
@click.option("--telegram-port", type=int, required=True)
def main(data: Path, stories: Path, feeds_port: int | None, mail_port: int, telegram_port: int) -> None:
    """What `siaga run` starts beside the services."""
    asyncio.run(serve(data, stories, feeds_port, mail_port, telegram_port))


if __name__ == "__main__":
    sys.exit(guarded("stand-ins", lambda: int(main(standalone_mode=False) or 0)))
