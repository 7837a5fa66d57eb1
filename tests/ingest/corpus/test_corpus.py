"""Feeds collected by others, good and broken: none may stop the reader, none with stories may come out empty.

The files are those of the source packages of feedparser and podcastparser.  They are never part of this
repository: ``SIAGA_CORPUS=1`` lets the test download them with pip into a folder that git ignores.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from services.ingest.core.outcome import PollReason
from services.ingest.parser import ParseError, Parser

FOLDER = Path(__file__).resolve().parents[2] / "artefacts" / "corpus"
PACKAGES = {"feedparser==6.0.14": 2242, "podcastparser==0.6.11": 141}
#: A link and a title inside one item: what must come out as an entry.
_LINKED = re.compile(rb"<item\b[^>]*>(?=.*?<title>\s*[^<\s]).*?<link>\s*https?://", re.DOTALL)


def corpus() -> list[Path]:
    """The files, downloaded if that is allowed; skips with the number of files left unread."""
    if not FOLDER.is_dir() and not os.environ.get("SIAGA_CORPUS"):
        pytest.skip(f"{sum(PACKAGES.values())} files not read: SIAGA_CORPUS=1 downloads them")
    if not FOLDER.is_dir():
        _download()
    return sorted(path for path in FOLDER.rglob("*") if path.suffix in (".xml", ".rss", ".atom"))


def _download() -> None:
    loading = FOLDER.with_name("corpus-loading")
    options = ["--no-deps", "--no-binary", ":all:", "--dest", str(loading)]
    done = subprocess.run([sys.executable, "-m", "pip", "download", *options, *PACKAGES], check=False)
    if done.returncode:
        pytest.skip(f"{sum(PACKAGES.values())} files not read: pip could not download them")
    for archive in loading.glob("*.tar.gz"):
        with tarfile.open(archive) as opened:
            opened.extractall(loading, filter="data")
    loading.rename(FOLDER)


@pytest.mark.timeout(900)
async def test_no_feed_of_the_corpus_stops_the_reader() -> None:
    files = corpus()
    parser = Parser()
    outcomes: Counter[str] = Counter()
    empty: list[str] = []
    for path in files:
        body = path.read_bytes()
        try:
            feed = await parser.feed(body, "", "http://corpus.example/feed")
        except ParseError as error:
            outcomes[str(error.reason)] += 1
            assert error.reason is PollReason.ENTITIES_REFUSED, f"{path.name}: {error}"
            continue
        # Most files try one element of an item that has neither link nor title: read, and not used.
        outcomes["entries" if feed.entries else "items read" if feed.dropped else "no items"] += 1
        if not feed.entries and _LINKED.search(body):
            empty.append(path.name)
    await parser.close()
    sys.stderr.write(f"\ncorpus: {len(files)} files, {dict(outcomes)}, {parser.kills} kills\n")
    assert len(files) >= 2000
    assert parser.kills == 0
    assert outcomes["entries"] + outcomes["items read"] >= 1000
    assert empty == []
