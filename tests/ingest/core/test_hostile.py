"""Whatever bytes an outlet or an attacker sends: a value or the error that was promised, never another."""

from __future__ import annotations

import string
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.core.compose import compose, name_entry
from services.ingest.core.conditional import Validators, request_headers, validators_of
from services.ingest.core.copies import is_copy, print_of
from services.ingest.core.dates import FUTURE_TOLERANCE, date_story, parse_moment
from services.ingest.core.decode import BadEncodingError, Decoder, TooLargeError
from services.ingest.core.extract import by_rules, parse_page
from services.ingest.core.feed import Entry
from services.ingest.core.hints import hints_of
from services.ingest.core.identity import AddressError, canonical, story_id
from services.ingest.core.outcome import Hints, Outcome, PollReason
from services.ingest.core.redirect import RedirectError, follow
from services.ingest.core.schedule import RETRY_AFTER_CAP_S, Pace, next_due
from services.ingest.core.source import Outlet
from services.ingest.core.text import clean, one_line, plain
from services.runtime.address import is_public
from tests.ingest.builders import NOW, a_source, antara, ppp, tribun

OUTLETS = st.sampled_from([antara(), tribun(), ppp()])
MARKUP = st.text(st.sampled_from("<>/&;=\"' pdivbrscript!-[]CDATA\n\x00\u202e\ud800é"), max_size=200)
URLISH = st.one_of(
    st.text(max_size=100),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["http://", "https://", "//", "javascript:", "HTTPS://", "https:/", ""]),
        st.sampled_from(
            ["www.antaranews.com", "m.tribunnews.com", "phnompenhpost.com", "[::1]", "127.0.0.1", "a@b"]
        ),
        st.sampled_from(["", ":443", ":99999", ":-1", ":x"]),
        st.text(string.printable + "é%", max_size=60).map(lambda path: "/" + path),
    ),
)
#: The same cases each time: a failure is one for everybody.
hostile = settings(max_examples=150, deadline=None, derandomize=True)
PATHS = st.text(string.printable + "é%", max_size=60).map(lambda path: "/" + path)


@hostile
@given(URLISH, OUTLETS)
def test_a_link_is_an_address_or_refused(url: str, outlet: Outlet) -> None:
    try:
        address = canonical(url, outlet)
    except AddressError:
        return
    assert address.url.startswith("https://")
    assert any(address.host == own or address.host.endswith("." + own) for own in outlet.hosts)
    assert not set(address.url) & set(' \n\r\t<>"')


@hostile
@given(PATHS, st.sampled_from(["", "www.", "m.", "bali."]), OUTLETS)
def test_an_address_made_canonical_twice_is_the_same(path: str, prefix: str, outlet: Outlet) -> None:
    try:
        once = canonical(f"https://{prefix}{outlet.hosts[0]}{path}", outlet)
    except AddressError as refused:
        assert str(refused) == "bad_address"
        return
    again = canonical(once.url, outlet)
    assert again.url == once.url
    assert story_id(outlet, again) == story_id(outlet, once)


@hostile
@given(URLISH, URLISH)
def test_a_redirect_is_followed_within_the_outlet_or_refused(url: str, location: str) -> None:
    try:
        target = follow("https://www.antaranews.com/rss", location, antara().hosts)
    except RedirectError:
        return
    assert target.startswith("https://")


@hostile
@given(st.text(max_size=80), st.text(max_size=40))
def test_a_date_is_in_the_past_or_assumed(published: str, updated: str) -> None:
    dating = date_story(published, updated, NOW, 420)
    assert dating.at <= NOW + FUTURE_TOLERANCE
    moment = parse_moment(published, 420)
    assert moment is None or moment.at.utcoffset() == timedelta(0)


@hostile
@given(st.one_of(MARKUP, st.text(max_size=300)))
def test_markup_becomes_text_without_deceit(markup: str) -> None:
    text = plain(markup)
    assert "\x00" not in text
    assert "\u202e" not in text
    assert not any("\ud800" <= letter <= "\udfff" for letter in text), "it must be writable as UTF-8"
    clean(text, "Judul")
    assert "\n" not in one_line(markup)


