"""A feed of one region and topic, before it is Atom or JSON: its names, its addresses and its entries."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from services.contracts.codes import Topic
from services.notifier.core.outlets.entry import ALL, Entry
from services.notifier.core.regions import region_name
from services.notifier.core.words import words_for

#: Names of ours within the space of UUIDs; never changed, since readers know entries by them.
_SPACE = uuid.UUID("6c5b3e2a-6f0e-5d0b-9a53-2f4b1d7c9e10")
#: What stands in an address for all regions or all topics.
EVERY = "all"
_SAYS_ALL = {"id": "semua topik", "en": "all topics"}
_ABOUT = {
    "id": "Dari berita terbuka, dilabeli mesin, belum diverifikasi. Terbatas: untuk penerima yang ditunjuk.",
    "en": "From open news, labelled by machine, not verified. Restricted: for the named reader.",
}


@dataclass(frozen=True)
class Addresses:
    """Where things are; ``grant`` adds what lets this reader follow one address, and that one only."""

    base: str
    sender: str
    grant: Callable[[str], str]

    def cap(self, entry: Entry) -> str:
        """The CAP message of an entry's present state."""
        return self.base + self.grant(f"/cap/{quote(entry.alert_id, safe='')}.xml")

    def feed(self, path: str) -> str:
        """A feed's own address, without anything secret: it is copied when entries are shared."""
        return self.base + path

    def following(self, path: str, before: int) -> str:
        """The page behind this one."""
        granted = self.grant(path)
        return f"{self.base}{granted}{'&' if '?' in granted else '?'}before={before}"


@dataclass(frozen=True)
class Feed:
    """One page of a feed; ``following`` is where older entries are, if there are any."""

    region: str
    topic: str
    language: str
    zone: ZoneInfo
    entries: tuple[Entry, ...]
    addresses: Addresses
    path: str
    made_at: datetime
    following: int | None = None

    @property
    def title(self) -> str:
        """``Siaga · NTT · semua topik``."""
        topic = _SAYS_ALL.get(self.language, _SAYS_ALL["en"])
        if self.topic != ALL:
            topic = words_for(self.language).topics[Topic(self.topic)]
        return f"Siaga · {region_name(self.region, self.language)} · {topic}"

    @property
    def about(self) -> str:
        """What it is and is not."""
        return _ABOUT.get(self.language, _ABOUT["en"])

    @property
    def feed_id(self) -> str:
        """The same as long as the installation keeps its sender's domain."""
        return uuid.uuid5(_SPACE, f"feed|{self.addresses.sender}|{self.region}|{self.topic}").urn

    @property
    def updated_at(self) -> datetime:
        """The newest change; an empty feed has been as it is since it was made."""
        return max((entry.updated_at for entry in self.entries), default=self.made_at)


def entry_id(incident_id: str) -> str:
    """The same for an incident for ever, in every feed and format."""
    try:
        return uuid.UUID(incident_id).urn
    except ValueError:
        return uuid.uuid5(_SPACE, f"incident|{incident_id}").urn


def rfc3339(instant: datetime) -> str:
    """With milliseconds, so that two changes within one second differ."""
    return instant.isoformat(timespec="milliseconds")
