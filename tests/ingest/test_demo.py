"""The demo's stories go through ingest as the outlets' own would: whole, clean, dated now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.cli.demo.feeds import SeedFeeds
from services.cli.demo.stories import SCENES, load_stories
from services.ingest.sources import load_sources
from services.runtime.errors import OperatorError
from tests.ingest.builders import NOW
from tests.ingest.world import World

ROOT = Path(__file__).resolve().parents[2]
STORIES = ROOT / "seeds" / "stories"


class Demo:
    """The demo's outlets, and a world that polls them."""

    def __init__(self, world: World, feeds: SeedFeeds) -> None:
        self.world = world
        self.feeds = feeds

    async def show(self, scene: str) -> list[dict[str, Any]]:
        """Go to a scene, poll every source, and return the events it brought."""
        before = len(await self.world.stories())
        self.feeds.show(scene)
        for source_id in self.world.sources:
            await self.world.poll(source_id)
        return (await self.world.stories())[before:]


@pytest_asyncio.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    feeds = SeedFeeds(STORIES, scene_every_s=0, clock=lambda: NOW)
    port = await feeds.start()
    world = World(tmp_path)
    await world.watch(*load_sources(ROOT / "seeds" / "feeds.demo.yaml", loopback_port=port))
    yield Demo(world, feeds)
    await world.close()
    await feeds.stop()


async def test_the_first_scene_brings_every_base_story_whole_and_as_news(demo: Demo) -> None:
    events = await demo.show("base")
    expected = {story.title for story in load_stories(STORIES, NOW) if story.scene == "base"}
    assert {one["title"] for one in events} == expected
    for one in events:
        assert one["event"] == "StoryPublished"
        assert one["backfill"] is False
        assert one["extraction"]["truncated"] is False, one["title"]
        assert one["extraction"]["method"] in ("rules", "feed")
        assert one["published_at_source"] == "feed"


TRAPS = (
    *(
        "baca juga",
        "copyright",
        "pewarta",
        "google news",
        "bagikan",
        "komentar",
        "telah tayang",
        "ringkasan berita",
    ),
    *("dilarang keras", "demo page", "kumpulan artikel", "-->", "appeared first"),
)


async def test_no_boilerplate_reaches_a_story(demo: Demo) -> None:
    for one in await demo.show("base"):
        text = one["text"].casefold()
        assert [trap for trap in TRAPS if trap in text] == [], one["title"]
        assert "-->" not in one["title"]


@pytest.mark.parametrize(
    ("part", "dateline", "language"),
    [
        ("Polda NTT dan polisi", "Kupang (ANTARA)", "id"),
        ("Camat dan Kepala Desa", "TRIBUN-BALI.COM, DENPASAR", "id"),
        ("Pemkot Singkawang", "Singkawang", "id"),
        ("Kamboja dan Laos", "PHNOM PENH", "id"),
        ("Indonesian envoy", "PHNOM PENH", "en"),
    ],
)
async def test_the_retold_stories_keep_their_dateline_and_language(
    demo: Demo, part: str, dateline: str, language: str
) -> None:
    (story,) = [one for one in await demo.show("base") if part in one["title"]]
    assert (story["dateline"], story["language"]) == (dateline, language)


async def test_copies_join_and_an_independent_report_stands_by_itself(demo: Demo) -> None:
    await demo.show("base")
    events = await demo.show("copies")
    assert sorted((one["event"], one["outlet"], tuple(one.get("changed", ()))) for one in events) == [
        ("StoryPublished", "tribun", ()),
        ("StoryPublished", "tribun", ()),
        ("StoryRevised", "antara", ("copies",)),
        ("StoryRevised", "ppp", ("copies",)),
    ]


async def test_the_update_is_a_revision_whose_count_grew_by_more_than_half(demo: Demo) -> None:
    await demo.show("base")
    await demo.show("copies")
    (event,) = await demo.show("update")
    assert (event["event"], event["version"]) == ("StoryRevised", 2)
    assert "21" in event["title"]


async def test_a_scene_shown_twice_brings_nothing_new(demo: Demo) -> None:
    for scene in SCENES:
        await demo.show(scene)
    assert await demo.show("update") == []


def test_every_invented_story_says_so_and_only_one_names_a_victim() -> None:
    stories = load_stories(STORIES, NOW)
    assert sum(not story.invented for story in stories) == 5
    assert [story.name for story in stories if story.trait("red_team")] == ["40-tribun-nasional-korban"]


def test_a_folder_without_stories_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="holds no stories"):
        load_stories(tmp_path, NOW)


def test_a_story_without_a_title_is_named(tmp_path: Path) -> None:
    text = (STORIES / "10-antara-kaltara-kapal.md").read_text(encoding="utf-8").replace("\ntitle:", "\ntitel:")
    (tmp_path / "x.md").write_text(text, encoding="utf-8")
    with pytest.raises(OperatorError, match="title: is missing"):
        load_stories(tmp_path, NOW)


async def test_a_port_that_is_in_use_is_one_line_that_says_what_to_do() -> None:
    first = SeedFeeds(STORIES)
    port = await first.start()
    with pytest.raises(OperatorError, match="Address already in use; `siaga run --port-base`") as refused:
        await SeedFeeds(STORIES, port=port).start()
    assert str(refused.value).count(str(port)) == 1
    await first.stop()
