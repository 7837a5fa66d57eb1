"""Read the demo's stories from seeds/stories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from services.runtime.errors import OperatorError

#: In the order they appear; what is in a later scene is not in the feeds before it.
SCENES = ("base", "copies", "update")
_NEEDED = ("basis", "outlet", "host", "number", "slug", "section", "language", "scene", "age_minutes", "title")
_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_ZONE = timezone(timedelta(hours=7))


@dataclass(frozen=True)
class SeedStory:
    """One story of the demo; ``text`` is what the outlet's page shows, ``traits`` its other front matter."""

    name: str
    outlet: str
    host: str
    number: int
    slug: str
    section: str
    language: str
    scene: str
    published_at: datetime
    title: str
    text: str
    invented: bool
    replaces: str = ""
    traits: Mapping[str, Any] = field(default_factory=dict)

    def trait(self, name: str) -> str:
        """A further value of the front matter as text, empty where there is none."""
        return str(self.traits.get(name, ""))


def load_stories(folder: Path, now: datetime) -> tuple[SeedStory, ...]:
    """Every story of the folder, dated before ``now``.

    Raises:
        OperatorError: the folder is missing or a file in it cannot be read; names the file and the key.
    """
    files = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    if not files:
        raise OperatorError(str(folder), "holds no stories")
    stories = {path.stem: _story(path, now) for path in files}
    return tuple(_with_borrowed_text(story, stories, folder) for story in stories.values())


def _story(path: Path, now: datetime) -> SeedStory:
    found = re.fullmatch(r"---\n(.*?)\n---\n(.*)", path.read_text(encoding="utf-8"), re.DOTALL)
    if not found:
        raise OperatorError(str(path), "does not begin with front matter between two lines of ---")
    try:
        front = YAML(typ="safe").load(found[1])
    except YAMLError as error:
        raise OperatorError(str(path), f"front matter is not YAML: {error}") from None
    for key in _NEEDED:
        if key not in front:
            raise OperatorError(str(path), f"{key}: is missing")
    if front["scene"] not in SCENES:
        raise OperatorError(str(path), f"scene: {front['scene']} is none of {', '.join(SCENES)}")
    published = now - timedelta(minutes=float(front["age_minutes"]))
    return SeedStory(
        name=path.stem,
        outlet=front["outlet"],
        host=front["host"],
        number=int(front["number"]),
        slug=front["slug"],
        section=front["section"],
        language=front["language"],
        scene=front["scene"],
        published_at=published,
        title=front["title"],
        text=_dated(found[2].strip(), published, front["language"]),
        invented=front["basis"] == "invented",
        replaces=str(front.get("replaces", "")),
        traits=front,
    )


def _with_borrowed_text(story: SeedStory, stories: Mapping[str, SeedStory], folder: Path) -> SeedStory:
    """A copy says only whose text it carries."""
    original = story.trait("copy_of")
    if not original:
        return story
    if original not in stories:
        raise OperatorError(str(folder / f"{story.name}.md"), f"copy_of: there is no story {original}")
    return replace(story, text=story.trait("dateline_prefix") + stories[original].text)


def _dated(text: str, published: datetime, language: str) -> str:
    """Put dates in the way the outlet writes them."""
    today = published.astimezone(_ZONE)
    return text.replace("{{today}}", _date(today, language)).replace(
        "{{yesterday}}", _date(today - timedelta(days=1), language)
    )


def _date(day: datetime, language: str) -> str:
    if language == "en":
        return f"{day:%b} {day.day}, {day.year}"
    return f"{_DAYS[day.weekday()]} ({day.day}/{day.month}/{day.year})"
