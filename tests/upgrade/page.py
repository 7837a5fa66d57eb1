"""Write the page on upgrades."""
# the page's own sentences

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from services.contracts.topics import ALERTS, DELIVERIES, STORIES, STORIES_TAGGED

_TOPICS = (STORIES, STORIES_TAGGED, ALERTS, DELIVERIES)
_WAYS = {
    "in turn": "each service is stopped, then started in the new version, which migrates its store",
    "underneath": "`siaga migrate` while every old service runs on, then each is replaced",
}


def write(legs: Sequence[dict[str, Any]], folder: Path) -> None:
    """``upgrade.md`` into ``folder``."""
    (folder / "upgrade.md").write_text("\n\n".join(_page(legs)) + "\n", encoding="utf-8")


def _page(legs: Sequence[dict[str, Any]]) -> Iterable[str]:
    yield "# Upgrade from the version before"
    yield (
        "Made by `python -m tests.upgrade.proof COMMIT`: the commit's own services run from its own files, with the libraries "
        "installed here, on a real Apache Kafka (one node), and are replaced by ours one after the other while stories flow. "
        "Outlets, Bot API and mail server are doubles on loopback; their books are the judge. Two cores that other work shared; "
        "the machine's load stands in the table."
    )
    yield _table(["", *(f"leg {one['seed']}" for one in legs)], list(_rows(legs)))
    yield (
        "*Pushed as grown*: a second message on an incident because its figures grew, as on any other day; the made-up "
        "arrests resemble each other. *Retold*: arrests told before the upgrade, told once more afterwards by another "
        "outlet in the same words: none may be a new alert. Revisions come from these, since the story gets another outlet."
    )
    yield "## Who worked with whom"
    yield "Records written while these versions stood side by side (`-1` and `-2` are replicas):"
    yield from (_phases(one) for one in legs)
    yield "## An old service on a new store"
    yield (
        "After each leg every old service was started once more. It has to end with status 2 and one line, and the store has to "
        "hold what it held, table by table:"
    )
    last = legs[-1]["refusals"]
    yield _table(
        ["", "status", "says", "store"],
        [
            [name, one["status"], f"`{one['line']}`", "untouched" if one["untouched"] else "**CHANGED**"]
            for name, one in last.items()
        ],
    )
    yield (
        "One that runs while its store is migrated under it goes on as long as its statements fit. Where they do not, the "
        "present version waits and says so (`the store's schema is … by now and this program is made for …`), and its records "
        "are the next version's; `tests/runtime/test_store.py` proves it. Versions before `1c17c3f` put such "
        "records among the dead letters: stop them before you migrate, or `siaga dead replay --all` afterwards, as the leg "
        "*underneath* did."
    )


def _rows(legs: Sequence[dict[str, Any]]) -> Iterable[list[Any]]:
    yield ["", *(_WAYS[one["way"]] for one in legs)]
    yield ["from, to", *(f"{one['before']['commit']}, {one['after']['commit']}" for one in legs)]
    yield ["stores", *(one["store"] for one in legs)]
    yield ["order", *(", ".join(one["order"]) for one in legs)]
    yield ["schemas", *(_schemas(one) for one in legs)]
    yield ["replaced in, s", *(_replaced(one) for one in legs)]
    for title, key in (
        ("stories in the feeds", "stories"),
        ("published, copies joined to theirs", ""),
        ("**stories without a label**", "untagged"),
        ("dead letters, all replayed", "dead_letters"),
        ("stories published again", "published_again"),
        ("answers written again", "answers_again"),
        ("incidents", "incidents"),
        ("alerts pushed, official by official", "pushed"),
        ("**pushed twice**", "pushed_twice"),
    ):
        yield [title, *(one[key] if key else f"{one['published']}, {one['copies']}" for one in legs)]
    yield ["pushed as grown", *(sum(one["pushed_as_grown"].values()) for one in legs)]
    for title, key in (
        ("messages at the receivers", "messages"),
        ("visible unknown", "unknown"),
        ("**official and incident, neither told nor visible**", "lost"),
        ("**repeats the ledger does not explain**", "blind_repeats"),
        ("**accepted, but not at the receiver**", "accepted_but_not_shown"),
        ("**left open**", "left_open"),
    ):
        yield [title, *(one["verdict"][key] for one in legs)]
    yield [
        "retold, **of them as a new incident**",
        *(f"{one['retold']['released']}, **{one['retold']['told_as_new_incidents']}**" for one in legs),
    ]
    yield ["load of the machine at the end", *(one["load"] for one in legs)]
    yield ["every promise", *("holds" if one["holds"] else "**BROKEN**" for one in legs)]


def _schemas(leg: dict[str, Any]) -> str:
    return "; ".join(f"{name} {before} → {after}" for name, (before, after) in leg["schemas"].items())


def _replaced(leg: dict[str, Any]) -> str:
    return ", ".join(f"{one['name']} {one['seconds']:.0f}" for one in leg["replaced"])


def _phases(leg: dict[str, Any]) -> str:
    names = list(leg["phases"][0]["versions"])
    rows = [
        [*(phase["versions"][name] for name in names), *(phase["written"][topic] for topic in _TOPICS)]
        for phase in leg["phases"]
    ]
    return f"Leg {leg['seed']}\n\n" + _table([*names, *(f"`{topic}`" for topic in _TOPICS)], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
