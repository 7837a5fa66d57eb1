"""The bot's commands and menus as an official sees them, and what others, old or copied buttons cannot do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from services.contracts.codes import Severity, Topic
from services.notifier import roster
from services.notifier.core.menus import Menu, Verb, choose, region_menu, topic_menu
from services.notifier.core.wishes import Wishes, apply_wishes, pack_wishes, unpack_wishes
from services.notifier.menu_buttons import sign_menu
from services.notifier.tables import AUDIT
from services.notifier.vault import Vault
from tests.notifier.builders import a_subscription, an_alert, an_entry, an_official, an_update
from tests.notifier.talk import CHAT, STRANGER, Talk
from tests.notifier.world import SECRET

TWO = [{"regions": ["ID-NT", "KH"], "topics": ["human_trafficking", "illegal_labour_placement"]}]


async def test_a_region_is_switched_off_and_on_again(talk: Talk) -> None:
    await talk.world.add(an_entry(subscriptions=TWO))
    await talk.say("/regions")
    assert talk.labels() == ["✅ NTT", "✅ Kamboja"]
    before = len(talk.on_screen())
    assert await talk.choose("NTT") == "Tersimpan."
    assert talk.labels() == ["⬜ NTT", "✅ Kamboja"], "the menu is edited where it stands"
    assert len(talk.on_screen()) == before
    await talk.world.hear(an_alert())
    await talk.world.send()
    assert len(talk.on_screen()) == before, "nothing from a region that is off"
    assert "Dimatikan oleh Anda: NTT" in await talk.say("/status")
    await talk.choose("NTT")
    await talk.world.hear(an_alert(incident_id="incident-2"))
    await talk.world.send()
    assert "TINGGI" in talk.on_screen()[-1]


async def test_the_last_region_or_topic_stays_on(talk: Talk) -> None:
    await talk.world.add(an_entry(subscriptions=[{"regions": ["ID-NT"], "topics": ["human_trafficking"]}]))
    for command, label in (("/regions", "NTT"), ("/topics", "TPPO)")):
        await talk.say(command)
        assert "tidak dapat dimatikan" in await talk.choose(label)
        assert talk.labels()[0].startswith("✅")


async def test_a_topic_of_a_subscription_to_all_is_switched_off(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry())
    await talk.say("/topics")
    assert len(talk.labels()) == len(Topic)
    await talk.choose("Pekerja migran nonprosedural")
    official = await talk.world.store.read(lambda conn: roster.find_official(conn, official_id))
    assert official is not None
    assert official.subscriptions[0].topics == set(Topic) - {Topic.ILLEGAL_LABOUR_PLACEMENT}


async def test_quiet_hours_are_chosen_written_and_given_back(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry(quiet={"from": "23:00", "to": "04:00"}))

    async def quiet() -> str:
        official = await talk.world.store.read(lambda conn: roster.find_official(conn, official_id))
        return str(official and official.quiet and f"{official.quiet.start:%H:%M}-{official.quiet.end:%H:%M}")

    assert "23:00-04:00" in await talk.say("/quiet")
    await talk.choose("21:00-05:30")
    assert await quiet() == "21:00-05:30"
    assert "20:15-06:00" in await talk.say("/quiet 20:15 06:00")
    assert await quiet() == "20:15-06:00"
    await talk.choose("mati")
    assert await quiet() == "None"
    assert "Tanpa jam tenang" in await talk.say("/status")
    await talk.say("/quiet")
    await talk.choose("seperti semula")
    assert await quiet() == "23:00-04:00"


async def test_digest_times_are_chosen_and_written(talk: Talk) -> None:
    await talk.world.add(an_entry())
    assert "06:30, 16:00 (Asia/Makassar)" in await talk.say("/digest")
    await talk.choose("07:00, 12:00, 17:00")
    assert "07:00, 12:00, 17:00" in talk.menu().shown
    assert "05:45" in await talk.say("/digest 5.45")


async def test_a_pause_holds_all_but_critical_and_the_menu_ends_it(talk: Talk) -> None:
    await talk.world.add(an_entry())
    await talk.say("/pause")
    assert "Diam selama 8 jam" in await talk.choose("8 jam")
    assert "Diam sampai" in await talk.say("/status")
    before = len(talk.on_screen())
    await talk.world.hear(an_alert(), an_alert(incident_id="grave", severity=Severity.CRITICAL))
    await talk.world.send()
    assert len(talk.on_screen()) == before + 1
    await talk.say("/pause")
    await talk.choose("Lanjutkan")
    assert "Diam sampai" not in await talk.say("/status")


async def test_why_says_what_was_met_and_each_sending(talk: Talk) -> None:
    await talk.world.add(an_entry())
    assert "Belum ada" in await talk.say("/why")
    await talk.world.hear(an_alert())
    await talk.world.send()
    await talk.world.hear(an_update(severity=Severity.CRITICAL))
    await talk.world.send()
    await talk.say("/why")
    assert talk.labels() == ["🔴 INCIDENT Pekerja migran nonprosedural"]
    await talk.choose("nonprosedural")
    told = talk.on_screen()[-1]
    assert "Tingkat KRITIS" in told
    assert "karena: NTT + Pekerja migran nonprosedural + penindakan" in told
    assert "pesan lewat telegram, karena tingkat TINGGI" in told
    assert "karena tingkatnya naik" in told
    assert told == await talk.say("/why incident")


async def test_why_does_not_tell_of_what_others_were_sent(talk: Talk) -> None:
    await talk.world.add(an_entry(subscriptions=[{"regions": ["KH"]}]))
    await talk.world.add(an_entry("other", contacts={"telegram": STRANGER, "email": "o@example.org"}))
    talk.double.add_chat(STRANGER)
    await talk.world.hear(an_alert())
    await talk.world.send()
    assert "tidak ditemukan" in await talk.say("/why INCIDENT")
    assert "Kejadian INCIDENT" in await talk.say("/why INCIDENT", STRANGER)


async def test_everything_is_said_in_the_officials_language(talk: Talk) -> None:
    await talk.world.add(an_entry(language="en", quiet={"from": "21:00", "to": "05:30"}))
    for command, said in (
        ("/help", "/digest - digest times"),
        ("/status", "You receive:"),
        ("/regions", "Your regions."),
        ("/topics", "Your topics."),
        ("/quiet", "Your quiet hours now: 21:00-05:30"),
        ("/digest", "Your digests now: 06:30, 16:00"),
        ("/pause 4", "Silent for 4 hours."),
        ("/why", "No incident"),
    ):
        assert said in await talk.say(command)
        talk.bot._answered.clear()


async def test_a_file_taken_over_again_does_not_undo_own_choices(talk: Talk) -> None:
    entry = an_entry(subscriptions=TWO)
    await talk.world.add(entry)
    await talk.say("/regions")
    await talk.choose("NTT")
    await talk.world.add(an_entry(subscriptions=TWO, zone="Asia/Jayapura"))
    assert "Dimatikan oleh Anda: NTT" in await talk.say("/status")


# What must not work ---------------------------------------------------------------------------


async def test_a_button_pressed_twice_is_pressed_once(talk: Talk) -> None:
    await talk.world.add(an_entry(subscriptions=TWO))
    await talk.say("/regions")
    data, where = talk.data("NTT"), talk.menu().message_id
    await talk.press_raw(where, data)
    await talk.choose("NTT")
    assert "sudah lama" in await talk.press_raw(where, data), "an old button does not undo a newer choice"
    assert talk.labels() == ["✅ NTT", "✅ Kamboja"]


async def test_a_button_is_good_for_a_day(talk: Talk) -> None:
    await talk.world.add(an_entry(subscriptions=TWO))
    await talk.say("/regions")
    talk.world.pass_time(hours=25)
    assert "sudah lama" in await talk.choose("NTT")
    assert talk.labels()[0] == "✅ NTT"


async def test_another_officials_button_does_nothing_in_my_chat(talk: Talk) -> None:
    await talk.world.add(
        an_entry(subscriptions=TWO),
        an_entry("other", subscriptions=TWO, contacts={"telegram": STRANGER, "email": "o@example.org"}),
    )
    talk.double.add_chat(STRANGER)
    await talk.say("/regions")
    await talk.say("/regions", STRANGER)
    theirs = talk.data("NTT", STRANGER)
    assert "bukan untuk Anda" in await talk.press_raw(talk.menu().message_id, theirs)
    assert talk.labels() == talk.labels(STRANGER) == ["✅ NTT", "✅ Kamboja"]


async def test_somebody_else_in_the_chat_cannot_press(talk: Talk) -> None:
    await talk.world.add(an_entry(subscriptions=TWO))
    await talk.say("/regions")
    data = talk.data("NTT")
    assert "bukan untuk Anda" in await talk.press_raw(talk.menu().message_id, data, user_id=STRANGER)
    assert talk.labels()[0] == "✅ NTT"


CHANGES: list[Callable[[str], str]] = [
    lambda d: d.replace("ID-NT", "ID-JK"), lambda d: d.replace("r0", "r1"), lambda d: d[:-1] + "_", lambda d: "r0",
    lambda d: d.rpartition(":")[0], lambda d: d + ":", lambda d: ":::::", lambda d: d.replace("ID-NT", "*"),
    lambda d: "é" * 20,
]  # fmt: skip


async def test_a_changed_button_does_nothing(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry(subscriptions=TWO))
    await talk.say("/regions")
    data = talk.data("NTT")
    for change in CHANGES:
        assert "bukan untuk Anda" in await talk.press_raw(talk.menu().message_id, change(data)), change(data)
    found = await talk.world.store.read(lambda conn: roster.granted(conn, official_id))
    assert found is not None
    assert found[1] == Wishes()


async def test_in_a_group_nobody_changes_anything(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry(contacts={"telegram": -500, "email": "g@example.org"}))
    talk.double.add_chat(-500)
    for command in ("/stop ya", "/pause 8", "/quiet 00:00 23:59", "/regions", "/mute 72", "/resume"):
        assert "Operator mengubah" in await talk.say(command, -500, chat_type="supergroup")
        talk.bot._answered.clear()
    assert "NTT" in await talk.say("/status", -500, chat_type="supergroup")
    assert await talk.say("good morning all", -500, chat_type="supergroup") == ""
    assert await talk.standing(official_id) == "active"


async def test_who_is_suspended_gets_no_menu(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry(subscriptions=TWO))
    await talk.say("/regions")
    data, where = talk.data("NTT"), talk.menu().message_id
    await talk.world.store.write(
        lambda conn: roster.set_standing(conn, official_id, roster.Standing.SUSPENDED, "x", 1.0)
    )
    assert "bukan untuk Anda" in await talk.press_raw(where, data)
    assert "belum aktif" in await talk.say("/topics")


async def test_every_choice_is_in_the_audit(talk: Talk) -> None:
    await talk.world.add(an_entry(subscriptions=TWO))
    await talk.say("/regions")
    await talk.choose("NTT")
    deeds = await talk.world.store.read(lambda conn: [row.deed for row in conn.execute(sa.select(AUDIT))])
    assert deeds[-1] == "own choice changed"


# The pure part --------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "argument"), [
    (Verb.REGION_ON, "ID-JK"), (Verb.REGION_OFF, "*"), (Verb.TOPIC_OFF, "weather"), (Verb.QUIET, "25000600"),
    (Verb.QUIET, "2100"), (Verb.DIGEST, "9999"), (Verb.DIGEST, ""), (Verb.PAUSE, "8"),
])  # fmt: skip
def test_what_was_never_granted_or_is_no_time_changes_nothing(verb: Verb, argument: str) -> None:
    official = an_official("o", a_subscription("ID-NT", "*"))
    assert choose(official, Wishes(), verb, argument) is None


def test_wishes_only_ever_narrow() -> None:
    official = an_official(
        "o", a_subscription("ID-NT", "KH"), a_subscription("TL", topics=frozenset({Topic.DRUG_TRAFFICKING}))
    )
    wishes = Wishes(frozenset({"KH", "ID-JK"}), frozenset({Topic.DRUG_TRAFFICKING}))
    narrowed = apply_wishes(official, wishes)
    assert [sorted(line.regions) for line in narrowed.subscriptions] == [["ID-NT"]]
    assert Topic.DRUG_TRAFFICKING not in narrowed.subscriptions[0].topics
    assert unpack_wishes(pack_wishes(wishes), 0) == wishes


def test_no_callback_data_is_longer_than_telegram_allows() -> None:
    official = an_official("0" * 32, a_subscription(*[f"ID-{n:03d}" for n in range(100)], "*"))
    menus: list[Menu] = [region_menu(official, Wishes()), topic_menu(official, Wishes())]
    rows = [row for menu in menus for row in sign_menu(Vault(SECRET), "0" * 32, 10**6, menu, 4e9)]
    assert max(len(data.encode()) for row in rows for _, data in row) <= 64
    assert sum(len(row) for row in sign_menu(Vault(SECRET), "0" * 32, 1, menus[0], 0.0)) <= 100


def test_a_chat_id_is_not_in_a_button() -> None:
    official = an_official("0" * 32, a_subscription("ID-NT"))
    rows = sign_menu(Vault(SECRET), "0" * 32, 1, region_menu(official, Wishes()), 0.0)
    assert all(str(CHAT) not in data and "000000" not in data for row in rows for _, data in row)
