"""From an alert to what an official has in hand: push, edit, digest, withdrawal, and what stays silent."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from services.contracts.codes import Kind, Severity
from services.contracts.delivery import Action, Outcome
from services.contracts.tagging import Facts
from services.notifier import roster
from services.notifier.channels.base import Digest, Outgoing, Receipt, Scope
from services.notifier.core.card import Card
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from services.notifier.roster import Standing
from services.notifier.tables import INCIDENT, OFFICIAL
from tests.notifier.builders import (
    NIGHT,
    a_merge,
    a_number,
    a_place,
    a_source,
    a_split,
    a_withdrawal,
    an_alert,
    an_entry,
    an_update,
)
from tests.notifier.world import FakeChannel, World, refusal

QUIET = {"quiet": {"from": "21:00", "to": "05:30"}}


def card_of(world: World, number: int = -1) -> Card:
    body = world.telegram.sent[number].body
    assert isinstance(body, Card)
    return body


def digest_of(world: World, number: int = -1) -> Digest:
    body = world.telegram.sent[number].body
    assert isinstance(body, Digest)
    return body


async def test_a_high_alert_is_pushed(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH]
    assert await world.states() == [("telegram", "push", "accepted", Reason.SENT)]


async def test_an_alert_of_another_region_is_not_pushed(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(places=(a_place("ID-KB"),)))
    await world.send_digests()
    assert world.telegram.sent == []
    assert await world.states() == []


@pytest.mark.parametrize(("severity", "named"), [(Severity.HIGH, True), (Severity.LOW, False)])
async def test_the_log_names_the_story_of_a_push_and_none_of_a_digest(
    world: World, severity: Severity, named: bool
) -> None:
    await world.add(an_entry())
    alert = an_alert(severity=severity)
    with capture_logs() as logs:
        await world.hear(alert)
        await world.send()
        world.pass_time(hours=12)
        await world.send_digests()
    (line,) = [line for line in logs if line["event"] == "delivery"]
    assert line["story_id"] == (alert.sources[0].story_id if named else None)


async def test_the_intent_is_announced_before_the_message_is_sent(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    assert [event.outcome for event in await world.published()] == [Outcome.INTENDED, Outcome.ACCEPTED]


async def test_while_a_message_is_sent_its_intent_is_acknowledged_and_its_row_says_sending(world: World) -> None:
    seen: list[tuple[list[Outcome], list[str]]] = []

    class Looks(FakeChannel):
        async def send(self, message: Outgoing) -> Receipt:
            acknowledged = [event.outcome for event in world.relay.published]
            seen.append((acknowledged, [state for _, _, state, _ in await world.states()]))
            return await super().send(message)

    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    dispatcher = world.a_dispatcher(channels={"telegram": Looks()})
    await dispatcher.round()
    await dispatcher.drain()
    assert seen == [([Outcome.INTENDED], ["sending"])]


async def test_the_same_version_again_is_not_sent_again(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    assert await world.hear(an_alert()) == {Reason.OLD_VERSION: 1}
    await world.send()
    assert len(world.telegram.sent) == 1


async def test_a_changed_fact_edits_the_message(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    await world.hear(an_update(facts=Facts(victims=(a_number(13),))))
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH, Action.EDIT]
    assert world.telegram.sent[-1].thread == ("101",)
    assert "korban 12 → 13" in card_of(world).banner


async def test_another_copy_of_the_story_changes_nothing(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    assert await world.hear(an_update(sources=(a_source(copies=3),))) == {Reason.NOTHING_NEW: 1}
    await world.send()
    assert len(world.telegram.sent) == 1


@pytest.mark.parametrize(
    "change",
    [{"severity": Severity.CRITICAL}, {"facts": Facts(victims=(a_number(18),))}],
    ids=["severity rises", "count grows by half"],
)
async def test_what_got_worse_is_pushed_again(world: World, change: dict[str, object]) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    await world.hear(an_update(**change))
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH, Action.PUSH]
    assert world.telegram.sent[-1].thread == ("101",)


async def test_an_update_before_the_push_has_left_replaces_it(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.hear(an_update(facts=Facts(victims=(a_number(13),))))
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH]
    assert world.telegram.sent[0].subject == "incident-1.2"
    assert card_of(world).banner == ""
    assert [s[2:] for s in await world.states()] == [
        ("suppressed", Reason.SUPERSEDED),
        ("accepted", Reason.SENT),
    ]


async def test_low_news_waits_for_the_digest(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(severity=Severity.LOW, kind=Kind.POLICY_COOPERATION))
    await world.send_digests()
    assert world.telegram.sent == []
    world.pass_time(hours=12)
    await world.send_digests()
    assert [m.action for m in world.telegram.sent] == [Action.DIGEST]
    assert len(digest_of(world).entries) == 1
    assert world.telegram.sent[0].silent
    states = {(action, state) for _, action, state, _ in await world.states()}
    assert states == {("digest", "accepted")}


async def test_a_digest_shows_an_incident_once_and_in_its_last_state(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(severity=Severity.MEDIUM))
    await world.hear(an_update(severity=Severity.MEDIUM, facts=Facts(victims=(a_number(13),))))
    world.pass_time(hours=12)
    await world.send_digests()
    [entry] = digest_of(world).entries
    assert "13 korban" in entry.card.sentence


async def test_an_update_while_its_digest_is_on_its_way_is_in_the_next_one(world: World) -> None:
    class Busy(FakeChannel):
        async def send(self, message: Outgoing) -> Receipt:
            if not self.sent:
                await world.hear(an_update(severity=Severity.LOW, facts=Facts(victims=(a_number(13),))))
            return await super().send(message)

    busy = Busy()
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert(severity=Severity.LOW))
    world.dispatcher = world.a_dispatcher(channels={"telegram": busy})
    for _ in range(2):
        world.pass_time(hours=12)
        await world.send_digests()
    said = [body.entries[0].card.sentence for body in (m.body for m in busy.sent) if isinstance(body, Digest)]
    assert ["12 korban" in said[0], "13 korban" in said[1]] == [True, True]


async def test_a_long_digest_goes_on_in_a_second_message(world: World) -> None:
    await world.add(an_entry())
    for number in range(15):
        await world.hear(an_alert(incident_id=f"incident-{number}", severity=Severity.MEDIUM))
    world.pass_time(hours=12)
    await world.send_digests()
    assert [len(digest_of(world, n).entries) for n in range(2)] == [12, 3]


async def test_at_night_a_high_alert_waits(world: World) -> None:
    world.now = NIGHT
    await world.add(an_entry(**QUIET))
    await world.hear(an_alert())
    await world.send()
    assert world.telegram.sent == []


async def test_at_night_a_critical_alert_does_not_wait(world: World) -> None:
    world.now = NIGHT
    await world.add(an_entry(**QUIET))
    await world.hear(an_alert(severity=Severity.CRITICAL))
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH]


async def test_a_push_that_is_late_into_the_night_becomes_a_digest(world: World) -> None:
    await world.add(an_entry(**QUIET))
    await world.hear(an_alert())
    world.now = NIGHT
    await world.send()
    assert world.telegram.sent == []
    world.pass_time(hours=7)
    await world.send_digests()
    assert [m.action for m in world.telegram.sent] == [Action.DIGEST]


async def test_old_news_at_the_first_look_is_never_pushed(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(severity=Severity.CRITICAL, backfill=True))
    await world.send()
    assert world.telegram.sent == []


async def test_a_replay_corrects_but_never_pushes(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    await world.hear(an_update(facts=Facts(victims=(a_number(40),))), replayed=True)
    await world.hear(an_alert(incident_id="incident-2"), replayed=True)
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH, Action.EDIT]


async def test_a_withdrawn_incident_is_taken_back_where_it_was_pushed(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    await world.hear(a_withdrawal())
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH, Action.WITHDRAW]
    assert card_of(world).withdrawn


async def test_a_withdrawn_incident_that_was_not_sent_is_never_heard_of(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.hear(a_withdrawal())
    world.pass_time(hours=24)
    await world.send_digests()
    assert world.telegram.sent == []


async def test_an_incident_that_comes_back_is_shown_again(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    await world.hear(a_withdrawal())
    await world.send()
    await world.hear(an_update(version=3))
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH, Action.WITHDRAW, Action.EDIT]
    assert not card_of(world).withdrawn


async def test_an_incident_that_left_the_region_is_corrected_not_pushed(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    await world.hear(an_update(places=(a_place("ID-KB"),)))
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH, Action.EDIT]
    assert "DIKOREKSI" in card_of(world).banner


async def test_a_merge_edits_both_threads_and_pushes_nothing(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(), an_alert(incident_id="incident-2"))
    await world.send()
    await world.hear(a_merge("incident-1", "incident-2"))
    await world.hear(
        an_update(
            incident_id="incident-2",
            aliases=("incident-1",),
            sources=(a_source(), a_source("t-1", outlet="Tribun")),
        )
    )
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH, Action.PUSH, Action.EDIT, Action.EDIT]
    assert {m.thread for m in world.telegram.sent[2:]} == {("101",), ("102",)}


async def test_the_thread_of_a_merged_incident_goes_on_under_the_other_id(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    await world.hear(
        an_alert(incident_id="incident-2", aliases=("incident-1",), facts=Facts(victims=(a_number(13),)))
    )
    await world.send()
    assert [(m.action, m.thread) for m in world.telegram.sent] == [(Action.PUSH, ()), (Action.EDIT, ("101",))]


async def test_a_split_edits_the_thread_and_pushes_no_part(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    await world.hear(a_split())
    await world.hear(an_alert(incident_id="incident-2"))
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH, Action.EDIT]
    assert "DIPECAH" in card_of(world).banner
    world.pass_time(hours=12)
    await world.send_digests()
    assert [m.action for m in world.telegram.sent][2:] == [Action.DIGEST]


async def test_a_day_has_only_so_many_pushes(world: World) -> None:
    await world.add(an_entry(max_pushes_a_day=2))
    for number in range(4):
        await world.hear(an_alert(incident_id=f"incident-{number}"))
    await world.send()
    assert len(world.telegram.sent) == 2
    await world.hear(an_alert(incident_id="incident-9", severity=Severity.CRITICAL))
    await world.send()
    assert len(world.telegram.sent) == 3


async def test_a_message_that_went_by_two_channels_is_one_of_the_days_messages(world: World) -> None:
    world.telegram.answers = [refusal(Verdict.PERMANENT, Reason.REJECTED)]
    await world.add(an_entry(max_pushes_a_day=2))
    for number in range(3):
        await world.hear(an_alert(incident_id=f"incident-{number}"))
        await world.send()
    assert [len(world.email.sent), len(world.telegram.sent)] == [1, 1]


async def test_a_mail_cannot_be_edited_so_the_change_is_in_the_digest(world: World) -> None:
    await world.add(an_entry(channels=["email"]))
    await world.hear(an_alert())
    await world.send()
    await world.hear(an_update(facts=Facts(victims=(a_number(13),))))
    await world.send()
    assert [m.action for m in world.email.sent] == [Action.PUSH]
    world.pass_time(hours=12)
    await world.send_digests()
    assert [m.action for m in world.email.sent] == [Action.PUSH, Action.DIGEST]
    body = world.email.sent[-1].body
    assert isinstance(body, Digest)
    assert "12 → 13" in body.entries[0].card.banner


# What a channel says ---------------------------------------------------------------------------


async def test_a_refusal_for_ever_goes_to_the_next_channel(world: World) -> None:
    await world.add(an_entry())
    world.telegram.answers = [refusal(Verdict.PERMANENT, Reason.GONE)]
    await world.hear(an_alert())
    await world.send()
    assert [m.action for m in world.email.sent] == [Action.PUSH]
    assert [s[2] for s in await world.states()] == ["refused", "accepted"]
    await world.hear(an_alert(incident_id="incident-2"))
    await world.send()
    assert len(world.email.sent) == 2, "a channel that is gone is not tried again"


async def test_a_refusal_for_now_is_tried_again_on_the_same_channel(world: World) -> None:
    await world.add(an_entry())
    world.telegram.answers = [refusal(Verdict.TRANSIENT, Reason.NOT_CONNECTED)]
    await world.hear(an_alert())
    await world.send()
    assert world.telegram.sent == []
    world.pass_time(seconds=3)
    await world.send()
    assert len(world.telegram.sent) == 1
    assert world.email.sent == []


async def test_retry_after_is_obeyed(world: World) -> None:
    await world.add(an_entry())
    world.telegram.answers = [refusal(Verdict.TRANSIENT, Reason.RATE_LIMITED, retry_after_s=40.0)]
    await world.hear(an_alert())
    await world.send()
    world.pass_time(seconds=25)
    await world.send()
    assert world.telegram.sent == []
    world.pass_time(seconds=16)
    await world.send()
    assert len(world.telegram.sent) == 1


async def test_an_urgent_unknown_outcome_uses_the_next_channel_at_once(world: World) -> None:
    await world.add(an_entry())
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    await world.hear(an_alert(severity=Severity.CRITICAL))
    await world.send()
    [copy] = world.email.sent
    assert isinstance(copy.body, Card)
    assert "MUNGKIN SALINAN KEDUA" in copy.body.banner
    assert world.telegram.sent == []
    assert [s[2] for s in await world.states()] == ["unknown", "accepted"]


async def test_an_unknown_outcome_that_is_not_urgent_is_listed_in_the_digest(world: World) -> None:
    await world.add(an_entry())
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    await world.hear(an_alert())
    await world.send()
    assert world.telegram.sent == []
    assert world.email.sent == []
    world.pass_time(hours=12)
    await world.send_digests()
    [entry] = digest_of(world).entries
    assert entry.remark
    assert ("telegram", "push", "parked", Reason.OUTCOME_UNKNOWN) in await world.states()


async def test_a_digest_whose_outcome_is_unknown_is_listed_again_and_marked(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(severity=Severity.LOW))
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    world.pass_time(hours=12)
    await world.send_digests()
    assert world.telegram.sent == []
    world.pass_time(hours=24)
    await world.send_digests()
    [entry] = digest_of(world).entries
    assert entry.remark


async def test_an_edit_without_an_answer_is_repeated(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    await world.hear(an_update(facts=Facts(victims=(a_number(13),))))
    await world.send()
    world.pass_time(seconds=5)
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH, Action.EDIT]


async def test_a_bug_in_a_channel_is_unknown_and_not_repeated(world: World) -> None:
    await world.add(an_entry())
    world.telegram.answers = [ZeroDivisionError()]
    await world.hear(an_alert())
    await world.send()
    world.pass_time(minutes=5)
    await world.send()
    assert world.telegram.sent == []
    assert ("telegram", "push", "parked", Reason.OUTCOME_UNKNOWN) in await world.states()


async def test_a_migrated_chat_is_written_down_and_reached(world: World) -> None:
    await world.add(an_entry())
    world.telegram.answers = [refusal(Verdict.TRANSIENT, Reason.MIGRATED, moved_to="-1009")]
    await world.hear(an_alert())
    await world.send()
    world.pass_time(seconds=5)
    await world.send()
    assert [m.address for m in world.telegram.sent] == ["-1009"]


async def test_no_name_or_address_is_ever_announced(world: World) -> None:
    await world.add(
        an_entry(),
        an_entry("bp3mi", title="Duty officer", contacts={"telegram": 900000002}, channels=["telegram"]),
    )
    await world.hear(an_alert())
    await world.send()
    events = await world.published()
    assert len(events) == 4
    text = "".join(event.model_dump_json() for event in events)
    for secret in ("90000000", "example.org", "PPA", "Duty", "bp3mi"):
        assert secret not in text


async def test_a_channel_that_is_not_set_up_is_replaced_by_one_that_is(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    dispatcher = world.a_dispatcher(channels={"email": world.email})
    await dispatcher.use_what_there_is()
    await dispatcher.round()
    await dispatcher.drain()
    assert [m.action for m in world.email.sent] == [Action.PUSH]


async def test_with_no_other_channel_set_up_a_delivery_waits(world: World) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    dispatcher = world.a_dispatcher(channels={"email": world.email})
    await dispatcher.use_what_there_is()
    assert await dispatcher.round() == 0
    assert [s[2] for s in await world.states()] == ["due"]
    await world.send()
    assert len(world.telegram.sent) == 1


async def test_an_official_who_cannot_be_read_does_not_stop_the_others(world: World) -> None:
    whole = an_entry("b-whole", contacts={"telegram": 2}, channels=["telegram"])
    broken, _ = await world.add(an_entry("a-broken"), whole)
    spoil = sa.update(OFFICIAL).where(OFFICIAL.c.official_id == broken).values(spec='{"channels": []}')
    await world.store.write(lambda conn: conn.execute(spoil))
    await world.hear(an_alert())
    await world.send()
    assert [m.address for m in world.telegram.sent] == ["2"]


async def test_an_official_who_cannot_be_read_does_not_stop_the_digests_of_the_others(world: World) -> None:
    whole = an_entry("b-whole", contacts={"telegram": 2}, channels=["telegram"])
    broken, _ = await world.add(an_entry("a-broken"), whole)
    await world.hear(an_alert(severity=Severity.LOW))
    spoil = sa.update(OFFICIAL).where(OFFICIAL.c.official_id == broken).values(spec='{"channels": []}')
    await world.store.write(lambda conn: conn.execute(spoil))
    world.pass_time(hours=12)
    await world.send_digests()
    assert [m.address for m in world.telegram.sent] == ["2"]
    assert {(s[2], s[3]) for s in await world.states()} >= {("suppressed", Reason.OFFICIAL_SUSPENDED)}


async def test_a_card_that_cannot_be_made_does_not_stop_the_others(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(severity=Severity.CRITICAL), an_alert(incident_id="incident-2"))
    spoil = sa.update(INCIDENT).where(INCIDENT.c.incident_id == "incident-1").values(alert="{}")
    await world.store.write(lambda conn: conn.execute(spoil))
    await world.send()
    assert [m.subject for m in world.telegram.sent] == ["incident-2.1"]
    assert (await world.states())[0][2:] == ("suppressed", Reason.NOT_RENDERED)


async def test_a_suspended_official_gets_nothing_that_waited(world: World) -> None:
    [official_id] = await world.add(an_entry())
    await world.hear(an_alert(), an_alert(incident_id="incident-2", severity=Severity.LOW))
    await world.store.write(lambda conn: roster.set_standing(conn, official_id, Standing.SUSPENDED, "test", 1.0))
    await world.send()
    world.pass_time(hours=12)
    await world.send_digests()
    assert world.telegram.sent == world.email.sent == []
    assert {s[2] for s in [*await world.states(), *await world.states("incident-2")]} == {"suppressed"}
    outcomes = [event.outcome for event in await world.published()]
    assert outcomes == [Outcome.SUPPRESSED, Outcome.SUPPRESSED]


async def test_a_channel_that_stands_still_is_left_by_what_is_urgent_alone(world: World) -> None:
    await world.add(an_entry(), an_entry("other", contacts={"telegram": 2, "email": "b@example.org"}))
    stop = refusal(Verdict.TRANSIENT, Reason.BAD_TOKEN, retry_after_s=60.0, scope=Scope.CHANNEL)
    world.telegram.answers = [stop]
    await world.hear(an_alert(incident_id="first"))
    await world.dispatcher.round()
    await world.dispatcher.drain()
    await world.hear(an_alert(incident_id="high"), an_alert(incident_id="critical", severity=Severity.CRITICAL))
    assert await world.dispatcher.round() == 0
    await world.dispatcher.use_what_there_is()
    await world.send()
    assert sorted(m.subject for m in world.email.sent) == ["critical.1", "critical.1"]
    world.pass_time(seconds=61)
    await world.send()
    assert {m.subject for m in world.telegram.sent} == {"first.1", "high.1"}


async def test_one_flooded_chat_stops_itself_and_three_stop_the_channel(world: World) -> None:
    chats = [an_entry(f"o{n}", contacts={"telegram": 10 + n}, channels=["telegram"]) for n in range(5)]
    await world.add(*chats)
    flood = [refusal(Verdict.TRANSIENT, Reason.RATE_LIMITED, retry_after_s=30.0) for _ in range(3)]
    world.telegram.answers = flood[:1]
    await world.hear(an_alert())
    await world.dispatcher.round()
    await world.dispatcher.drain()
    assert len(world.telegram.sent) == 4
    world.ticks += 20
    world.telegram.answers = flood
    await world.hear(an_alert(incident_id="incident-2"))
    await world.dispatcher.round()
    await world.dispatcher.drain()
    await world.hear(an_alert(incident_id="incident-3"))
    assert await world.dispatcher.round() == 0
    world.pass_time(seconds=31)
    await world.send()
    assert len(world.telegram.sent) == 15
