"""After a restore every group reads again what its lost store had read."""

from __future__ import annotations

import pytest

from services.cli.rewind import READING, committed, everywhere
from services.contracts.topics import ALERTS, GROUP_NOTIFIER, GROUP_TAGGER, TOPICS
from services.runtime.embedded import EmbeddedProcess
from services.runtime.errors import OperatorError
from services.runtime.settings import ServiceSettings


def test_a_partition_that_was_read_is_set_back_to_where_it_stood() -> None:
    assert everywhere({GROUP_NOTIFIER: {ALERTS: {"3": 41}}})[GROUP_NOTIFIER][ALERTS]["3"] == 41


def test_a_partition_nobody_had_read_is_read_from_its_beginning() -> None:
    back = everywhere({GROUP_NOTIFIER: {ALERTS: {"3": 41}}})[GROUP_NOTIFIER][ALERTS]
    assert len(back) == TOPICS[ALERTS].partitions
    assert {offset for number, offset in back.items() if number != "3"} == {0}


def test_every_group_that_had_read_nothing_yet_is_set_back_on_its_topics() -> None:
    back = everywhere({})
    assert {(group, topic) for group, topics in back.items() for topic in topics} == set(READING)


def test_the_tagger_is_not_set_back() -> None:
    assert GROUP_TAGGER not in everywhere({})


@pytest.mark.embedded
async def test_a_broker_that_lists_no_offsets_of_groups_is_named_in_one_line(embedded: EmbeddedProcess) -> None:
    with pytest.raises(OperatorError) as refused:
        await committed(ServiceSettings(kafka=embedded.bootstrap))
    assert str(refused.value) == (
        f"SIAGA_KAFKA {embedded.bootstrap}: lists no offsets of groups, as the in-memory broker does: "
        "use --without-broker"
    )
