"""Talk to the bot through the local Bot API: what an official writes and presses, what is on the screen."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from services.cli.demo.botapi import BotApi as Double
from services.cli.demo.botapi_chats import Message
from services.notifier import invitations
from services.notifier.bot import Bot
from services.notifier.invitations import Guest, Invitation
from services.notifier.postman import Postman
from services.notifier.roster import Standing
from services.notifier.tables import CORRECTION
from tests.notifier.builders import an_entry
from tests.notifier.world import World

CHAT = 900000001
STRANGER = 666


class Talk:
    """A world whose Telegram is the local Bot API, and a bot that reads it."""

    def __init__(self, world: World, double: Double, bot: Bot, postman: Postman) -> None:
        self.world, self.double, self.bot, self.postman = world, double, bot, postman

    async def say(self, text: str, chat_id: int = CHAT, *, chat_type: str = "private") -> str:
        """Write to the bot; what it answers."""
        before = len(self.double.chats.of(chat_id))
        self.double.user_writes(chat_id, text, chat_type=chat_type)
        await self.bot.step(0)
        answers = [m.shown for m in self.double.chats.of(chat_id)[before:] if m.ours]
        return answers[-1] if answers else ""

    async def press(self, label: str, *, user_id: int | None = None, data: str | None = None) -> None:
        message = next(m for m in self.double.chats.of(CHAT) if m.keyboard)
        found = {b["text"]: b["callback_data"] for row in message.keyboard for b in row}
        self.double.user_presses(message.message_id, data or found[label], user_id=user_id)
        await self.bot.step(0)

    def menu(self, chat_id: int = CHAT) -> Message:
        """The newest message that has buttons."""
        return [m for m in self.double.chats.of(chat_id) if m.keyboard][-1]

    def labels(self, chat_id: int = CHAT) -> list[str]:
        return [b["text"] for row in self.menu(chat_id).keyboard for b in row]

    def data(self, label: str, chat_id: int = CHAT) -> str:
        """The callback data of the button whose label ends so."""
        buttons = [b for row in self.menu(chat_id).keyboard for b in row]
        return next(b["callback_data"] for b in buttons if b["text"].endswith(label))

    async def choose(self, label: str) -> str:
        """Press a button of the newest menu; the little answer that Telegram shows."""
        return await self.press_raw(self.menu().message_id, self.data(label))

    async def press_raw(self, message_id: int, data: str, *, user_id: int | None = None) -> str:
        before = len(self.double.toasts)
        self.double.user_presses(message_id, data, user_id=user_id)
        await self.bot.step(0)
        return " ".join(self.double.toasts[before:])

    def on_screen(self, chat_id: int = CHAT) -> list[str]:
        return [m.shown for m in self.double.chats.of(chat_id) if m.ours]

    async def corrections(self) -> list[str]:
        return await self.world.store.read(lambda conn: [r.kind for r in conn.execute(sa.select(CORRECTION))])

    async def invite(self, **changes: Any) -> Invitation:
        spec, now = an_entry(**{"channels": ["telegram"]} | changes).spec(), self.world.now.timestamp()
        guest = Guest(spec, "PPA unit", "sari")
        return await self.world.store.write(lambda conn: invitations.invite(conn, self.world.vault, guest, now))

    async def standing(self, official_id: str) -> Standing | None:
        return await self.world.store.read(lambda conn: invitations.standing_of(conn, official_id))

    async def approve(self, official_id: str, actor: str = "budi") -> None:
        now = self.world.now.timestamp()
        await self.world.store.write(
            lambda conn: invitations.approve(conn, self.world.vault, official_id, actor, now)
        )
        await self.postman()
