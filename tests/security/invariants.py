"""What has to hold for whatever is sent to us, each in a sentence, with what to send and how to see it."""

from __future__ import annotations

import asyncio
import atexit
import csv
import dataclasses
import functools
import io
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes

import httpx
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from prometheus_client import CollectorRegistry

from services.contracts.tagging import MASK, StoryTagged
from services.ingest import parse_worker
from services.ingest.core.decode import BadEncodingError, Decoder, TooLargeError
from services.ingest.core.extract import RULES
from services.ingest.core.feed import ParsedFeed, judge
from services.notifier import taking_over
from services.notifier.buttons import read_press as read_button
from services.notifier.conversation import handle_update
from services.notifier.core.bounce import read_bounce
from services.notifier.core.mail_answer import read_answer, read_own
from services.notifier.core.menus import Button, Menu, Verb
from services.notifier.core.outlets import passes
from services.notifier.core.outlets.throttle import Rate
from services.notifier.core.telegram_text import render_card
from services.notifier.desk.api import mount_api
from services.notifier.desk.api.cursor import read_moment, read_number, write_cursor
from services.notifier.desk.api.problems import ProblemError
from services.notifier.desk.app import desk_routes
from services.notifier.desk.export import write_csv
from services.notifier.desk.find import Found
from services.notifier.desk.marks import pieces
from services.notifier.desk.wanted import DAYS, PAGE_HIGHEST, WORDS_LONGEST, read_wanted
from services.notifier.menu_buttons import read_press as read_menu
from services.notifier.menu_buttons import sign_menu
from services.notifier.outlets.front import create_front
from services.notifier.outlets.gate import Gate
from services.notifier.outlets.metrics import OutletMetrics
from services.notifier.outlets.stop_routes import _wish as wish_of
from services.notifier.tables import METADATA, OFFICIAL
from services.notifier.vault import Vault
from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook
from services.tagger.core.story import article_of, tag_story, to_event
from tests.notifier import builders
from tests.notifier.proof_messages import Figures, ask_mail, ask_telegram, card_of
from tests.security.hostile import STRANGE, TELLING, documents, json_values, mails, texts
from tests.tagger.builders import NOW, a_story

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notifier" / "desk"))
from api_house import a_filled_house, a_reader, token_of

_OWN_CHAT = 900000001
SEEDS = Path(__file__).resolve().parents[2] / "seeds"
VAULT = Vault(b"s" * 40)
_NAMES = ("Wulan Sari", "Maria Goreti", "Yohana Bria")


@dataclass(frozen=True)
class Invariant:
    """A sentence, what to send, and a check that raises where it does not hold."""

    name: str
    sentence: str
    drawn: SearchStrategy[Any]
    check: Callable[[Any], None]


@functools.cache
def book() -> Rulebook:
    """The real rules."""
    return load_book(SEEDS / "topics", SEEDS / "places")


def feed_is_read_or_named(drawn: tuple[bytes, str]) -> None:
    body, content_type = drawn
    said = parse_worker.answer(
        {"kind": "feed", "content_type": content_type, "url": "https://news.example/"}, body
    )
    said = json.loads(json.dumps(said))
    if "error" in said:
        assert said["error"] in {"unreadable", "entities_refused"}
        return
    entries = said["entries"]
    assert len(json.dumps(entries)) <= 40 * len(body) + 100_000, "a small body became a large feed"
    judge(ParsedFeed(**said))


def sitemap_is_read_or_named(body: bytes) -> None:
    said = json.loads(json.dumps(parse_worker.answer({"kind": "sitemap", "url": "https://news.example/"}, body)))
    assert "entries" in said or said["error"] in {"unreadable", "entities_refused"}


def page_is_read_or_named(drawn: tuple[bytes, str | None, str, str, bool]) -> None:
    body, charset, shape, title, part = drawn
    header = {"kind": "page", "charset": charset, "shape": shape, "title": title, "part": part}
    said = json.loads(json.dumps(parse_worker.answer(header, body)))
    if said.get("page"):
        assert len(said["page"]["text"]) <= 4 * len(body) + 1_000
    assert "page" in said or said["error"] == "unreadable"


def body_never_grows_past_the_limit(drawn: tuple[str, list[bytes]]) -> None:
    encoding, chunks = drawn
    try:
        decoder = Decoder(encoding, 10_000)
        for chunk in chunks:
            decoder.feed(chunk)
        assert len(decoder.finish()) <= 10_000
    except (TooLargeError, BadEncodingError):
        return


