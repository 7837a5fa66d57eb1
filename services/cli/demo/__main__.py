"""The world outside, as a process on loopback: outlets, a mail server and a Bot API."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from services.cli.demo import canary
from services.cli.demo.botapi import BotApi
from services.cli.demo.feeds import SeedFeeds
from services.cli.demo.mailbox import Mailbox
from services.notifier.officials_file import read_officials
from services.runtime.errors import guarded


def _began(data: Path) -> tuple[datetime | None, Callable[[datetime], None]]:
    """When this demo was first asked for a feed: kept, so that no story changes its date over a restart."""
    path = data / "began-at"
    known = datetime.fromisoformat(path.read_text(encoding="utf-8").strip()) if path.exists() else None

    def remember(at: datetime) -> None:
        path.write_text(at.isoformat() + "\n", encoding="utf-8")

    return known, remember


def chat_names(officials: Path) -> dict[int, str]:
    """What the page of chats calls each one."""
    names = {entry.contacts.telegram: entry.title for entry in read_officials(officials)}
    return {chat: name for chat, name in names.items() if chat is not None} | {canary.CHAT: canary.CHAT_NAME}


@dataclass(frozen=True)
class World:
    """What the stand-ins serve, and where."""

    data: Path
    stories: Path
    officials: Path
    feeds_port: int | None
    scene_every: float
    mail_port: int
    telegram_port: int


async def serve(world: World) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        if world.feeds_port is not None:
            began, remember = _began(world.data)
            feeds = SeedFeeds(
                world.stories,
                port=world.feeds_port,
                scene_every_s=world.scene_every,
                started_at=began,
                on_first_request=remember,
            )
            await feeds.start()
            stack.push_async_callback(feeds.stop)
        copies = {canary.MAIL: canary.maildir(world.data)}
        mailbox = Mailbox(world.data / "mail", port=world.mail_port, copies=copies)
        await mailbox.start()
        stack.push_async_callback(mailbox.stop)
        bot = BotApi(world.data / "telegram", port=world.telegram_port, names=chat_names(world.officials))
        await bot.start()
        stack.push_async_callback(bot.stop)
        await stop.wait()


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--stories", type=click.Path(path_type=Path), required=True)
@click.option("--officials", type=click.Path(path_type=Path), required=True)
@click.option("--feeds-port", type=int)
@click.option("--scene-every", type=float, default=20.0, help="Seconds until copies, then updates appear.")
@click.option("--mail-port", type=int, required=True)
@click.option("--telegram-port", type=int, required=True)
def main(**options: Any) -> None:
    """What `siaga run` starts beside the services."""
    world = World(**options)
    world.data.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(world))


if __name__ == "__main__":
    sys.exit(guarded("stand-ins", lambda: int(main(standalone_mode=False) or 0)))
