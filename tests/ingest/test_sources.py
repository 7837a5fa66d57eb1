"""A mistake in the list of sources is named by file, line and key, before anything is polled."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.ingest.app import user_agent
from services.ingest.core.source import Fallback
from services.ingest.sources import load_sources, politeness_key
from services.runtime.errors import OperatorError
from tests.ingest.builders import a_source

ROOT = Path(__file__).resolve().parents[2]
OWN = "https://kupang.antaranews.com/rss/terkini.xml"
OTHER = "https://kupang.antaranews.com/sitemap.xml"
GOOD = """\
version: 1
defaults:
  accept: "application/rss+xml"
  min_interval_s: 600
  max_interval_s: 7200
  per_key_min_gap_s: 3
  fulltext: feed_only
outlets:
  antara: {name: ANTARA, utc_offset: "+07:00", shape: antara, hosts: [antaranews.com]}
feeds:
  - id: antara-ntt
    outlet: antara
    section: terkini
    url: "https://kupang.antaranews.com/rss/terkini.xml"
    kind: rss2
    language: id
    default_region: ID-NT
    enabled: true
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "feeds.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("version: 1", "version: 2", ":1", "version"),
        ("outlet: antara\n", "outlet: antaria\n", ":12", "outlet: antaria is not among outlets"),
        ("kind: rss2", "kind: rss3", ":15", "kind: 'rss3' is none of"),
        ("enabled: true", "enabled: yes please", ":18", "enabled"),
        ("enabled: true", "enable: true", ":18", "enable: is not a key of a source"),
        ("language: id", "language: [id]", ":16", "language"),
        ("language: id", "language: Indonesian", ":16", "language: 'Indonesian' is not of the form"),
        ("default_region: ID-NT", "default_region: NTT", ":17", "default_region: 'NTT' is not of the form"),
        ("id: antara-ntt", "id: ../antara", ":11", "id: '../antara' is not of the form"),
        ("https://kupang.antaranews.com", "http://kupang.antaranews.com", ":14", "url: must be an https"),
        ("https://kupang.antaranews.com", "https://user@kupang.antaranews.com", ":14", "url"),
        ("https://kupang.antaranews.com", "https://kupang.tribunnews.com", ":14", "is not among the hosts"),
        ("https://kupang.antaranews.com/rss", "https://[::1", ":14", "url"),
        ("https://kupang.antaranews.com", "https://:secret@kupang.antaranews.com", ":14", "without user name"),
        ("https://kupang.antaranews.com", "https://kupang.antaranews.com:22", ":14", "url: port 22"),
        ("/terkini.xml", "/terki ni.xml", ":14", "url: must be an https address without user name, spaces"),
        ("/terkini.xml", "/terkini.xml#top", ":14", "url"),
        ("min_interval_s: 600", "min_interval_s: soon", ":4", "min_interval_s: must be a number"),
        ("min_interval_s: 600", "min_interval_s: true", ":4", "min_interval_s: must be a number"),
        ("min_interval_s: 600", "min_interval_s: -1", ":4", "min_interval_s: must be a number"),
        ("  min_interval_s: 600\n", "", ":3", "min_interval_s: is missing"),
        ("min_interval_s: 600", "min_interval_s: 9000", ":4", "min_interval_s: is longer than max_interval_s"),
        ("min_interval_s: 600", "min_interval_s: 5", ":11", "at least 60 s"),
        ("per_key_min_gap_s: 3", "per_key_min_gap_s: 0", ":11", "per_key_min_gap_s"),
        ("per_key_min_gap_s: 3", "per_key_min_gap_s: none", ":6", "per_key_min_gap_s: must be a number"),
        ("fulltext: feed_only", "fulltext: everything", ":7", "fulltext: 'everything' is none of"),
        ("fulltext: feed_only", "full_text: allowed", ":7", "full_text: is not a key of defaults"),
        ('accept: "application/rss+xml"', 'accept: "a\\nX-Own: 1"', ":3", "accept"),
        ("defaults:", "default:", ":2", "default: is not a key of the file"),
        ('utc_offset: "+07:00"', 'utc_offset: "WIB"', ":9", "utc_offset"),
        ('utc_offset: "+07:00"', 'utc_offset: "+:30"', ":9", "utc_offset"),
        ('utc_offset: "+07:00"', 'utc_offset: "+25:00"', ":9", "utc_offset"),
        ("shape: antara", "shape: round", ":9", "shape"),
        ("hosts: [antaranews.com]", "hosts: antaranews.com", ":9", "hosts"),
        ("hosts: [antaranews.com]", "hosts: []", ":9", "hosts: must be a list"),
        ("hosts: [antaranews.com]", "hosts: [com]", ":9", "hosts: 'com' is not a host name"),
        ("hosts: [antaranews.com]", "hosts: ['*.antaranews.com']", ":9", "hosts"),
        ("hosts: [antaranews.com]", "hosts: ['https://antaranews.com']", ":9", "hosts"),
        ("hosts: [antaranews.com]", "host: [antaranews.com]", ":9", "host: is not a key of an outlet"),
        ("antara: {name", "antara: yes\n  x: {name", ":9", "antara: must be a mapping"),
        ("  - id: antara-ntt\n", "  -\n", ":12", "id: is missing"),
        ("    url:", "    uri:", ":14", "uri: is not a key of a source"),
        ("    kind: rss2\n", "", ":11", "kind: is missing"),
        ("    language: id\n", "", ":11", "language: is missing"),
        ("    enabled: true", "    enabled: true\n    min_interval_s: 8000", ":19", "min_interval_s"),
        ("    enabled: true", "    enabled: true\n    max_interval_s: 100", ":19", "max_interval_s"),
        ("    enabled: true", "    enabled: true\n    fulltext: yes", ":19", "fulltext"),
        ("    enabled: true", "    enabled: true\n    enabled: false", ":19", "is not YAML"),
        ("    enabled: true", "    enabled: true\n  - just words", ":19", "item 2: must be a mapping"),
        ("    enabled: true", "    enabled: true\n\tx: 1", ":19", "is not YAML"),
        ("    enabled: true", f"    enabled: true\n    fallback: {OTHER}", ":19", "fallback: must be a mapping"),
        ("    enabled: true", f"    enabled: true\n    fallback: {{url: '{OTHER}'}}", ":19", "kind: is missing"),
        (
            "    enabled: true",
            f"    enabled: true\n    fallback: {{uri: '{OTHER}'}}",
            ":19",
            "uri: is not a key of fallback",
        ),
        (
            "    enabled: true",
            f"    enabled: true\n    fallback: {{url: '{OWN}', kind: rss2}}",
            ":19",
            "own address",
        ),
        (
            "    enabled: true",
            "    enabled: true\n    fallback: {url: 'https://evil.example/rss', kind: rss2}",
            ":19",
            "url: evil.example is not among the hosts",
        ),
        ("feeds:", "feed:", ":10", "feed: is not a key of the file"),
        ("version: 1", "version: 1\nx: [", ":4", "is not YAML"),
        (GOOD, "", "feeds.yaml", "the file must be a mapping"),
        (GOOD, "- 1", "feeds.yaml", "the file must be a mapping"),
        (GOOD[GOOD.index("feeds:") :], "feeds: []", ":10", "feeds: must be a list"),
        (GOOD[GOOD.index("feeds:") :], "feeds: {a: 1}", ":10", "feeds: must be a list"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, where: str, what: str) -> None:
    assert old in GOOD
    with pytest.raises(OperatorError) as wrong:
        load_sources(written(tmp_path, GOOD.replace(old, new, 1)))
    assert wrong.value.where.endswith(where)
    assert what in wrong.value.reason
    assert "secret" not in wrong.value.reason
    assert "\n" not in str(wrong.value)


