"""Write a story the way its outlet's feeds and pages are built, boilerplate included."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from html import escape
from urllib.parse import quote

from services.cli.demo.stories import SeedStory

_WIB = timezone(timedelta(hours=7))
_RFC822 = "%a, %d %b %Y %H:%M:%S %z"
#: Antara's summaries are 150 to 200 characters.
_SUMMARY = 180


def path_of(story: SeedStory) -> str:
    """The story's path on its host."""
    if story.outlet == "antara":
        return f"/berita/{story.number}/{story.slug}"
    if story.outlet == "tribun":
        return f"/{story.section}/{story.number}/{story.slug}"
    if story.outlet == "indokalbar":
        return f"/2026/01/{story.slug}.html"
    return f"/{story.section}/{story.slug}/"


def link_of(story: SeedStory, port: int) -> str:
    """The story's whole address."""
    return f"http://{story.host}:{port}{path_of(story)}"


def antara_feed(stories: Sequence[SeedStory], port: int, built_at: datetime) -> str:
    """RSS 2.0 with an image and a cut summary; the guid is no permalink."""
    items = "".join(
        f"<item><title><![CDATA[{s.title}]]></title><link>{link_of(s, port)}</link>"
        f"<pubDate>{s.published_at.astimezone(_WIB).strftime(_RFC822)}</pubDate>"
        f'<description><![CDATA[<img src="http://{s.host}:{port}/cache/800x533/{s.number}.jpg" align="left"'
        f' border="0">{_summary(s)}&nbsp;... ]]></description>'
        f'<guid isPermaLink="false">{link_of(s, port)}</guid></item>'
        for s in stories
    )
    head = f"<title>ANTARA</title><lastBuildDate>{built_at.astimezone(_WIB).strftime(_RFC822)}</lastBuildDate>"
    return _rss(head, items)


def tribun_feed(stories: Sequence[SeedStory], port: int, built_at: datetime) -> str:
    """RSS 2.0 with an enclosure where the story has a picture."""
    items = "".join(
        f"<item><title>{escape(s.title)}</title><link>{link_of(s, port)}</link><guid>{link_of(s, port)}</guid>"
        f"<pubDate>{s.published_at.astimezone(_WIB).strftime(_RFC822)}</pubDate>"
        f"<description><![CDATA[{_summary(s)}]]></description>{_enclosure(s)}</item>"
        for s in stories
    )
    return _rss("<title>Tribun</title><ttl>0</ttl>", items)


def wordpress_feed(stories: Sequence[SeedStory], port: int, built_at: datetime) -> str:
    """WordPress RSS 2.0: excerpt, and the whole body in content:encoded."""
    items = "".join(
        f"<item><title>{escape(s.title)}</title><link>{link_of(s, port)}</link>"
        f"<dc:creator><![CDATA[{s.trait('reporter') or 'Desk'}]]></dc:creator>"
        f"<pubDate>{s.published_at.astimezone(UTC).strftime(_RFC822)}</pubDate>"
        f'<guid isPermaLink="false">http://{s.host}:{port}/?p={s.number}</guid>'
        f"<description><![CDATA[<p>{_summary(s)} [&#8230;]</p>]]></description>"
        f"<content:encoded><![CDATA[{_paragraphs(s.text)}"
        f"<p>The post {escape(s.title)} appeared first on {s.host}.</p>]]></content:encoded></item>"
        for s in stories
    )
    return _rss("<title>WordPress</title>", items)


def blogger_feed(stories: Sequence[SeedStory], port: int, built_at: datetime) -> str:
    """Blogger's Atom: the page's own text with its share and comment lines."""
    entries = "".join(
        f"<entry><id>tag:blogger.com,1999:blog-1.post-{s.number}</id>"
        f"<published>{s.published_at.astimezone(_WIB).isoformat()}</published>"
        f"<updated>{s.published_at.astimezone(_WIB).isoformat()}</updated>"
        f'<title type="text">{escape(s.title + s.trait("title_tail"))}</title>'
        f'<content type="html">{escape(_blogger_body(s))}</content>'
        f'<link rel="alternate" type="text/html" href="{link_of(s, port)}"/></entry>'
        for s in stories
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Indokalbar</title>'
        f"<updated>{built_at.isoformat()}</updated>{entries}</feed>"
    )


def news_sitemap(stories: Sequence[SeedStory], port: int, built_at: datetime) -> str:
    """A Google News sitemap: address, title and date, no text."""
    urls = "".join(
        f"<url><loc>{link_of(s, port)}</loc><news:news><news:publication><news:name>Tribun</news:name>"
        f"<news:language>id</news:language></news:publication>"
        f"<news:publication_date>{s.published_at.astimezone(_WIB).isoformat()}</news:publication_date>"
        f"<news:title>{escape(s.title)}</news:title></news:news></url>"
        for s in stories
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        f' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
    )


