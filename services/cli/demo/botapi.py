"""A Bot API on loopback: keeps chats in a file, refuses what Telegram refuses, fails where a test says so."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from services.cli.demo.botapi_chats import Chats, Message
from services.cli.demo.botapi_faults import ANSWERS, DELIVERS, Fault
from services.cli.demo.botapi_page import draw_page
from services.cli.demo.botapi_rules import RefusedError, bad, check_keyboard, check_text
from services.cli.demo.botapi_updates import Updates
from services.runtime.errors import OperatorError

BOT = {"id": 1_000_000_001, "is_bot": True, "first_name": "Siaga", "username": "siaga_demo_bot"}
_HANG_S = 3600.0

__all__ = ["BotApi", "Call", "Chats", "Fault"]


@dataclass(frozen=True)
class Call:
    """One request as it arrived, for proofs about pace; ``at`` is seconds of the wall clock."""

    at: float
    method: str
    chat_id: int | None
    fault: str


class BotApi:
    """Listens on loopback; ``port=0`` takes a free one.

    Args:
        folder: where the chats are kept.
        port: where to listen.
        names: what a chat is called on the page.
        strict: only chats that wrote to the bot are known, as with Telegram; else everybody is.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        names: Mapping[int, str] | None = None,
        strict: bool = False,
    ) -> None:
        self.port = port
        self.calls: list[Call] = []
        self.toasts: list[str] = []
        self.migrates_to = -1_009_999
        self._folder = folder
        self._names = dict(names or {})
        self._strict = strict
        self._faults: dict[int | None, deque[Fault]] = defaultdict(deque)
        self.updates = Updates(int(time.time()))
        self._runner: web.AppRunner | None = None
        self._hanging: set[asyncio.Task[Any]] = set()
        self.chats: Chats

    async def start(self) -> None:
        """Listen.

        Raises:
            OperatorError: the port is taken.
        """
        self.chats = Chats(self._folder)
        app = web.Application(middlewares=[_only_from_here])
        app.add_routes([
            web.get("/", self._page),
            web.post("/press", self._press),
            web.post("/write", self._write),
            web.post("/_fault", self._script),
            web.route("*", "/bot{token}/{method}", self._call),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise OperatorError(f"Bot API port {self.port}", f"cannot be listened on: {error.strerror}") from None
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; the chats stay in their file."""
        for task in self._hanging:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
        self.chats.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def fail_next(self, fault: Fault, *, chat_id: int | None = None, times: int = 1) -> None:
        """Let the next sends or edits, to one chat or to any, meet this fault."""
        self._faults[chat_id].extend([fault] * times)

    def add_chat(self, chat_id: int) -> None:
        """Somebody pressed Start."""
        self.chats.record({"what": "chat", "chat_id": chat_id})

    def user_writes(self, chat_id: int, text: str, *, chat_type: str = "private") -> None:
        """Somebody wrote to the bot."""
        self.chats.record({
            "what": "message", "message_id": self.chats.next_id, "chat_id": chat_id, "text": text,
            "shown": text, "at": time.time(), "ours": False,
        })  # fmt: skip
        message = {
            "message_id": self.chats.next_id - 1, "date": int(time.time()), "text": text,
            "chat": {"id": chat_id, "type": chat_type},
            "from": {"id": chat_id, "is_bot": False, "first_name": self._names.get(chat_id, "?")},
        }  # fmt: skip
        self.updates.push({"message": message})

    def user_presses(self, message_id: int, data: str, *, user_id: int | None = None) -> None:
        """Somebody pressed a button under a message."""
        message = self.chats.messages[message_id]
        labels = {b["callback_data"]: b["text"] for row in message.keyboard for b in row}
        self.chats.record({"what": "press", "message_id": message_id, "label": labels.get(data, "?")})
        chat = {"id": message.chat_id, "type": "private" if message.chat_id > 0 else "group"}
        press = {
            "id": str(time.time_ns()), "data": data, "chat_instance": str(message.chat_id),
            "from": {"id": user_id or message.chat_id, "is_bot": False, "first_name": "?"},
            "message": {"message_id": message_id, "date": int(message.at), "chat": chat, "text": message.shown},
        }  # fmt: skip
        self.updates.push({"callback_query": press})

    # The methods ---------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            parameters = await _parameters(request)
        except ConnectionResetError:  # who asked was killed in the middle of asking: nothing was asked
            return web.Response(status=400)
        chat_id = _number(parameters.get("chat_id"))
        fault = self._next_fault(chat_id) if method in {"sendMessage", "editMessageText"} else None
        self.calls.append(Call(time.time(), method, chat_id, fault or ""))
        try:
            if fault is not None:
                return await self._fail(fault, request, method, parameters)
            result = await self._carry_out(method, parameters)
        except RefusedError as refused:
            return _refusal(refused)
        return web.json_response({"ok": True, "result": result})

    async def _carry_out(self, method: str, parameters: Mapping[str, Any]) -> Any:
        if method == "getUpdates":
            offset, limit = _number(parameters.get("offset")) or 0, _number(parameters.get("limit")) or 100
            return await self.updates.wait(offset, limit, float(parameters.get("timeout") or 0))
        methods: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "getMe": lambda _: BOT,
            "sendMessage": self._send,
            "editMessageText": self._edit,
            "deleteMessage": self._delete,
            "answerCallbackQuery": self._answer,
        }
        if method not in methods:
            raise RefusedError(404, "Not Found: method not found")
        return methods[method](parameters)

    def _next_fault(self, chat_id: int | None) -> Fault | None:
        for key in (chat_id, None):
            if self._faults.get(key):
                return self._faults[key].popleft()
        return None

    async def _fail(
        self, fault: Fault, request: web.Request, method: str, parameters: Mapping[str, Any]
    ) -> web.StreamResponse:
        if fault in ANSWERS:
            code, description, more = ANSWERS[fault]
            if fault is Fault.MIGRATE:
                more = {"migrate_to_chat_id": self.migrates_to}
                self.add_chat(self.migrates_to)
            raise RefusedError(code, description, more)
        if fault in DELIVERS:
            result = await self._carry_out(method, parameters)
            if fault is Fault.UNKNOWN_FIELDS:
                return web.json_response({"ok": True, "result": result | {"quantum_state": {"up": 1}}, "new": []})
        if fault in {Fault.HANG, Fault.DELIVERED_THEN_HANG}:
            task = asyncio.current_task()
            if task:
                self._hanging.add(task)
            await asyncio.sleep(_HANG_S)
        if fault in {Fault.RESET, Fault.DELIVERED_THEN_RESET} and request.transport is not None:
            request.transport.abort()
        if fault is Fault.BAD_GATEWAY:
            return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")
        if fault is Fault.CUT_BODY:
            return web.Response(text='{"ok":true,"result":{"mess', content_type="application/json")
        return web.Response(text="<html>it works</html>", content_type="text/html")

    def _send(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        chat_id = _number(parameters.get("chat_id"))
        if chat_id is None or (self._strict and chat_id not in self.chats.known):
            raise bad("chat not found")
        shown = check_text(parameters)
        keyboard = check_keyboard(parameters)
        reply = parameters.get("reply_parameters") or {}
        if reply and reply.get("message_id") not in self.chats.messages:
            if not reply.get("allow_sending_without_reply"):
                raise bad("message to be replied not found")
            reply = {}
        message_id = self.chats.next_id
        self.chats.record({
            "what": "message", "message_id": message_id, "chat_id": chat_id, "text": parameters["text"],
            "shown": shown, "at": time.time(), "ours": True, "keyboard": keyboard,
            "silent": bool(parameters.get("disable_notification")),
            "is_html": parameters.get("parse_mode") == "HTML", "reply_to": reply.get("message_id"),
        })  # fmt: skip
        return self._as_telegram(self.chats.messages[message_id])

    def _edit(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        message = self._own_message(parameters, "message to edit not found")
        shown = check_text(parameters)
        keyboard = check_keyboard(parameters)
        if (message.text, message.keyboard) == (parameters["text"], keyboard):
            raise bad(
                "message is not modified: specified new message content and reply markup are exactly the same "
                "as a current content and reply markup of the message"
            )
        self.chats.record({
            "what": "edit", "message_id": message.message_id, "text": parameters["text"], "shown": shown,
            "keyboard": keyboard, "is_html": parameters.get("parse_mode") == "HTML",
        })  # fmt: skip
        return self._as_telegram(message)

    def _delete(self, parameters: Mapping[str, Any]) -> bool:
        message = self._own_message(parameters, "message to delete not found")
        self.chats.record({"what": "delete", "message_id": message.message_id})
        return True

    def _answer(self, given: Mapping[str, Any]) -> bool:
        if len(str(given.get("text") or "")) > 200:
            raise bad("MESSAGE_TOO_LONG")
        self.toasts.append(str(given.get("text") or ""))
        return True

    def _own_message(self, parameters: Mapping[str, Any], missing: str) -> Message:
        message = self.chats.messages.get(_number(parameters.get("message_id")) or 0)
        if message is None or message.chat_id != _number(parameters.get("chat_id")):
            raise bad(missing)
        if not message.ours:
            raise bad("message can't be edited")
        return message

    def _as_telegram(self, message: Message) -> dict[str, Any]:
        return {
            "message_id": message.message_id, "date": int(message.at), "text": message.shown, "from": BOT,
            "chat": {"id": message.chat_id, "type": "private" if message.chat_id > 0 else "supergroup"},
        }  # fmt: skip

    # What a person does ---------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        chats = {chat_id: self.chats.of(chat_id) for chat_id in sorted(self.chats.known)}
        calm = "calm" in request.query
        page = draw_page(chats, self._names, refresh_s=None if calm else 5)
        return web.Response(text=page, content_type="text/html")

    async def _press(self, request: web.Request) -> web.Response:
        form = await request.post()
        message_id = _number(form.get("message_id"))
        if message_id not in self.chats.messages:
            raise web.HTTPNotFound
        self.user_presses(message_id, str(form.get("data", "")))
        raise web.HTTPSeeOther("/")

    async def _write(self, request: web.Request) -> web.Response:
        form = await request.post()
        chat_id, text = _number(form.get("chat_id")), str(form.get("text", "")).strip()
        if chat_id is None or not text:
            raise web.HTTPBadRequest
        self.user_writes(chat_id, text[:4096])
        raise web.HTTPSeeOther("/")

    async def _script(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.fail_next(Fault(given["fault"]), chat_id=given.get("chat_id"), times=int(given.get("times", 1)))
        return web.json_response({"ok": True})


def _refusal(refused: RefusedError) -> web.Response:
    answer: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        answer["parameters"] = refused.parameters
    return web.json_response(answer, status=refused.code)


async def _parameters(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        given = await request.json()
        return given if isinstance(given, dict) else {}
    return dict(request.query) | dict(await request.post())


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


@web.middleware
async def _only_from_here(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    """No other web page may press buttons here, under this name or under one that resolves to loopback."""
    host = request.host.rsplit(":", 1)[0]
    foreign = request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}
    if host not in {"127.0.0.1", "localhost"} or (foreign and request.method != "GET"):
        raise web.HTTPForbidden
    answer: web.StreamResponse = await handler(request)
    return answer