def test_a_source_that_is_there_twice_is_named(tmp_path: Path) -> None:
    twice = GOOD + GOOD[GOOD.index("  - id") :]
    with pytest.raises(OperatorError, match="antara-ntt is there twice"):
        load_sources(written(tmp_path, twice))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_bytes(b"version: 1\n\xff\xfe")
    with pytest.raises(OperatorError, match="is not UTF-8"):
        load_sources(path)


def test_a_fallback_is_read_with_its_own_kind(tmp_path: Path) -> None:
    text = GOOD + f"    fallback: {{url: '{OTHER}', kind: news_sitemap}}\n"
    (source,) = load_sources(written(tmp_path, text))
    assert source.fallback == Fallback(OTHER, "news_sitemap")
    assert source.format == "rss"


def test_the_shipped_list_has_the_fallback_that_is_known() -> None:
    found = {one.id: one.fallback.url for one in load_sources(ROOT / "seeds" / "feeds.yaml") if one.fallback}
    assert found == {"tribun-kaltara": "https://kaltara.tribunnews.com/sitemap.xml"}


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot be read"):
        load_sources(tmp_path / "feeds.yaml")


def test_a_good_file_is_read(tmp_path: Path) -> None:
    (source,) = load_sources(written(tmp_path, GOOD))
    assert (source.id, source.fulltext, source.loopback) == ("antara-ntt", "feed_only", False)
    assert (source.min_interval_s, source.min_gap_s, source.politeness_key) == (600, 3, "antaranews.com")


def test_the_shipped_list_has_its_sources_and_takes_no_page_without_permission() -> None:
    sources = load_sources(ROOT / "seeds" / "feeds.yaml")
    assert len(sources) == 33
    assert sum(source.enabled for source in sources) == 23
    assert {source.fulltext for source in sources} == {"feed_only"}
    enabled = {source.politeness_key for source in sources if source.enabled}
    assert enabled == {"antaranews.com", "tribunnews.com", "phnompenhpost.com", "asianews.network"}


def test_the_demo_list_leads_nowhere_but_to_this_machine() -> None:
    sources = load_sources(ROOT / "seeds" / "feeds.demo.yaml", loopback_port=4711)
    assert all(source.loopback and ".localhost:4711/" in source.url for source in sources)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://kupang.antaranews.com/x", "antaranews.com"),
        ("https://www.bbc.co.uk/x", "bbc.co.uk"),
        ("https://news.detik.co.id/x", "detik.co.id"),
        ("http://kupang.antaranews.localhost:80/x", "antaranews.localhost"),
        ("https://192.0.2.1/x", "192.0.2.1"),
    ],
)
def test_all_hosts_of_one_owner_share_one_budget(url: str, key: str) -> None:
    assert politeness_key(url) == key


@pytest.mark.parametrize(
    "contact", ["", "me", "https://x.example/ (hello)", "javascript:x", "https://x.example/\n"]
)
def test_live_sources_need_an_address_to_complain_to(contact: str) -> None:
    with pytest.raises(OperatorError, match="SIAGA_CONTACT_URL"):
        user_agent(contact, [a_source(loopback=False)])


def test_the_user_agent_says_who_we_are() -> None:
    agent = user_agent("https://siaga.example/contact", [a_source(loopback=False)])
    assert agent.startswith("Mozilla/5.0 (compatible; Siaga/")
    assert agent.endswith("+https://siaga.example/contact)")


def test_the_demo_needs_no_address() -> None:
    assert "Siaga" in user_agent("", [a_source(loopback=True)])
