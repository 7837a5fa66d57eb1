"""Keep the pages that were written last: a reader that looks again every minute costs next to nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

from services.notifier.core.outlets.conditional import etag_of

#: Some ten megabytes at most: a page is a few hundred kilobytes.
_AT_MOST = 40


@dataclass(frozen=True)
class Page:
    """A document, and when what it is about changed last."""

    body: bytes
    media_type: str
    changed_at: datetime
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", etag_of(self.body))


class Pages:
    """The key says all a page depends on, so that none is ever stale."""

    def __init__(self, at_most: int = _AT_MOST) -> None:
        self._at_most = at_most
        self._kept: OrderedDict[Hashable, Page] = OrderedDict()

    def get(self, key: Hashable) -> Page | None:
        """The page, if it is still kept."""
        page = self._kept.get(key)
        if page is not None:
            self._kept.move_to_end(key)
        return page

    def keep(self, key: Hashable, page: Page) -> Page:
        """Keep a page; the one that nobody asked for longest goes."""
        self._kept[key] = page
        while len(self._kept) > self._at_most:
            self._kept.popitem(last=False)
        return page
