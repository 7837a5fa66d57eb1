"""After a restore the alerts since the backup are read again: what was decided of them then still holds."""

from __future__ import annotations

from pathlib import Path

from services.contracts.codes import Severity
from services.notifier.core.reason import Reason
from tests.notifier.builders import an_alert, an_entry
from tests.notifier.test_restore import back_up, restored
from tests.notifier.world import World


async def test_a_digest_sent_since_the_backup_lists_nothing_again(world: World, tmp_path: Path) -> None:
    await world.add(an_entry(channels=["telegram"]))
    back_up(tmp_path)
    await world.hear(an_alert(severity=Severity.LOW))
    world.pass_time(hours=12)
    await world.send_digests()
    assert len(world.telegram.sent) == 1
    again = await restored(world, tmp_path)
    assert await again.hear(an_alert(severity=Severity.LOW)) == {Reason.OLD_VERSION: 1}
    again.pass_time(hours=24)
    await again.send_digests()
    assert len(again.telegram.sent) == 1
    await again.close()


async def test_an_alert_that_a_newer_one_overtook_is_not_sent_after_all(world: World, tmp_path: Path) -> None:
    await world.add(an_entry(channels=["telegram"]))
    back_up(tmp_path)
    await world.hear(an_alert())
    await world.hear(an_alert(version=2, severity=Severity.CRITICAL))
    await world.send()
    sent = len(world.telegram.sent)
    again = await restored(world, tmp_path)
    await again.hear(an_alert(), an_alert(version=2, severity=Severity.CRITICAL))
    await again.send()
    again.pass_time(days=2)
    await again.send_digests()
    assert len(again.telegram.sent) == sent
    await again.close()


async def test_what_comes_after_what_was_read_again_is_told(world: World, tmp_path: Path) -> None:
    await world.add(an_entry(channels=["telegram"]))
    back_up(tmp_path)
    await world.hear(an_alert(severity=Severity.HIGH))
    await world.send()
    again = await restored(world, tmp_path)
    await again.hear(an_alert(severity=Severity.HIGH))
    await again.hear(an_alert(version=2, severity=Severity.CRITICAL))
    await again.send()
    assert len(again.telegram.sent) == 2
    await again.close()