def _tag(title: str, text: str) -> tuple[StoryTagged, str]:
    story = a_story("fuzz:1", title[:1_000], text)
    tagged = to_event(tag_story(article_of(story), book()), story, book(), NOW, None)
    return tagged, f"{story.title}\n{story.text}"


def story_keeps_its_length_and_shows_no_masked_part(drawn: tuple[str, str]) -> None:
    tagged, raw = _tag(drawn[0].replace("\n", " ") or "x", drawn[1])
    whole = f"{tagged.title}\n{tagged.text}"
    assert len(whole) == len(raw)
    assert all(shown in (was, MASK) for shown, was in zip(whole, raw, strict=True)), "clearing only masks"
    for span in tagged.spans():
        assert 0 <= span.start < span.end <= len(whole)
        assert whole[span.start : span.end] == span.text
        assert MASK not in span.text


def victims_name_is_shown_nowhere(drawn: tuple[str, str, str]) -> None:
    name, before, after = drawn
    text = f"{before}\nPolisi menyelamatkan korban perdagangan orang bernama {name} (16) di Kupang.\n{after}"
    tagged, _ = _tag("Polisi selamatkan korban perdagangan orang", text)
    assert name not in tagged.model_dump_json()


def message_is_what_was_meant(text: str) -> None:
    figures = Figures()
    card = card_of(text)
    ask_telegram(render_card(card).html, card.sentence, figures)
    ask_mail(text, figures)
    assert figures.holds, dataclasses.asdict(figures)


def press_that_is_not_ours_counts_nothing(data: str) -> None:
    assert read_button(VAULT, data, "official-1", "incident-1") is None
    assert read_menu(VAULT, "official-1", 3, data, 0.0) is None


def bent_press_counts_nothing(drawn: tuple[int, str, str]) -> None:
    at, put, whose = drawn
    menu = Menu("", ((Button("x", Verb.TOPIC_OFF, "human_trafficking"),),))
    (((_, good),),) = sign_menu(VAULT, "official-1", 3, menu, 0.0)
    bent = good[: at % len(good)] + put + good[at % len(good) + len(put) :]
    assert read_menu(VAULT, "official-1", 3, good, 0.0) is not None
    if bent != good:
        assert read_menu(VAULT, "official-1", 3, bent, 0.0) is None
    if whose != "official-1":
        assert read_menu(VAULT, whose, 3, good, 0.0) is None


def update_is_carried_out_or_passed_over(update: Mapping[str, Any]) -> None:
    with _people().begin() as conn:
        replies = handle_update(conn, VAULT, update, builders.NOON)
        for reply in replies:
            json.dumps(reply.request()[1], ensure_ascii=False).encode()
        # Nobody joins uninvited, and nobody is let in by the own word.
        assert {row.state for row in conn.execute(sa.select(OFFICIAL.c.state))} <= {"active", "suspended"}
        assert conn.execute(sa.select(sa.func.count()).select_from(OFFICIAL)).scalar_one() == 1
        conn.rollback()


@functools.cache
def _people() -> sa.Engine:
    """One official, whose chat is ``_OWN_CHAT``."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, connect_args={"check_same_thread": False})
    METADATA.create_all(engine)
    entry = builders.an_entry(contacts={"telegram": _OWN_CHAT}, channels=["telegram"])
    with engine.begin() as conn:
        taking_over.import_entry(conn, VAULT, entry, "test", 0.0)
    return engine


def request_is_answered_without_a_mistake_of_ours(drawn: tuple[str, bytes]) -> None:
    path, query = drawn
    home = _home()
    answer = home.ask(f"{path}?{quote_from_bytes(query, safe='=&%+')}")
    assert answer.status_code in {200, 404, 422}, answer.text
    if path.startswith("/api") and answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"


class _Home:
    """The application with something of everything, and somebody who is signed in and holds a token."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._folder = tempfile.TemporaryDirectory()
        self._house = a_filled_house(Path(self._folder.name))
        self._clients = self._loop.run_until_complete(self._enter())
        atexit.register(self._folder.cleanup)

    async def _enter(self) -> dict[str, httpx.AsyncClient]:
        house = await self._house.__aenter__()
        gate = Gate(house.desk.people, house.vault.mark, house.desk.now, rate=Rate(1e9, 1e9))
        desk, _ = desk_routes(house.desk)
        routes = [desk, mount_api(house.desk, gate)]
        house.app = create_front(routes, OutletMetrics(CollectorRegistry()), https=False)
        token = await token_of(house, a_reader(house))
        return {
            "/desk": await house.sign_in("ppa-ppo-ntt"),
            "/api/": house.client(authorization=f"Bearer {token}"),
        }

    def ask(self, path: str) -> httpx.Response:
        """What a request comes to."""
        return self._loop.run_until_complete(self._clients[path[:5]].get(path))


