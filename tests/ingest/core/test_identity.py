"""Every dress of an address is one address, and two stories never share one."""

from __future__ import annotations

import pytest

from services.ingest.core.identity import canonical, is_homepage, story_id
from services.ingest.core.source import Outlet
from tests.ingest.builders import antara, ppp, tribun

SAME = [
    (
        antara(),
        "antara:www.antaranews.com:4321",
        [
            "https://www.antaranews.com/berita/4321/slug",
            "http://www.antaranews.com/berita/4321/slug?utm_source=x&utm_medium=y",
            "https://m.antaranews.com/berita/4321/slug",
            "https://m.antaranews.com/amp/berita/4321/slug",
            "https://antaranews.com/berita/4321",
            "https://WWW.AntaraNews.com:443/berita/4321/other-slug/",
            "https://www.google.com/amp/s/www.antaranews.com/amp/berita/4321/slug",
            "https://www-antaranews-com.cdn.ampproject.org/v/s/www.antaranews.com/amp/berita/4321/slug",
        ],
    ),
    (
        antara(),
        "antara:en.antaranews.com:357001",
        ["https://en.antaranews.com/news/357001/slug", "https://en.antaranews.com/amp/news/357001/slug"],
    ),
    (
        tribun(),
        "tribun:kupang.tribunnews.com:903317",
        [
            "https://kupang.tribunnews.com/kupang/903317/belasan-calon",
            "https://kupang.tribunnews.com/903317/belasan-calon?page=2",
            "https://kupang.tribunnews.com/amp/kupang/903317/belasan-calon?page=all",
        ],
    ),
    (
        tribun(),
        "tribun:bali.tribunnews.com:/2025/07/02/a-slug",
        [
            "https://bali.tribunnews.com/2025/07/02/a-slug",
            "https://bali.tribunnews.com/denpasar/2025/07/02/a-slug?s=paging_new&_ga=1.2",
            "https://bali.tribunnews.com/amp/2025/07/02/a-slug",
        ],
    ),
    (
        ppp(),
        "ppp:phnompenhpost.com:/national/a-slug/",
        [
            "https://phnompenhpost.com/national/a-slug/",
            "https://www.phnompenhpost.com/national/a-slug",
            "http://m.phnompenhpost.com/national//a-slug/#comments",
        ],
    ),
]


@pytest.mark.parametrize(
    ("outlet", "expected", "url"), [(outlet, name, url) for outlet, name, urls in SAME for url in urls]
)
def test_one_story_has_one_name(outlet: Outlet, expected: str, url: str) -> None:
    assert story_id(outlet, canonical(url, outlet)) == expected


@pytest.mark.parametrize(
    ("outlet", "one", "other"),
    [
        (antara(), "https://kupang.antaranews.com/berita/1/x", "https://bali.antaranews.com/berita/1/x"),
        (antara(), "https://www.antaranews.com/berita/1/x", "https://www.antaranews.com/berita/11/x"),
        (tribun(), "https://bali.tribunnews.com/2025/07/02/a", "https://bali.tribunnews.com/2025/07/03/a"),
        (ppp(), "https://phnompenhpost.com/?p=1", "https://phnompenhpost.com/?p=2"),
    ],
)
def test_two_stories_have_two_names(outlet: Outlet, one: str, other: str) -> None:
    assert story_id(outlet, canonical(one, outlet)) != story_id(outlet, canonical(other, outlet))


@pytest.mark.parametrize(
    "url",
    ["https://www.tribunnews.com", "https://www.tribunnews.com/", "https://www.tribunnews.com/?utm_source=x"],
)
def test_a_homepage_is_no_story(url: str) -> None:
    assert is_homepage(canonical(url, tribun()))


def test_a_story_is_no_homepage() -> None:
    assert not is_homepage(canonical("https://www.tribunnews.com/nasional/1234567/x", tribun()))


def test_long_addresses_that_differ_at_their_end_have_two_names_of_bounded_length() -> None:
    base = "https://phnompenhpost.com/" + "a" * 900
    one, other = (story_id(ppp(), canonical(base + end, ppp())) for end in ("1", "2"))
    assert one != other
    assert max(len(one), len(other)) <= 400
