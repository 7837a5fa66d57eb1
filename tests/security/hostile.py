"""Draw what an attacker would send: broken bytes, bent markup, text that hides, turns round or never ends."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from services.contracts.tagging import MASK

#: Characters that change direction, are not seen, join others, or are no characters at all.
STRANGE = (
    "\u202e", "\u202a", "\u2066", "\u2067", "\u2069", "\u200f", "\u061c", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2028", "\u2029",
    "\x00", "\x1b", "\x7f", "\x85", "\ufffe", "\U000e0041", "\U0001f1ee", "e\u0301\u0323", "ﬁ", "İ", "ß", "ǆ", "\u1160", MASK, "𝓹", "ｐ", "\u0660",
)  # fmt: skip
TELLING = (
    "perdagangan orang", "korban bernama", "Wulan Sari", "(17)", "berinisial", "AB, CD dan EF", "Kupang", "9 orang",
    "27,311 kg sabu", "Rp 1,2 miliar", "human trafficking", "aged 16", "RT 01/RW 02", "0812-3456-7890", "ព្រំដែន",
    "Police rescued", "Poipet", "polisi menangkap", "anak perempuan", "SMPN 3 Atambua", "\n", ". ", ", ", "/", "%", "-",
)  # fmt: skip
MARKUP = (
    "<b>", "</b>", "<script>", "<a href='tg://user?id=1'>", "&lt;", "&#x0;", "&amp;lt;", "<!--", "]]>", "<![CDATA[", "*_`[]()",
    "\r\nBcc: e@example.org", "=?utf-8?q?=0ABcc:e?=", "javascript:alert(1)", "=HYPERLINK(1)", "{{7*7}}", "%s", "${x}", "../../x", "' OR 1=1 --",
)  # fmt: skip
_TEXT = st.characters(codec="utf-8")
_PIECE = st.one_of(
    st.sampled_from(STRANGE),
    st.sampled_from(TELLING),
    st.sampled_from(MARKUP),
    st.text(_TEXT, max_size=12),
    st.builds(
        lambda piece, times: piece * times, st.sampled_from([*STRANGE, *TELLING, "a", "9"]), st.integers(2, 400)
    ),
)


def texts(longest: int = 40) -> SearchStrategy[str]:
    """Any Unicode that can be sent, and telling words with what hides, turns round and repeats between them."""
    mixed = st.lists(_PIECE, max_size=longest).map("".join)
    return st.one_of(mixed, st.lists(_PIECE, max_size=longest).map(" ".join), st.text(_TEXT, max_size=200))


_HEADS = (
    b"<?xml version='1.0' encoding='utf-8'?>", b"<?xml version='1.0' encoding='utf-16'?>", b"<?xml version='1.0' encoding='x'?>",
    b"\xff\xfe", b"\xef\xbb\xbf", b"<!DOCTYPE r [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]>", b"<!DOCTYPE r SYSTEM 'file:///etc/passwd'>", b"",
)  # fmt: skip
_XML = (
    b"<rss version='2.0'>", b"</rss>", b"<channel>", b"</channel>", b"<item>", b"</item>", b"<title>", b"</title>", b"<link>", b"</link>",
    b"<guid isPermaLink='false'>", b"</guid>", b"<pubDate>Tue, 32 Foo 99999 25:61:61 +9999</pubDate>", b"<description>", b"</description>",
    b"<feed xmlns='http://www.w3.org/2005/Atom'>", b"<entry>", b"</entry>", b"<updated>2026-99-99T99:99:99Z</updated>", b"<content:encoded>",
    b"<ttl>99999999999999999999</ttl>", b"<skipHours><hour>-1</hour></skipHours>", b"<urlset>", b"<url><loc>http://[::1</loc></url>", b"&a;",
    b"&#xFFFFFFFF;", b"<![CDATA[", b"]]>", b"<!--", b"<?php", b"\x00", b"\xc0\xaf", b"<author><name>", b"<media:thumbnail url='x'/>", b"<a:b>",
    b"<link href='javascript:x' rel='alternate'/>", b"<sitemapindex>", b"<news:publication_date>", b"<x " + b"y='' " * 50, b"<i>" * 300,
)  # fmt: skip
_HTML = (
    b"<html>", b"<head>", b"<meta charset='utf-7'>", b"<base href='//x'>", b"<article>", b"<div class='post-content'>", b"<p>", b"</p>", b"</div>",
    b"<script type='application/ld+json'>{\"datePublished\": [[[", b"</script>", b"<style>", b"<table>" * 100, b"<svg><![CDATA[", b"<template>",
    b"<p itemprop='articleBody'>", b"<div class='side-article txt-article'>", b"Baca juga:", b"<a href='?page=all'>", b"\x00", b"<b", b"<!--[if",
)  # fmt: skip


def documents(*kinds: str) -> SearchStrategy[bytes]:
    """Bytes in the shape of feeds or pages, and bytes in no shape."""
    parts = [part for kind in kinds for part in {"xml": _XML, "html": _HTML}[kind]]
    piece = st.one_of(st.sampled_from(parts), st.binary(max_size=20), texts(4).map(lambda text: text.encode()))
    shaped = st.builds(
        lambda head, body: head + b"".join(body), st.sampled_from(_HEADS), st.lists(piece, max_size=40)
    )
    return st.one_of(shaped, st.binary(max_size=400))


_MAIL = (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n", b"--b\r\n", b"--b--\r\n",
    b"Content-Type: message/delivery-status\r\n\r\n", b"Content-Type: text/rfc822-headers\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n",
    b"Status: 5.1.1\r\n", b"Action: failed\r\n", b"Status: 9.9.9\r\n", b"Message-ID: <a.b.c.d@x>\r\n", b"\r\n", b"From: =?x?b?=?= <a@b>\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Type: text/plain; charset=\"\x00\"\r\n", b"Subject: STOP\r\n", b"In-Reply-To: <a.b@x>\r\n",
    b"Authentication-Results: mx; dkim=pass header.d=x\r\n", b"STOP", b"Auto-Submitted: no\r\n", b"Content-Type: multipart/mixed; boundary=\r\n\r\n",
)  # fmt: skip


def mails() -> SearchStrategy[bytes]:
    """Mails, bounces, and what only looks like one."""
    piece = st.one_of(st.sampled_from(_MAIL), st.binary(max_size=20), texts(3).map(lambda text: text.encode()))
    return st.lists(piece, max_size=30).map(b"".join)


def json_values() -> SearchStrategy[object]:
    """Anything JSON can say."""
    leaf = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts(4))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts(2), inner, max_size=4)),
        max_leaves=8,
    )