@functools.cache
def _home() -> _Home:
    return _Home()


def mail_is_read_or_left(data: bytes) -> None:
    bounce = read_bounce(data)
    assert bounce is None or (bounce.message_id.startswith("<") and bounce.status[0] in "45")
    read_answer(data)
    read_own(data)


def ticket_that_is_not_ours_opens_nothing(drawn: tuple[str, str]) -> None:
    given, path = drawn
    assert passes.read_pass(VAULT.mark, given, path) is None
    stop = passes.read_stop(given)
    assert stop is None or not passes.is_genuine(VAULT.mark, stop, "f" * 64)


def form_says_one_thing_or_nothing(drawn: tuple[str, bytes]) -> None:
    assert isinstance(wish_of(*drawn), str)


def link_is_a_filter_within_its_bounds(query: Mapping[str, str]) -> None:
    wanted = read_wanted(query)
    assert len(wanted.words) <= WORDS_LONGEST
    assert "\x00" not in wanted.words + wanted.place
    assert 0 <= wanted.severity <= 4
    assert 1 <= wanted.days <= DAYS[-1]
    assert 1 <= wanted.page <= PAGE_HIGHEST
    assert read_wanted(dict(_pairs(wanted.link(page=wanted.page)))) == wanted


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def cursor_is_a_place_or_a_problem(drawn: tuple[str, float, str]) -> None:
    text, at, name = drawn
    for read in (read_moment, read_number):
        try:
            read(text)  # type: ignore[operator]
        except ProblemError as error:
            assert error.status == 422
    assert read_moment(write_cursor(at, name)) == (at, name.replace("\x00", ""))


def cell_is_no_formula(text: str) -> None:
    place = builders.a_place(district=text, name=text)
    alert = builders.an_alert(places=(place,), incident_id=f"i{text}"[:400])
    found = Found(alert.incident_id, 1, "open", (), alert, 0.0, 0.0)
    table = write_csv([found]).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert len(rows) == 2, "a text makes no line of its own"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in rows[1])


def pieces_are_the_text(drawn: tuple[str, str]) -> None:
    tagged, _ = _tag(drawn[0].replace("\n", " ") or "x", drawn[1])
    title, lines = pieces(tagged)
    assert "".join(piece.text for piece in title) == tagged.title
    shown = "".join(piece.text for line in lines for piece in line)
    assert shown == tagged.text.replace("\n", "")


