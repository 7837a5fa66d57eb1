"""A receiver of webhooks on loopback that checks every message with the specification's own library."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from services.notifier.outlets.targets import Target, Targets


class Subscriber:
    """Takes what is genuine, once; answers what a test tells it to."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.taken: dict[str, dict[str, Any]] = {}
        self.tries: list[str] = []
        self.forged = 0
        self.repeats = 0
        self.answers: list[int | str] = []
        self.headers: dict[str, str] = {}
        self.url = ""

    @property
    def types(self) -> list[str]:
        """What was taken, in order."""
        return [told["type"] for told in self.taken.values()]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        sent_id = request.headers.get("webhook-id", "")
        self.tries.append(sent_id)
        answer = self.answers.pop(0) if self.answers else 204
        if answer == "hang":
            await asyncio.sleep(30)
        if answer == "drop":
            assert request.transport is not None
            request.transport.close()
        if answer == "endless":
            return await self._endless(request)
        if isinstance(answer, int) and answer >= 300:
            return web.Response(status=answer, headers=self.headers)
        try:
            told = Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.forged += 1
            return web.Response(status=401)
        self.repeats += sent_id in self.taken
        self.taken.setdefault(sent_id, told)
        if answer == "take and drop":
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=204)

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x" * 65536)
        return response

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Subscriber]:
        """Serve on a free port of this machine."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self.url = f"http://127.0.0.1:{port}/hook"
        try:
            yield self
        finally:
            await runner.cleanup()


def only(*targets: Target) -> Targets:
    """These targets, on this very machine."""
    return Targets({target.name: target for target in targets}, loopback=True)
