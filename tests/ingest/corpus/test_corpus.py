"""Feeds collected by others, good and broken: none may stop the reader, none with stories may come out empty.

The files are the test feeds in the source packages of feedparser and podcastparser.  They are never part of this
repository: pip downloads the packages into var/ at the first run.  Where no registry answers the tests are skipped.
"""

from __future__ import annotations

import asyncio
import html
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from services.ingest.core.compose import compose, name_entry
from services.ingest.core.feed import ParsedFeed
from services.ingest.core.identity import AddressError
from services.ingest.core.outcome import PollReason
from services.ingest.core.revision import decide
from services.ingest.feed_reader import guard_feedparser, interpret
from services.ingest.parser import ParseError, Parser
from tests.ingest.builders import NOW, a_source, an_outlet
from tests.ingest.corpus import agreement
from tests.ingest.corpus.expect import case_of, holds, names_in
from tests.ingest.corpus.linked import HOST, has_titled_entry, with_links
from tests.ingest.corpus.packages import FEEDPARSER, PACKAGES, PODCASTPARSER, CorpusMissingError, ensure_corpus

#: As in the parse worker: feedparser warns of its own plans.
pytestmark = pytest.mark.filterwarnings("ignore")

URL = f"http://{HOST}/feed"
FEED_SUFFIXES = (".xml", ".rss", ".atom")
#: What lies under /podcast/, /video/ or /foto/ is left out.
NOT_TEXT = "not_text"
#: Its one entry never ends: half a story is worse than none.
UNFINISHED = {"rss_incomplete_cdata.xml"}
#: What 3.11 to 3.14 do not know: old Macintosh, Vietnamese and Windows charsets.
CODECS_MISSING_MAX = 21
#: They test the HTML sanitiser, which we leave out: our own text is made without any markup.
ABOUT_MARKUP = {
    "bozo_linenoise.xml": "\xe2\u20ac\u2122\xe2\u20ac\x9d\u0160",
    "demoronize-3.xml": "don\u2019t",
}


@pytest.fixture(scope="module", autouse=True)
def _corpus() -> None:
    try:
        ensure_corpus()
    except CorpusMissingError as error:
        pytest.skip(f"{sum(one.feeds for one in PACKAGES)} files not read: {error}")
    guard_feedparser()


@pytest_asyncio.fixture
async def parsers() -> AsyncIterator[tuple[Parser, Parser]]:
    """Two parse workers, as two processes of ingest would have."""
    made = (Parser(), Parser())
    yield made
    for one in made:
        await one.close()


def feeds() -> list[Path]:
    found = [path for one in PACKAGES for path in one.tests.rglob("*") if path.suffix in FEED_SUFFIXES]
    return sorted(found)


async def read_all(
    parsers: Sequence[Parser], bodies: dict[str, tuple[bytes, str]]
) -> dict[str, ParsedFeed | PollReason]:
    """Every body through a worker: what it held, or why it was refused."""
    read: dict[str, ParsedFeed | PollReason] = {}
    waiting = iter(bodies.items())

    async def work(parser: Parser) -> None:
        for name, (body, content_type) in waiting:
            try:
                read[name] = await parser.feed(body, content_type, URL)
            except ParseError as error:
                read[name] = error.reason

    await asyncio.gather(*(work(parser) for parser in parsers))
    return read


def test_the_corpus_is_whole() -> None:
    assert len(list(FEEDPARSER.tests.rglob("*.xml"))) == FEEDPARSER.feeds
    files = [path for path in (PODCASTPARSER.tests / "data").iterdir() if path.suffix in (".rss", ".json")]
    assert len(files) == PODCASTPARSER.feeds


async def test_no_feed_stops_the_reader_or_reaches_its_time_limit(parsers: tuple[Parser, Parser]) -> None:
    files = feeds()
    read = await read_all(parsers, {str(path): (path.read_bytes(), "") for path in files})
    refused = Counter(found for found in read.values() if isinstance(found, PollReason))
    sys.stderr.write(
        f"\ncorpus: {len(files)} feeds, {sum(p.kills for p in parsers)} kills, refused {dict(refused)}\n"
    )
    assert len(read) == len(files) >= 2312
    assert sum(parser.kills for parser in parsers) == 0
    assert set(refused) <= {PollReason.ENTITIES_REFUSED}
    for path in files:
        if read[str(path)] is PollReason.ENTITIES_REFUSED:
            assert b"<!ENTITY" in path.read_bytes()