_CHUNKS = st.lists(st.binary(max_size=200), max_size=6)
_PLAIN = st.text(st.characters(codec="utf-8"), max_size=80)
_ANY_TEXT = st.one_of(st.text(max_size=80), texts(4))  # with lone surrogates, which JSON can carry
_PRESS = st.one_of(
    _ANY_TEXT,
    st.builds("{}:{}".format, st.sampled_from(["nr", "wr", "mu", "ro:ID-NT:1:zzzz", "wh", "q"]), _ANY_TEXT),
)
_SIDE = st.lists(st.sampled_from([*TELLING, *STRANGE]), max_size=10).map(" ".join)
_CHAT = st.fixed_dictionaries(
    {"id": st.one_of(st.integers(), json_values()), "type": st.sampled_from(["private", "group", ""])}
)
_MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "chat": _CHAT,
        "text": st.one_of(_ANY_TEXT, st.sampled_from(["/start x", "/stop", "/join \ud800"])),
        "message_id": json_values(),
    },
)
_UPDATE = st.fixed_dictionaries(
    {"update_id": st.one_of(st.integers(0, 2**63), json_values())},
    optional={
        "message": st.one_of(_MESSAGE, json_values()),
        "callback_query": st.one_of(
            st.fixed_dictionaries({"id": _ANY_TEXT, "data": _PRESS, "message": _MESSAGE, "from": json_values()}),
            json_values(),
        ),
    },
)
_TYPES = st.one_of(
    st.sampled_from(
        [
            "application/rss+xml",
            "text/xml; charset=utf-16",
            "text/html; charset=x",
            "",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=b",
            "multipart/form-data; boundary=",
        ]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
)

_PATHS = (
    "/api/v1/incidents", "/api/v1/stories", "/api/v1/search", "/api/v1/map", "/api/v1/sources", "/api/v1/nothing", "/desk/", "/desk/search",
    "/desk/live", "/desk/sources",
)  # fmt: skip
_FIELDS = (
    "words",
    "place",
    "role",
    "topic",
    "kind",
    "severity",
    "days",
    "page",
    "since",
    "until",
    "cursor",
    "limit",
    "all",
    "pulse",
)
_VALUES = (
    "1",
    "0",
    "-1",
    "9" * 30,
    "ID-NT",
    "mine",
    "true",
    "2026-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "WzEsImEiXQ",
    "%00",
    "%ff",
    "%22",
    "*",
)
_QUERY = st.lists(
    st.builds("{}={}".format, st.sampled_from(_FIELDS), st.one_of(st.sampled_from(_VALUES), _PLAIN)), max_size=4
).map(lambda parts: "&".join(parts).encode())

INVARIANTS = (
    Invariant("feed", "Any bytes are a feed or a named error, and a small body is no large feed.", st.tuples(documents("xml", "html"), _TYPES), feed_is_read_or_named),
    Invariant("sitemap", "Any bytes are a list of pages or a named error.", documents("xml"), sitemap_is_read_or_named),
    Invariant(
        "page", "Any bytes are an article, none, or a named error.",
        st.tuples(documents("html", "xml"), st.one_of(st.none(), st.sampled_from(["utf-8", "utf-7", "x", "utf-16", "idna", ""])), st.sampled_from([*RULES, "x"]), texts(3), st.booleans()),
        page_is_read_or_named,
    ),
    Invariant("decode", "A compressed body never grows past its limit.", st.tuples(st.sampled_from(["", "gzip", "deflate", "br", "zstd", "gzip, br", "x"]), _CHUNKS), body_never_grows_past_the_limit),
    Invariant("tag", "A tagged story has its length, its offsets stand in it, and no evidence shows a masked part.", st.tuples(texts(8), texts(40)), story_keeps_its_length_and_shows_no_masked_part),
    Invariant("victim", "A victim's name is in no field of what leaves the tagger.", st.tuples(st.sampled_from(_NAMES), _SIDE, _SIDE), victims_name_is_shown_nowhere),
    Invariant("message", "Telegram shows exactly what was meant within its limits, and a mail has exactly our headers.", _ANY_TEXT, message_is_what_was_meant),
    Invariant("press", "A press that we did not sign counts nothing.", _PRESS, press_that_is_not_ours_counts_nothing),
    Invariant("bent press", "A press of ours that was bent, or is somebody else's, counts nothing.", st.tuples(st.integers(0, 200), st.text(max_size=4), st.text(max_size=12)), bent_press_counts_nothing),
    Invariant("update", "Any update of Telegram is carried out or passed over, and lets nobody in.", _UPDATE, update_is_carried_out_or_passed_over),
    Invariant("mail", "Any mail is a bounce, an answer, or left alone.", mails(), mail_is_read_or_left),
    Invariant("ticket", "A ticket that we did not sign opens nothing.", st.tuples(_ANY_TEXT, _PLAIN), ticket_that_is_not_ours_opens_nothing),
    Invariant("form", "A posted form says one thing or nothing.", st.tuples(_TYPES, st.one_of(st.binary(max_size=200), mails())), form_says_one_thing_or_nothing),
    Invariant("link", "Any query of a link is a filter within its bounds, and repeats itself.", st.dictionaries(st.sampled_from(["words", "place", "role", "topic", "kind", "severity", "days", "page"]), _PLAIN), link_is_a_filter_within_its_bounds),
    Invariant("request", "Any query is answered, with what was asked for or a word on what is wrong with it.", st.tuples(st.sampled_from(_PATHS), st.one_of(st.binary(max_size=80), _QUERY)), request_is_answered_without_a_mistake_of_ours),
    Invariant("cursor", "Any cursor is a place in a list or a problem of the asker.", st.tuples(_ANY_TEXT, st.floats(allow_nan=False, allow_infinity=False), _PLAIN), cursor_is_a_place_or_a_problem),
    Invariant("cell", "No cell of a saved search is a formula.", _PLAIN, cell_is_no_formula),
    Invariant("pieces", "The pieces a page marks are the whole text and nothing else.", st.tuples(texts(8), texts(30)), pieces_are_the_text),
)  # fmt: skip
