"""A file of officials: every mistake names file, line, key and reason; the seeds have none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from services.cli.officials import officials_command
from services.contracts.codes import Kind, Role, Severity, Topic
from services.notifier import invitations, roster
from services.notifier.core.match import SubscriptionIndex
from services.notifier.officials_file import need_regions, read_officials
from services.notifier.roster import Standing
from services.notifier.tables import AUDIT
from services.runtime.errors import OperatorError
from tests.notifier.builders import a_place, an_alert, an_entry
from tests.notifier.world import World

ROOT = Path(__file__).resolve().parents[2]
GOOD = """officials:
  - ref: ppa-ntt
    title: PPA unit
    contacts: {telegram: 900000001}
    channels: [telegram]
    subscriptions:
      - regions: [ID-NT]
"""

# what is changed in the good file -> line and words of the complaint
MISTAKES: dict[str, tuple[tuple[str, str], int, str]] = {
    "not YAML": (("officials:", "officials: ["), 2, "not YAML"),
    "no list": (("officials:", "people:"), 1, "officials: the file must hold a list"),
    "an entry that is a word": (
        ("  - ref: ppa-ntt\n    title: PPA unit", "  - hello\n  - title: x"),
        2,
        "must be a mapping",
    ),
    "no ref": (("  - ref: ppa-ntt\n    title", "  - title"), 2, "ref: Field required"),
    "a ref with capitals": (("ppa-ntt", "PPA NTT"), 2, "ref: String should match"),
    "an unknown key": (("    title: PPA unit", "    title: PPA unit\n    colour: red"), 4, "colour: Extra inputs"),
    "a misspelt topic": (("[ID-NT]", "[ID-NT]\n        topics: [drugs]"), 8, "topics.0: Input should be"),
    "a province in small letters": (("[ID-NT]", "[id-nt]"), 7, "regions.0: String should match"),
    "no region": (("[ID-NT]", "[]"), 7, "regions: Tuple should have at least 1 item"),
    "severity 5": (("[ID-NT]", "[ID-NT]\n        min_severity: 5"), 8, "min_severity: Input should be"),
    "an unknown channel": (("channels: [telegram]", "channels: [whatsapp]"), 5, "channels.0: Input should be"),
    "no contact for a channel": (
        ("channels: [telegram]", "channels: [telegram, email]"),
        5,
        "no contact is given for email",
    ),
    "a mail address with a name": (
        ("{telegram: 900000001}", "{telegram: 1, email: 'A <a@b.org>'}"),
        4,
        "not one plain mailbox",
    ),
    "a zone that is none": (
        ("    title: PPA unit", "    title: PPA unit\n    zone: WITA"),
        4,
        "not an IANA time zone",
    ),
    "a zone that is a path": (
        ("    title: PPA unit", "    title: PPA unit\n    zone: ../../etc/passwd"),
        4,
        "not an IANA time zone",
    ),
    "a time without quotes": (
        ("    title: PPA unit", "    title: PPA unit\n    quiet: {from: 1260, to: 300}"),
        4,
        "in quotes",
    ),
    "a time with an offset": (
        ("    title: PPA unit", '    title: PPA unit\n    quiet: {from: "21:00+07:00", to: "05:00"}'),
        4,
        "without an offset",
    ),
    "a digest in UTC": (
        ("    title: PPA unit", '    title: PPA unit\n    digest: {at: ["06:30Z"]}'),
        4,
        "without an offset",
    ),
    "an interval of no unit": (
        ("    title: PPA unit", "    title: PPA unit\n    digest: {every: '2'}"),
        4,
        "not an interval",
    ),
    "an interval of a second": (
        ("    title: PPA unit", "    title: PPA unit\n    digest: {every: 1s}"),
        4,
        "greater than or equal to 10",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_line_and_key(tmp_path: Path, mistake: str) -> None:
    (old, new), line, words = MISTAKES[mistake]
    path = tmp_path / "officials.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(OperatorError) as failed:
        read_officials(path)
    assert failed.value.where == f"{path}:{line}"
    assert words in failed.value.reason
    assert "\n" not in str(failed.value)


def test_the_file_the_mistakes_are_made_of_is_good(tmp_path: Path) -> None:
    path = tmp_path / "officials.yaml"
    path.write_text(GOOD)
    assert [entry.ref for entry in read_officials(path)] == ["ppa-ntt"]


async def test_a_mailbox_with_capitals_is_found_as_it_is_typed_at_the_desk(world: World) -> None:
    contacts = {"email": "Sekretariat.PPA@Example.org"}
    [official_id] = await world.add(an_entry(contacts=contacts, channels=["email"]))
    find = roster.find_by_address
    typed = "sekretariat.ppa@example.org"
    assert await world.store.read(lambda conn: find(conn, world.vault, "email", typed)) == [official_id]


async def test_a_mailbox_taken_over_with_capitals_is_put_right_and_nobody_is_let_in_by_that(world: World) -> None:
    entry = an_entry(contacts={"email": "ppa@example.org"}, channels=["email"])
    [official_id] = await world.add(entry)

    def as_before(conn: sa.Connection) -> None:
        roster.keep_contacts(conn, world.vault, official_id, {"email": "PPA@Example.org"}, 1.0)
        roster.suspend_channel(conn, official_id, "email", "stopped_by_mail", 1.0)
        roster.set_standing(conn, official_id, Standing.SUSPENDED, "test", 1.0)

    await world.store.write(as_before)
    await world.add(entry)

    def now(conn: sa.Connection) -> tuple[list[str], object, object]:
        found = roster.find_by_address(conn, world.vault, "email", "ppa@example.org")
        standing = invitations.standing_of(conn, official_id)
        return found, roster.why_suspended(conn, official_id, "email"), standing

    assert await world.store.read(now) == ([official_id], "stopped_by_mail", Standing.SUSPENDED)


@pytest.mark.parametrize("region", ["ID-NTT", "KH-99", "TL-XX"])
def test_a_region_that_its_country_does_not_have_is_refused(region: str) -> None:
    entry = an_entry(subscriptions=[{"regions": ["ID-NT", region]}])
    with pytest.raises(OperatorError, match=f"officials.yaml: officials ppa-ppo-ntt: {region} is no region of"):
        need_regions(Path("officials.yaml"), [entry])


@pytest.mark.parametrize("region", ["*", "ID", "ID-NB", "KH-1", "LA-XS", "TH-10", "US", "US-CA"])
def test_a_region_its_country_has_or_of_a_far_country_is_not_refused(region: str) -> None:
    need_regions(Path("officials.yaml"), [an_entry(subscriptions=[{"regions": [region]}])])


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), (b"\xff\xfe", "not UTF-8")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "officials.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OperatorError, match=words):
        read_officials(path)


def test_two_entries_may_not_share_a_ref_or_an_address(tmp_path: Path) -> None:
    path = tmp_path / "officials.yaml"
    again = GOOD.removeprefix("officials:\n")
    path.write_text(GOOD + again)
    with pytest.raises(OperatorError, match=r"officials\[1\]: ref is used"):
        read_officials(path)
    path.write_text(GOOD + again.replace("ppa-ntt", "other"))
    with pytest.raises(OperatorError, match=r"officials\[1\]: telegram is used"):
        read_officials(path)


@pytest.mark.parametrize("name", ["officials.demo.yaml", "officials.example.yaml"])
def test_the_seed_files_are_good_and_name_nobody_real(name: str) -> None:
    entries = read_officials(ROOT / "seeds" / name)
    assert entries
    for entry in entries:
        assert entry.contacts.email is None or entry.contacts.email.endswith("@example.org")
        assert entry.contacts.telegram is None or 900_000_000 < entry.contacts.telegram < 900_000_100


# The stories of the demo as their tagger should see them: who must hear of each, at least one of them.
DEMO = {
    "forum in Bali, briefing in Phnom Penh": (
        {
            "topics": (Topic.HUMAN_TRAFFICKING,),
            "places": (a_place("KH-12", Role.EVENT), a_place("ID-BA", Role.VENUE)),
        },
        {"imigrasi-bali", "atase-phnom-penh", "ncct"},
    ),
    "Cambodia and Laos talk": (
        {"topics": (Topic.BORDER_SECURITY,), "places": (a_place("KH-12"), a_place(None, country="LA"))},
        {"atase-phnom-penh", "ncct"},
    ),
    "police of NTT and Timor-Leste": (
        {
            "topics": (Topic.BORDER_SECURITY,),
            "places": (a_place("ID-NT", Role.VENUE), a_place(None, country="TL")),
        },
        {"ppa-ppo-ntt", "satgas-ntt"},
    ),
    "a meeting in Denpasar": (
        {"topics": (Topic.HUMAN_TRAFFICKING,), "places": (a_place("ID-BA", Role.VENUE),)},
        {"imigrasi-bali"},
    ),
    "a discussion in Singkawang": (
        {"topics": (Topic.HUMAN_TRAFFICKING,), "places": (a_place("ID-KB", Role.VENUE),)},
        {"satgas-kalbar"},
    ),
}


@pytest.mark.parametrize("story", DEMO)
@pytest.mark.parametrize("severity", [Severity.BACKGROUND, Severity.LOW])
def test_every_seed_story_reaches_somebody_of_the_demo(story: str, severity: Severity) -> None:
    changes, expected = DEMO[story]
    entries = read_officials(ROOT / "seeds" / "officials.demo.yaml")
    index = SubscriptionIndex(entry.spec().official(entry.ref) for entry in entries)
    hears = set(index.who_hears(an_alert(kind=Kind.POLICY_COOPERATION, severity=severity, **changes)))
    assert hears == expected


def test_nobody_of_the_demo_sleeps_through_it() -> None:
    entries = read_officials(ROOT / "seeds" / "officials.demo.yaml")
    assert [entry.ref for entry in entries if entry.quiet is not None] == []


# Taking a file over --------------------------------------------------------------------------


async def test_the_same_file_again_changes_nothing(world: World) -> None:
    first = await world.add(an_entry())
    revision = await world.store.read(roster.revision)
    assert await world.add(an_entry()) == first
    assert await world.store.read(roster.revision) == revision


async def test_a_changed_entry_changes_the_same_official_and_the_audit_says_so(world: World) -> None:
    [first] = await world.add(an_entry())
    [again] = await world.add(an_entry(subscriptions=[{"regions": ["KH"]}]))
    assert again == first
    deeds = await world.store.read(lambda conn: [row.deed for row in conn.execute(sa.select(AUDIT))])
    assert deeds == ["official added by file", "official changed by file"]


# The command line ------------------------------------------------------------------------------


def siaga(data: Path, *words: str) -> Result:
    return CliRunner().invoke(officials_command, [words[0], "--data", str(data), *words[1:]])


def test_officials_are_imported_listed_exported_suspended_and_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "officials.yaml"
    path.write_text(GOOD)
    assert siaga(tmp_path, "import", str(path)).exit_code == 0
    [line] = [json.loads(text) for text in siaga(tmp_path, "list").stdout.splitlines()]
    assert line["state"] == "active"
    assert "PPA unit" not in json.dumps(line)
    assert "PPA unit" in siaga(tmp_path, "list", "--names").stdout
    official_id = line["official_id"]
    exported = json.loads(siaga(tmp_path, "export", official_id).stdout)
    assert exported["contacts"]["telegram"] == "900000001"
    assert siaga(tmp_path, "suspend", official_id, "--why", "moved").exit_code == 0
    assert json.loads(siaga(tmp_path, "list").stdout)["state"] == "suspended"
    assert siaga(tmp_path, "approve", official_id).exit_code == 0
    assert siaga(tmp_path, "forget", official_id, "--yes").exit_code == 0
    assert siaga(tmp_path, "list").stdout == ""
    audit = siaga(tmp_path, "audit")
    assert audit.exit_code == 0
    assert [json.loads(text)["deed"] for text in audit.stdout.splitlines()][-1] == "official forgotten"


def test_an_invitation_is_printed_once_and_cannot_be_approved_before_it_is_followed(tmp_path: Path) -> None:
    invited = siaga(tmp_path, "invite", "--title", "BP3MI", "--region", "ID-KU", "--bot", "siaga_bot")
    assert invited.stdout.startswith("https://t.me/siaga_bot?start=")
    official_id = json.loads(siaga(tmp_path, "list").stdout)["official_id"]
    refused = siaga(tmp_path, "approve", official_id)
    assert isinstance(refused.exception, OperatorError)
    assert "not followed" in refused.exception.reason


@pytest.mark.parametrize(
    "words",
    [
        ("suspend", "nobody"),
        ("export", "nobody"),
        ("forget", "nobody", "--yes"),
        ("approve", "nobody"),
        ("invite", "--title", "x", "--region", "kalbar"),
        ("invite", "--title", "x", "--region", "ID", "--zone", "WITA"),
    ],
)
def test_what_an_operator_gets_wrong_is_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert isinstance(siaga(tmp_path, *words).exception, OperatorError)


def test_another_key_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    path = tmp_path / "officials.yaml"
    path.write_text(GOOD)
    siaga(tmp_path, "import", str(path))
    (tmp_path / "contact-key").write_text("another secret, long enough to be one")
    refused = siaga(tmp_path, "list")
    assert isinstance(refused.exception, OperatorError)
    assert "not the key" in refused.exception.reason