def page_of(story: SeedStory, port: int, others: Sequence[SeedStory]) -> str:
    """The article's page, with the menus and boxes that carry other stories' headlines."""
    body = {"antara": _antara_page, "tribun": _tribun_page, "indokalbar": _blogger_page}.get(
        story.outlet, _wordpress_page
    )(story)
    data = {
        "@context": "https://schema.org",
        "@graph": [
            {
                "@type": "NewsArticle",
                "headline": story.title,
                "datePublished": story.published_at.astimezone(_WIB).isoformat(),
            }
        ],
    }
    notice = "This story is invented." if story.invented else "A published story retold in other words."
    boxes = "".join(f'<li><a href="{link_of(o, port)}">{escape(o.title)}</a></li>' for o in others)
    return (
        f'<!doctype html><html lang="{story.language}"><head><meta charset="utf-8">'
        f"<title>{escape(story.title + story.trait('title_tail'))}</title>"
        f'<link rel="canonical" href="{link_of(story, port)}">'
        f'<script type="application/ld+json">{_script(data)}</script></head><body>'
        f'<aside class="demo-notice"><b>Siaga demo page.</b> {notice} No outlet wrote it.</aside>'
        f'<nav><ul class="side-article mb5">{boxes}</ul></nav><h1>{escape(story.title)}</h1>{body}'
        f"<footer><h4>Terpopuler</h4><ul>{boxes}</ul></footer></body></html>"
    )


def _script(data: object) -> str:
    """JSON that cannot end its own script element."""
    return json.dumps(data).replace("</", "<\\/")


def _antara_page(story: SeedStory) -> str:
    parts = []
    for paragraph in story.text.split("\n\n"):
        if paragraph.startswith("Baca juga:"):
            parts.append(f'<span class="baca-juga">{escape(paragraph)}</span><br><br>')
        else:
            parts.append(f"{_lines(paragraph)}<br><br>")
    if story.trait("footer_original"):
        link = story.trait("footer_url")
        told = escape(story.trait("footer_original"))
        linked = f'<a href="{escape(link)}">{told}</a>' if link else told
        parts.append(f"<p>Berita ini telah tayang di Antaranews.com dengan judul: {linked}</p>")
    foot = (
        f'<p class="text-muted small">Pewarta : {escape(story.trait("reporter"))}<br>'
        f"Editor : {escape(story.trait('editor'))}<br>Copyright © ANTARA {story.trait('copyright_year')}</p>"
        "<p>Dilarang keras mengambil konten halaman ini atau merayapinya untuk AI tanpa izin tertulis.</p>"
    )
    return f'<div class="wrap__article-detail-content post-content">{"".join(parts)}{foot}</div>'


def _tribun_page(story: SeedStory) -> str:
    parts = [
        f'<p class="baca"><strong>{escape(p)}</strong></p>'
        if p.startswith("Baca juga:")
        else f"<p>{_lines(p)}</p>"
        for p in story.text.split("\n\n")
    ]
    summary = f'<blockquote class="summary-article">Ringkasan Berita: {escape(story.title)}</blockquote>'
    return f'<div class="side-article txt-article">{summary}{"".join(parts)}</div>'


def _wordpress_page(story: SeedStory) -> str:
    return f'<div class="entry-content">{_paragraphs(story.text)}</div>'


def _blogger_page(story: SeedStory) -> str:
    return f'<div class="post-body entry-content">{_blogger_body(story)}</div>'


def _blogger_body(story: SeedStory) -> str:
    head = (
        f"<p>{escape(story.trait('head_date'))}</p><p>{escape(story.title)}</p>"
        if story.trait("head_date")
        else ""
    )
    return head + _paragraphs(story.text)


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_lines(paragraph)}</p>" for paragraph in text.split("\n\n"))


def _lines(paragraph: str) -> str:
    return "<br>".join(escape(line, quote=False) for line in paragraph.split("\n"))


def _summary(story: SeedStory) -> str:
    first = " ".join(story.text.split())
    return escape(first[:_SUMMARY].rsplit(" ", 1)[0], quote=False)


def _enclosure(story: SeedStory) -> str:
    image = story.trait("image")
    return f'<enclosure url="{quote(image, safe=":/")}" type="image/jpeg" length="1"/>' if image else ""


def _rss(head: str, items: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom">'
        f"<channel>{head}{items}</channel></rss>"
    )