@hostile
@given(MARKUP)
def test_a_page_is_read_or_not(markup: str) -> None:
    page = f"<div class='post-content'>{markup}</div>".encode("utf-8", "surrogatepass")
    tree = parse_page(page, "utf-8")
    if tree is not None:
        by_rules(tree, "antara", "Judul")


@hostile
@given(st.text(max_size=60), st.one_of(MARKUP, st.text(max_size=200)), st.one_of(MARKUP, st.text(max_size=200)))
def test_an_entry_becomes_a_draft_that_can_be_published(title: str, summary: str, body: str) -> None:
    entry = Entry("http://desk.localhost/1", title, title, title, "", summary, body, title)
    draft = compose(name_entry(entry, a_source(), guids_distinct=True), a_source(), None, NOW)
    f"{draft.title}{draft.text}{draft.byline}{draft.dateline}".encode()
    assert draft.published_at <= NOW + FUTURE_TOLERANCE


@hostile
@given(st.lists(st.tuples(st.sampled_from([b"ETag", b"etag", b"Last-Modified", b"X"]), st.binary(max_size=40))))
def test_validators_can_be_sent_back_byte_for_byte(raw: list[tuple[bytes, bytes]]) -> None:
    kept = validators_of(raw)
    sent = set(request_headers(kept).values())
    assert sent <= {value.strip(b" \t").decode("latin-1") for _, value in raw}
    assert all(value.isascii() and value.isprintable() for value in sent)
    assert bool(kept) == (kept != Validators())


HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "cache-control", "expires"]),
    st.one_of(
        st.text(max_size=40),
        st.integers(-10, 10**15).map(str),
        st.integers(-10, 10**15).map("max-age={}".format),
        st.sampled_from(
            ["Wed, 04 Mar 2026 06:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "0", "Mon, 99 Foo 1 00:00 X"]
        ),
    ),
)


@hostile
@given(HEADERS, st.sampled_from(list(PollReason)), st.integers(0, 10_000), st.floats(-1, 1), st.booleans())
def test_the_next_poll_is_never_sooner_than_the_minimum_nor_lost_in_time(
    headers: dict[str, str], reason: PollReason, failures: int, jitter: float, conditional: bool
) -> None:
    hints = hints_of(headers, NOW)
    pace = Pace(600, 7200, failures, NOW if failures else None, None, conditional)
    due = next_due(pace, Outcome(reason, 200, hints), NOW, jitter)
    if due.at is None:
        assert due.reason == "stopped"
        return
    seconds = (due.at - NOW).total_seconds()
    assert 599.9 <= seconds <= RETRY_AFTER_CAP_S * 1.1 + 1


@hostile
@given(st.floats(0, 1e9), st.floats(0, 1e9), st.frozensets(st.integers(0, 23)), st.frozensets(st.integers(1, 7)))
def test_no_hint_of_a_feed_delays_it_beyond_the_cap(
    max_age: float, ttl: float, hours: frozenset[int], days: frozenset[int]
) -> None:
    hints = Hints(max_age_s=max_age, ttl_s=ttl, skip_hours=hours, skip_days=days)
    due = next_due(Pace(600, 7200), Outcome(PollReason.NEW_BODY, 200, hints), NOW, 0)
    assert due.at is not None
    assert 600 <= (due.at - NOW).total_seconds() <= 6 * 3600 + 1


@hostile
@given(st.sampled_from(["", "gzip", "deflate", "br", "zstd"]), st.lists(st.binary(max_size=300), max_size=5))
def test_bytes_are_decoded_or_refused(encoding: str, chunks: list[bytes]) -> None:
    decoder = Decoder(encoding, 1000)
    try:
        for chunk in chunks:
            decoder.feed(chunk)
    except (BadEncodingError, TooLargeError):
        return
    assert len(decoder.finish()) <= 1000


@hostile
@given(st.text(max_size=60))
def test_an_address_is_public_or_not(address: str) -> None:
    assert is_public(address) in (True, False)


@hostile
@given(st.text(max_size=400), st.text(max_size=400))
def test_copies_are_told_of_any_text(one: str, other: str) -> None:
    is_copy(print_of("", one), print_of("", other))
