"""A desk's store with thousands of incidents in it, each different enough, written in a second or two."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from services.contracts.alert import AlertRaised
from services.contracts.codes import Kind, Role, Severity, Topic
from services.contracts.tagging import Evidence, Facts, KindLabel, Place, StoryTagged, TopicLabel, Trigger
from services.notifier.desk import intake
from services.notifier.desk.tables import INCIDENT, INCIDENT_PLACE, INCIDENT_TOPIC, STEP, STORY
from services.runtime.store import Store
from tests.notifier import builders

#: Name, region, district.
PLACES = (
    ("Pelabuhan Bolok", "ID-NT", "Kab. Kupang"),
    ("Atambua", "ID-NT", "Kab. Belu"),
    ("Motaain", "ID-NT", "Kab. Belu"),
    ("Wini", "ID-NT", "Kab. Timor Tengah Utara"),
    ("Pelabuhan Tunon Taka", "ID-KU", "Kab. Nunukan"),
    ("Sebatik", "ID-KU", "Kab. Nunukan"),
    ("PLBN Entikong", "ID-KB", "Kab. Sanggau"),
    ("Batam", "ID-KR", "Kota Batam"),
    ("Pelabuhan Internasional Batam Centre", "ID-KR", "Kota Batam"),
    ("Dumai", "ID-RI", "Kota Dumai"),
    ("Tanjung Balai", "ID-SU", "Kota Tanjung Balai"),
    ("Sihanoukville", "KH-18", "Krong Preah Sihanouk"),
    ("Poipet", "KH-1", "Krong Poi Pet"),
    ("Bavet", "KH-20", "Krong Bavet"),
    ("Dili", "TL-DI", "Dili"),
    ("Balibo", "TL-BO", "Balibo"),
)
OUTLETS = ("antara", "tribun", "ppp", "Berita Indokalbar", "Kompas")
PROTOTYPES = 400
_ID, _SOURCE = "@incident@", "@source@"
_AT = datetime(2001, 1, 1, tzinfo=UTC)
_AT_JSON = "2001-01-01T00:00:00Z"
DAYS = 6.0


def fill_store(store: Store, count: int, now: datetime, *, seed: int = 7, mine: str = "ID-NT") -> None:
    """Put ``count`` incidents of the last days into an empty store, each with a story.

    Args:
        store: the desk's.
        count: how many.
        now: the newest is a few minutes older.
        seed: draws the same incidents for the same number.
        mine: the region in which a third of them are, since a page shows one official's regions first.
    """
    rng = random.Random(seed)
    molds = [_mold(_prototype(rng, mine)) for _ in range(PROTOTYPES)]
    with store.engine.begin() as conn:
        for start in range(0, count, 1000):
            numbers = range(start, min(start + 1000, count))
            _write(conn, [_cast(molds[n % PROTOTYPES], n, count, now) for n in numbers])


@dataclass(frozen=True)
class _Mold:
    """An incident and its story with marks where they will differ: writing JSON anew is what takes long."""

    alert: AlertRaised
    alert_json: str
    story: StoryTagged
    story_json: str


@dataclass(frozen=True)
class _Cast:
    mold: _Mold
    incident_id: str
    story_id: str
    at: datetime

    def filled(self, text: str) -> str:
        for mark, value in ((_ID, self.incident_id), (_SOURCE, self.story_id), (_AT_JSON, self.at.isoformat())):
            text = text.replace(mark, value)
        return text


def _mold(alert: AlertRaised) -> _Mold:
    story = a_story(alert)
    return _Mold(alert, alert.model_dump_json(), story, story.model_dump_json())


def _cast(mold: _Mold, number: int, count: int, now: datetime) -> _Cast:
    at = now - timedelta(days=DAYS * number / count, minutes=5)
    return _Cast(mold, f"incident-{number}", f"{mold.story.outlet}:{number}", at)


def _write(conn: sa.Connection, casts: list[_Cast]) -> None:
    incidents, topics, places, steps, stories = [], [], [], [], []
    for cast in casts:
        alert, at, key = cast.mold.alert, cast.at.timestamp(), {"incident_id": cast.incident_id}
        known = {"version": 1, "severity": int(alert.severity)}
        incidents.append(key | known | {
            "standing": intake.OPEN, "others": "[]", "kind": str(alert.kind), "first_seen_at": at,
            "changed_at": at, "alert": cast.filled(cast.mold.alert_json),
        })  # fmt: skip
        topics += [key | {"topic": str(topic)} for topic in alert.topics]
        places += [key | {
            "country": place.country, "region": place.region or "", "district": place.district or "",
            "role": str(place.role),
        } for place in alert.places]  # fmt: skip
        steps.append(key | known | {"event": "AlertRaised", "at": at, "changed": "[]"})
        story = cast.mold.story
        stories.append(key | {
            "story_id": cast.story_id, "version": 1, "outlet": story.outlet, "language": "id", "relevant": True,
            "withdrawn": False, "published_at": at, "title": story.title, "body": story.text,
            "tagged": cast.filled(cast.mold.story_json),
        })  # fmt: skip
    rows = (
        (INCIDENT, incidents),
        (INCIDENT_TOPIC, topics),
        (INCIDENT_PLACE, places),
        (STEP, steps),
        (STORY, stories),
    )
    for table, values in rows:
        conn.execute(sa.insert(table), values)


def _prototype(rng: random.Random, mine: str) -> AlertRaised:
    own = [place for place in PLACES if place[1] == mine]
    scene = rng.choice(own if own and rng.random() < 1 / 3 else PLACES)
    places = [_place(scene, Role.EVENT)]
    if rng.random() < 0.5:
        places.append(_place(rng.choice(PLACES), Role.DESTINATION))
    facts = Facts(
        victims=(builders.a_number(rng.randint(1, 60), "victims", source=_SOURCE),),
        suspects=(builders.a_number(rng.randint(1, 5), "suspects", source=_SOURCE),) if rng.random() < 0.5 else (),
        nationalities=(builders.a_term("Indonesia", _SOURCE),),
        transport=(builders.a_term(rng.choice(["boat", "car", "plane"]), _SOURCE),),
    )
    outlets = rng.sample(OUTLETS, rng.randint(1, 3))
    return builders.an_alert(
        severity=rng.choices(list(Severity), [1, 4, 6, 4, 1])[0],
        kind=rng.choice(list(Kind)),
        topics=tuple(rng.sample(list(Topic), rng.randint(1, 2))),
        places=tuple(places),
        facts=facts,
        sources=tuple(
            builders.a_source(
                _SOURCE if number == 0 else f"{outlet}-{rng.randrange(10**6)}", outlet=outlet, published_at=_AT
            )
            for number, outlet in enumerate(outlets)
        ),
        incident_id=_ID,
        **dict.fromkeys(("occurred_at", "first_seen_at", "last_changed_at", "published_at"), _AT),
        confidence=rng.choice(["low", "medium", "high"]),
    )


def _place(named: tuple[str, str, str], role: Role) -> Place:
    name, region, district = named
    return builders.a_place(region, role, name=name, district=district)


def a_story(alert: AlertRaised) -> StoryTagged:
    """The story an incident was founded on, in words of nobody's."""
    place = alert.places[0]
    title = f"Petugas menggagalkan keberangkatan calon pekerja di {place.name}"
    text = " ".join([
        f"Petugas menahan dua perekrut di {place.district}.",
        "Korban ██████ dipulangkan ke keluarganya dan didampingi dinas sosial setempat.",
        "Kapal motor yang dipakai disita sebagai barang bukti, kata kepala kantor.",
    ] * 4)  # fmt: skip
    return StoryTagged(
        occurred_at=alert.occurred_at, story_id=alert.sources[0].story_id, version=1,
        outlet=alert.sources[0].outlet, url=alert.sources[0].url, language="id",
        published_at=alert.published_at, fetched_at=alert.occurred_at, title=title, text=text, relevant=True,
        reason="topic", incident_id=alert.incident_id, tagger_version="bench/1",
        topics=(TopicLabel(code=alert.topics[0], score=0.9, evidence=_said(title, text, "calon pekerja")),),
        kind=KindLabel(code=alert.kind, evidence=_said(title, text, "menggagalkan")),
        severity=alert.severity,
        triggers=(Trigger(code="ten_to_99_victims", evidence=_said(title, text, "Petugas")),),
        places=(place.model_copy(update={"evidence": _said(title, text, place.name)}),),
    )  # fmt: skip


def _said(title: str, text: str, words: str) -> tuple[Evidence, ...]:
    start = f"{title}\n{text}".index(words)
    return (Evidence(start=start, end=start + len(words), text=words, rule="bench"),)
