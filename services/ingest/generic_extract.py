"""The third rung: find the article in a page whose outlet we have no rules for; only inside the parse worker."""

from __future__ import annotations

from typing import Any

from services.ingest.core.compose import Page
from services.ingest.core.extract import is_article, page_date

#: Shorter than this the careful setting has probably thrown the story away: ask again with the default.
CAREFUL_MIN = 250
#: Links to other stories and the credits, by the names that outlets of the region give them.
PRUNED = [
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' baca-juga ')]",
    "//p[contains(concat(' ', normalize-space(@class), ' '), ' text-muted ')]",
]


def by_trafilatura(tree: Any, title: str) -> Page | None:
    """The article as trafilatura sees it, or None where that is no article."""
    # Imported at first use: most pages are read by their outlet's rules and never need its half second.
    import trafilatura  # noqa: PLC0415

    for careful in (True, False):
        text = trafilatura.extract(
            tree,
            favor_precision=careful,
            include_comments=False,
            include_tables=False,
            output_format="txt",
            prune_xpath=PRUNED,
        )
        if text and (len(text) >= CAREFUL_MIN or not careful):
            if not is_article(text, title, link_density=0.0):
                return None
            return Page(text, "trafilatura", f"trafilatura/{trafilatura.__version__}", published=page_date(tree))
    return None
