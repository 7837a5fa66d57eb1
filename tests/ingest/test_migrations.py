"""A store of an earlier version is brought up to date with what it holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import sqlalchemy as sa

from services.ingest.app import MIGRATIONS
from services.runtime.store import Store
from tests.ingest.builders import a_feed
from tests.ingest.world import FeedServer, Reply, World


async def test_a_store_from_before_sitemaps_and_fallbacks_goes_on_where_it_was(
    server: FeedServer, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier" / "versions"
    earlier.mkdir(parents=True)
    for name in ("0001_ingest.py", "0002_copies_and_looks.py"):
        shutil.copy(MIGRATIONS / "versions" / name, earlier / name)
    store = Store.open(f"sqlite:///{tmp_path / 'ingest.sqlite3'}", earlier.parent)
    url = f"http://desk.localhost:{server.port}/feed"
    values = {
        "source_id": "desk-all", "configured_url": url, "url": url, "domain": "desk.localhost", "etag": '"kept"',
        "failures": 0, "last_reason": "new_body", "last_status": 200, "last_detail": "", "last_success_at": 1.0,
        "next_check_at": 1.0, "due_reason": "window", "interval_s": 600.0, "move_seen": 0, "health": "fresh",
    }  # fmt: skip
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    await store.write(
        lambda conn: conn.execute(sa.text(f"INSERT INTO polls ({columns}) VALUES ({marks})"), values)
    )
    await store.close()

    world = World(tmp_path)
    await world.watch(world.watch_at(server.port))
    server.answer(Reply(a_feed(), headers={"ETag": '"new"'}))
    row = await world.poll()
    assert server.asked[0].headers["if-none-match"] == '"kept"'
    assert (row.etag, row.standby_url, row.rules_recent, row.rules_fail) == ('"new"', None, "", False)
    assert len(await world.stories()) == 3
    await world.close()
