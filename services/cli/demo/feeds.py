"""Serve the demo's feeds and pages on the loopback interface, scene after scene."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web

from services.cli.demo import shapes
from services.cli.demo.stories import SCENES, SeedStory, load_stories
from services.runtime.errors import OperatorError

Clock = Callable[[], datetime]
Shape = Callable[[Sequence[SeedStory], int, datetime], str]


@dataclass(frozen=True)
class _Feed:
    path: str
    shape: Shape


#: Which feed a host of an outlet has.
FEEDS = {
    "antara": _Feed("/rss/terkini.xml", shapes.antara_feed),
    "tribun": _Feed("/rss", shapes.tribun_feed),
    "ppp": _Feed("/category/national/feed/", shapes.wordpress_feed),
    "ann": _Feed("/feed/", shapes.wordpress_feed),
    "indokalbar": _Feed("/feeds/posts/default", shapes.blogger_feed),
}
#: The national site of Tribun has a feed whose links all lead to its homepage, so it is read by its sitemap.
SITEMAP_HOST = "www.tribunnews.localhost"
SITEMAP = _Feed("/nasional/sitemap-news.xml", shapes.news_sitemap)


class SeedFeeds:
    """The outlets of the demo.

    ``scene_every_s`` seconds after the first request the copies appear, as long again after that the update;
    0 leaves it to ``show``.  A demo that goes on after a stop says when it ``started_at``, so that its stories
    keep their dates.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        scene_every_s: float = 20.0,
        clock: Clock = lambda: datetime.now(UTC),
        started_at: datetime | None = None,
        on_first_request: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._started_at = started_at or clock()
        self._first_asked_at = started_at
        self._on_first_request = on_first_request
        self._stories = load_stories(folder, self._started_at)
        self._scene_every_s = scene_every_s
        self._wanted_port = port
        self._shown = 0
        self._shown_at = self._started_at
        self._runner: web.AppRunner | None = None
        self.port = port
        self.requests: list[tuple[str, str, int]] = []

    async def start(self) -> int:
        """Listen on the loopback interface; returns the port.

        Raises:
            OperatorError: the port is in use.
        """
        app = web.Application(middlewares=[self._remember])
        app.router.add_get("/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._wanted_port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            # asyncio says the address once more in a text of its own.
            why = os.strerror(error.errno or 0)
            raise OperatorError(
                f"demo feeds 127.0.0.1:{self._wanted_port}",
                f"cannot be listened on: {why}; `siaga run --port-base` takes other ports",
            ) from None
        self.port = int(self._runner.addresses[0][1])
        return self.port

    async def stop(self) -> None:
        """Close the port."""
        if self._runner:
            await self._runner.cleanup()

    def show(self, scene: str) -> None:
        """Go to a scene now."""
        self._shown = max(self._shown, SCENES.index(scene))
        self._shown_at = self._clock()

    @property
    def scene(self) -> str:
        """What the feeds show now."""
        if self._scene_every_s > 0 and self._first_asked_at is not None:
            passed = (self._clock() - self._first_asked_at).total_seconds()
            due = min(int(passed // self._scene_every_s), len(SCENES) - 1)
            if due > self._shown:
                self.show(SCENES[due])
        return SCENES[self._shown]

    def visible(self, host: str) -> list[SeedStory]:
        """The stories of a host in this scene, newest first, a replaced state left out."""
        reached = SCENES.index(self.scene)
        there = [s for s in self._stories if s.host == host and SCENES.index(s.scene) <= reached]
        replaced = {s.replaces for s in there}
        return sorted((s for s in there if s.name not in replaced), key=lambda s: s.published_at, reverse=True)

    @web.middleware
    async def _remember(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if self._first_asked_at is None:
            # A broker that takes its time to start must not make the demo skip its first scene.
            self._first_asked_at = self._clock()
            self._on_first_request(self._first_asked_at)
        response = await handler(request)
        self.requests.append((request.host, request.path, response.status))
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0].lower()
        stories = self.visible(host)
        if not stories:
            return web.Response(status=404, text="no such outlet in this demo\n")
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nDisallow: /search\n")
        feed = SITEMAP if host == SITEMAP_HOST else FEEDS[stories[0].outlet]
        if request.path.rstrip("/") == feed.path.rstrip("/"):
            return self._conditional(request, feed.shape(stories, self.port, self._shown_at), "application/xml")
        for story in stories:
            if shapes.path_of(story) == request.path:
                others = [other for other in self._stories if other.name != story.name][:4]
                return self._conditional(request, shapes.page_of(story, self.port, others), "text/html")
        return web.Response(status=404, text="no such story in this scene\n")

    def _conditional(self, request: web.Request, body: str, content_type: str) -> web.Response:
        raw = body.encode()
        etag = f'"{hashlib.sha256(raw).hexdigest()[:16]}"'
        headers = {"ETag": etag, "Last-Modified": format_datetime(self._shown_at.astimezone(UTC), usegmt=True)}
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=raw, headers=headers | {"Content-Type": f"{content_type}; charset=utf-8"})
