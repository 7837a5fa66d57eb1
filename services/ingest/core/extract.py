"""Cut an article out of its page by the rules of its outlet, and check that what came out is an article."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from lxml import etree, html

from services.ingest.core.compose import Page
from services.ingest.core.text import fingerprint_words, text_of

PARAGRAPHS_MIN = 2
#: A police report of two short paragraphs is a story; the ladder's next rung would read it worse, not better.
CHARACTERS_MIN = 200
TITLE_WORDS_SHARE = 0.3
LINK_DENSITY_MAX = 0.3
VERSION = "1"


@dataclass(frozen=True)
class SiteRule:
    """Where the article is in an outlet's page and what inside it is not the article; XPath."""

    roots: tuple[str, ...]
    drops: tuple[str, ...] = ()


def _with_class(tag: str, *names: str) -> str:
    tests = " and ".join(f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')" for name in names)
    return f"//{tag}[{tests}]"


#: Antara's text stands partly in bare text nodes between <br>, so paragraphs are not looked for.
RULES: dict[str, SiteRule] = {
    "antara": SiteRule(
        roots=(
            _with_class("div", "wrap__article-detail-content", "post-content"),
            _with_class("div", "post-content", "clearfix"),
            _with_class("div", "post-content"),
        ),
        drops=(
            "." + _with_class("*", "baca-juga"),
            "." + _with_class("*", "adsbygoogle"),
            "." + _with_class("*", "mt10"),
        ),
    ),
    # `side-article mb5` is a widget: both classes are needed.
    "tribun": SiteRule(
        roots=(_with_class("div", "side-article", "txt-article"),),
        drops=(
            "." + _with_class("blockquote", "summary-article"),
            "." + _with_class("p", "baca"),
            "." + _with_class("*", "ads-placeholder"),
            "." + _with_class("div", "paging"),
        ),
    ),
    "wordpress": SiteRule(
        roots=("//div[@itemprop='articleBody']", _with_class("div", "entry-content")),
        drops=("." + _with_class("*", "sharedaddy"), "." + _with_class("*", "related-posts")),
    ),
    "blogger": SiteRule(
        roots=(_with_class("div", "post-body"), _with_class("*", "entry-content")),
        drops=("." + _with_class("*", "share-buttons"), "." + _with_class("*", "comments")),
    ),
}


def parse_page(body: bytes, charset: str | None) -> html.HtmlElement | None:
    """The page as a tree, never following anything it refers to."""
    for encoding in dict.fromkeys((charset, None)):
        try:
            parser = html.HTMLParser(encoding=encoding, no_network=True, remove_comments=True, huge_tree=False)
            return html.document_fromstring(body, parser=parser)
        except (etree.ParserError, etree.XMLSyntaxError, ValueError, LookupError, AssertionError):
            continue
    return None


def by_rules(tree: html.HtmlElement, shape: str, title: str, *, part: bool = False) -> Page | None:
    """The article by its outlet's rules; None where the rules no longer fit, which is worth an alarm.

    Args:
        part: a later page of a story: it may be short and need not speak of the heading.
    """
    rule = RULES.get(shape)
    if rule is None:
        return None
    parts, original = _parts(tree), _original(tree)
    for path in rule.roots:
        for root in _elements(tree, path):
            for drop in rule.drops:
                for element in _elements(root, drop):
                    element.drop_tree()
            text = text_of(root)
            if (part and text) or is_article(text, title, _link_density(root, text)):
                return Page(text, "rules", f"rules-{shape}/{VERSION}", parts > 1, page_date(tree), parts, original)
    return None


def is_article(text: str, title: str, link_density: float) -> bool:
    """Whether the text has the size of a story, speaks of its heading, and is not a list of links."""
    lines = text.count("\n") + 1
    return (
        len(text) >= CHARACTERS_MIN
        and lines >= PARAGRAPHS_MIN
        and link_density < LINK_DENSITY_MAX
        and _shares_words(text, title)
    )


def page_date(tree: html.HtmlElement) -> str:
    """When the page says it was published: JSON-LD, else the meta tag; empty where neither does."""
    for script in _elements(tree, "//script[@type='application/ld+json']"):
        found = _date_in(_json(script.text or ""))
        if found:
            return found
    for meta in _elements(tree, "//meta[@property='article:published_time']"):
        return (meta.get("content") or "")[:80]
    return ""


def _elements(tree: html.HtmlElement, path: str) -> list[html.HtmlElement]:
    found = tree.xpath(path)
    return [one for one in found if isinstance(one, html.HtmlElement)] if isinstance(found, list) else []


def _link_density(root: html.HtmlElement, text: str) -> float:
    linked = sum(len(" ".join(link.text_content().split())) for link in root.iter("a"))
    return linked / max(1, len(text))


def _shares_words(text: str, title: str) -> bool:
    wanted = {word for word in fingerprint_words([title]).split() if len(word) > 3}
    if not wanted:
        return True
    return len(wanted & set(fingerprint_words([text]).split())) / len(wanted) >= TITLE_WORDS_SHARE


def _parts(tree: html.HtmlElement) -> int:
    """Into how many pages the outlet split the article, where this is the first of them; else 1."""
    for paging in _elements(tree, _with_class("div", "paging")):
        found = re.search(r"halaman\s+1\s*/\s*(\d{1,3})\b", paging.text_content(), re.IGNORECASE)
        if found:
            return max(1, int(found[1]))
    return 1


def _original(tree: html.HtmlElement) -> str:
    """Where the page says that its story appeared first: the link in that line, else the address in its words."""
    for line in _elements(tree, "//*[text()[contains(., 'telah tayang di')]]"):
        for link in line.iter("a"):
            if re.match(r"https?://", link.get("href") or ""):
                return str(link.get("href"))[:2000]
        found = re.search(r"https?://[^\s,]{1,2000}", line.text_content())
        if found:
            return found[0]
    return ""


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _date_in(value: object) -> str:
    graph = value.get("@graph", [value]) if isinstance(value, dict) else value
    for node in graph if isinstance(graph, list) else []:
        if isinstance(node, dict) and isinstance(node.get("datePublished"), str):
            return str(node["datePublished"])[:80]
    return ""
