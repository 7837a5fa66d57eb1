"""Outlets on loopback that publish made-up stories one after the other, and remember when."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from pathlib import Path

from aiohttp import web

from tests.chaos.stories import Made

HOSTS = ("satu.localhost", "dua.localhost", "tiga.localhost", "empat.localhost")
#: How many stories stand on one page of a feed.
WINDOW = 120
_PATH = "/feed/"


@dataclass
class Outlets:
    """Four feeds of one server; story ``n`` is of outlet ``n % 4``."""

    port: int = 0
    #: When each story was put in its feed, by number.
    released: dict[int, float] = field(default_factory=dict)
    _entries: dict[str, list[str]] = field(default_factory=lambda: {host: [_first(host)] for host in HOSTS})
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/robots.txt", self._robots)
        app.router.add_get(_PATH, self._feed)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    def release(self, made: Made) -> None:
        """Put a story on top of its outlet's feed."""
        host = HOSTS[made.number % len(HOSTS)]
        at = format_datetime(datetime.now(UTC))
        self._entries[host].insert(
            0,
            f"<item><title>{escape(made.title)}</title><link>http://{host}{path_of(made.number)}</link>"
            f'<guid isPermaLink="false">{made.number}</guid><pubDate>{at}</pubDate>'
            f"<content:encoded><![CDATA[<p>{escape(made.text)}</p>]]></content:encoded></item>",
        )
        self.released[made.number] = time.monotonic()

    async def _robots(self, _: web.Request) -> web.Response:
        return web.Response(text="User-agent: *\nDisallow:\n")

    async def _feed(self, request: web.Request) -> web.Response:
        entries = self._entries.get(request.host.partition(":")[0])
        if entries is None:
            return web.Response(status=404)
        page = int(request.query.get("paged", "1"))
        shown = entries[(page - 1) * WINDOW : page * WINDOW]
        if page > 1 and not shown:
            return web.Response(status=404)
        etag = f'"{len(entries)}-{page}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
            'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Kabar</title>'
            f"{''.join(shown)}</channel></rss>"
        )
        return web.Response(
            body=body.encode(), headers={"ETag": etag, "Content-Type": "application/rss+xml; charset=utf-8"}
        )


def _first(host: str) -> str:
    """A feed without a story counts as broken and is asked ever more rarely; this one is not counted."""
    return (
        f"<item><title>Tentang kami</title><link>http://{host}/tentang/</link>"
        f"<pubDate>{format_datetime(datetime.now(UTC))}</pubDate><description>Warta daerah.</description></item>"
    )


def path_of(number: int) -> str:
    """The story's path at its outlet."""
    return f"/kabar/{number}/"


def number_of(story_id: str) -> int | None:
    """The number of the story this id names; None of another's."""
    parts = [part for part in story_id.rpartition(":")[2].split("/") if part]
    return int(parts[1]) if len(parts) == 2 and parts[0] == "kabar" and parts[1].isdigit() else None


def sources_file(folder: Path, port: int) -> Path:
    """The list of sources that names the four, asked every second or two through ``port``."""
    outlets = "\n".join(
        f'  {host.partition(".")[0]}: {{name: {host.partition(".")[0].title()}, utc_offset: "+07:00", '
        f"shape: wordpress, hosts: [{host}]}}"
        for host in HOSTS
    )
    feeds = "\n".join(
        f'  - {{id: {name}, outlet: {name}, section: all, url: "http://{name}.localhost:{port}{_PATH}", '
        "kind: rss2_wordpress, language: id, default_region: ID, enabled: true}"
        for name in (host.partition(".")[0] for host in HOSTS)
    )
    path = folder / "feeds.yaml"
    path.write_text(
        'version: 1\ndefaults:\n  accept: "application/rss+xml, */*;q=0.1"\n  min_interval_s: 1\n'
        "  max_interval_s: 2\n  per_key_min_gap_s: 0.05\n  fulltext: feed_only\n"
        f"outlets:\n{outlets}\nfeeds:\n{feeds}\n",
        encoding="utf-8",
    )
    return path
