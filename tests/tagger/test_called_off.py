"""A thread whose handler was cut off does not go on labelling beside the next try."""

from __future__ import annotations

import threading

import pytest
from prometheus_client import CollectorRegistry

from services.runtime.spans import Spans
from services.tagger.app import _label_all
from services.tagger.core.book import Rulebook
from services.tagger.metrics import TaggerMetrics
from tests.tagger.builders import a_story, received


@pytest.mark.parametrize(("is_called_off", "labelled"), [(True, 0), (False, 2)])
def test_only_what_somebody_waits_for_is_labelled(book: Rulebook, is_called_off: bool, labelled: int) -> None:
    called_off = threading.Event()
    if is_called_off:
        called_off.set()
    batch = [received(a_story(f"antara:{n}", "Pasar murah", "Pasar murah dibuka di Kupang.")) for n in range(2)]
    done = _label_all(batch, book, TaggerMetrics(CollectorRegistry(), ["ID"]), Spans(), called_off)
    assert len(done) == labelled