async def test_every_feed_with_a_titled_entry_yields_a_story(parsers: tuple[Parser, Parser]) -> None:
    # Most files try one element, and give their entries no address to publish: those get one.
    bodies = {str(path): path.read_bytes() for path in feeds()}
    titled = {name: with_links(body) for name, body in bodies.items() if has_titled_entry(body)}
    read = await read_all(parsers, {name: (body, "") for name, body in titled.items()})
    made = {Path(name).name: stories_of(found) for name, found in read.items()}
    without = {name for name, stories in made.items() if not stories}
    left_out = sum(set(stories) == {NOT_TEXT} for stories in made.values())
    sys.stderr.write(
        f"\ncorpus: {len(titled)} feeds with a titled entry, {sum(map(len, made.values()))} stories, "
    )
    sys.stderr.write(f"without one {without}, only sound or pictures {left_out}\n")
    assert len(titled) >= 200
    assert without == UNFINISHED
    assert left_out <= 5


def stories_of(found: ParsedFeed | PollReason) -> list[str]:
    """The headings of the stories that would be published of a body, and what was left out on purpose."""
    if isinstance(found, PollReason):
        return []
    hosts = tuple({urlsplit(entry.link).hostname or "" for entry in found.entries})
    source = a_source(outlet=an_outlet(hosts=hosts))
    made = []
    for entry in found.entries:
        try:
            draft = compose(name_entry(entry, source, guids_distinct=False), source, None, NOW)
        except AddressError as error:
            made += [NOT_TEXT] if str(error) == NOT_TEXT else []
            continue
        made += [draft.title] if decide(None, draft, source.id).publishes else []
    return made


async def test_each_encoding_is_read_as_its_file_expects(parsers: tuple[Parser, Parser]) -> None:
    files = sorted((FEEDPARSER.tests / "encoding").glob("*.xml"))
    cases = {path: case_of(path.read_bytes()) for path in files}
    known = {path: case for path, case in cases.items() if case.codec_is_known}
    handed_out = await read_all(
        parsers, {str(path): (path.read_bytes(), case.content_type) for path, case in known.items()}
    )
    compared: Counter[str] = Counter()
    wrong: list[str] = []
    for path, case in known.items():
        found = interpret(path.read_bytes(), case.content_type, URL).found
        if path.name in ABOUT_MARKUP:
            compared["text without markup"] += 1
            text = re.sub("<[^>]*>", "", html.unescape(found["entries"][0]["summary"]))
            right = text == ABOUT_MARKUP[path.name]
        else:
            names = names_in(case.expect)
            compared.update(names or ("read at all",))
            right = holds(case.expect, found)
            fields = exposed(handed_out[str(path)])
            if names <= fields.keys():
                compared["as handed out by the worker"] += 1
                right = right and holds(case.expect, fields)
        if not right:
            wrong.append(f"{path.name}: {case.expect}")
    sys.stderr.write(
        f"\nencodings: {len(files)} files, {len(files) - len(known)} for codecs that this Python does not"
    )
    sys.stderr.write(f" have, compared {dict(compared)}, wrong {len(wrong)}\n")
    assert len(files) == 219
    assert len(files) - len(known) <= CODECS_MISSING_MAX
    assert wrong == []


def exposed(found: ParsedFeed | PollReason) -> dict[str, object]:
    """What leaves the worker, under the names of the Expect lines."""
    assert isinstance(found, ParsedFeed)
    return {"bozo": bool(found.malformed), "feed": {"title": found.title}}


def test_a_feed_that_names_no_encoding_anywhere_is_utf_8() -> None:
    body = '<rss version="2.0"><channel><title>“Kupang”</title></channel></rss>'.encode()
    assert interpret(body, "", URL).found["feed"]["title"] == "“Kupang”"


def test_another_reader_finds_the_same_in_well_formed_rss_2_0() -> None:
    bodies = {path.name: path.read_bytes() for path in feeds()}
    compared = agreement.compare({name: body for name, body in bodies.items() if agreement.is_rss_2_0(body)})
    sys.stderr.write(f"\nagreement on the corpus: {compared}\n")
    assert compared.values >= 45
    assert compared.unexplained == []
    assert compared.share >= 0.99


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_another_reader_finds_the_same_in_feeds_shaped_like_those_of_our_outlets(seed: int) -> None:
    compared = agreement.compare(agreement.outlet_feeds(seed, feeds=30))
    sys.stderr.write(f"\nagreement on feeds of seed {seed}: {compared}\n")
    assert compared.values > 1000
    assert compared.unexplained == []
    assert compared.share >= 0.99
