"""Write a feed as JSON Feed 1.1 (jsonfeed.org/version/1.1), with the facts under ``_siaga``."""

from __future__ import annotations

import json
from typing import Any

from services.notifier.core.outlets.atom import CAP_TYPE
from services.notifier.core.outlets.entry import Entry
from services.notifier.core.outlets.facts import describe
from services.notifier.core.outlets.feed import Feed, entry_id, rfc3339
from services.notifier.core.outlets.shown import show

VERSION = "https://jsonfeed.org/version/1.1"
MEDIA_TYPE = "application/feed+json"


def write_json_feed(feed: Feed) -> bytes:
    """The document in UTF-8."""
    told: dict[str, Any] = {
        "version": VERSION,
        "title": feed.title,
        "description": feed.about,
        "language": feed.language,
        "authors": [{"name": "Siaga"}],
    }
    if feed.addresses.base:
        told["feed_url"] = feed.addresses.feed(feed.path)
    if feed.following is not None:
        told["next_url"] = feed.addresses.following(feed.path, feed.following)
    told["items"] = [_item(feed, entry) for entry in feed.entries]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _item(feed: Feed, entry: Entry) -> dict[str, Any]:
    shown = show(entry, feed.language, feed.zone)
    item: dict[str, Any] = {
        "id": entry_id(entry.incident_id),
        "title": shown.title,
        "content_text": shown.text,
        "content_html": shown.html,
        "date_published": rfc3339(entry.first_at),
        "date_modified": rfc3339(entry.updated_at),
        "language": feed.language,
        "tags": [*map(str, entry.alert.topics), *entry.alert.regions(), str(entry.standing)],
        "attachments": [{"url": feed.addresses.cap(entry), "mime_type": CAP_TYPE}],
        "_siaga": describe(entry),
    }
    if shown.source is not None:
        item["external_url"] = shown.source
    return item
