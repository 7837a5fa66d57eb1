"""What an outlet adds to a story is taken off, and nothing of the story with it."""

from __future__ import annotations

import time

import pytest

from services.ingest.core.compose import compose, name_entry
from services.ingest.core.feed import Entry
from services.ingest.core.text import clean, normal, one_line, plain, split_dateline
from tests.ingest.builders import NOW, a_source, antara

STORY = [
    "Polisi membaca juga laporan warga sebelum bertindak.",
    "Editor sebuah majalah ikut ditahan.",
    "Penulis buku itu berbicara tentang perdagangan orang.",
    "Komentar warga beragam.",
    "Sumber: keterangan tertulis Polda NTT yang diterima Kamis malam.",
    "Share of the victims fell to one third.",
    "Copyright law was also discussed.",
    "Halaman rumah itu dijaga polisi.",
    "Related crimes were reported in Poipet.",
    "Tags on the crates named a port in Sabah.",
    "Reporter diusir dari lokasi.",
    "Simak kronologi yang disampaikan kapolres.",
]


@pytest.mark.parametrize("line", STORY)
def test_a_line_of_the_story_stays(line: str) -> None:
    assert clean(f"Kalimat pertama berita ini.\n{line}\nKalimat terakhir.").text.split("\n")[1] == line


BOILERPLATE = [
    "Baca juga: Polisi bongkar sindikat",
    "BACA JUGA: Polisi bongkar sindikat",
    "Baca Juga Sindikat penjualan ginjal",
    "* BACA BERITA TERKINI LAINNYA DI GOOGLE NEWS",
    "Baca selengkapnya di sini",
    "Simak juga: video penangkapan",
    "Lihat juga daftar korban",
    "Artikel Terkait",
    "Related news: another case",
    "Pewarta : Nama Orang",
    "Editor: Nama Orang",
    "Copyright © ANTARA 2025",
    "COPYRIGHT (c) ANTARA 2025",
    "Dilarang keras mengambil konten, melakukan crawling",
    "Berita ini telah tayang di Antaranews.com dengan judul: Sesuatu",
    "Artikel ini telah tayang di Tribun-Bali.com dengan judul Sesuatu, https://x",
    "Laporan Wartawan POS-KUPANG.COM, Nama Orang",
    "Ikuti berita TRIBUN-BALI.COM di Google News",
    "Berita POS-KUPANG.COM Lainnya di Google News",
    "Bagikan artikel ini",
    "Tambahkan Komentar Anda",
    "Komentar",
    "Isi komentar sepenuhnya adalah tanggung jawab pengguna",
    "Ringkasan Berita: tiga hal",
    "Halaman selanjutnya",
    "Halaman 1/2",
    "Sumber: Pos Kupang",
    "Kumpulan Artikel Bali",
    "Content image - Phnom Penh Post",
    "Publication date 4 November 2024 | 22:10 ICT",
    "Oleh : Nama/ANTARA",
    "(*)",
    "(gus)",
    "---",
]


@pytest.mark.parametrize("line", BOILERPLATE)
def test_a_line_the_outlet_added_goes(line: str) -> None:
    read = clean(f"Kalimat pertama berita ini.\n{line}\nKalimat terakhir.")
    assert read.text == "Kalimat pertama berita ini.\nKalimat terakhir."
    assert read.removed == 1


@pytest.mark.parametrize(
    ("line", "dateline"),
    [
        ("Kupang (ANTARA) - Polda", "Kupang (ANTARA)"),
        ("Bandung (ANTARA) – Polda", "Bandung (ANTARA)"),
        ("Nunukan, Kaltara (ANTARA News) - Polda", "Nunukan, Kaltara (ANTARA News)"),
        ("TRIBUN-BALI.COM, DENPASAR - Polda", "TRIBUN-BALI.COM, DENPASAR"),
        ("POS-KUPANG.COM, ATAMBUA - Polda", "POS-KUPANG.COM, ATAMBUA"),
        ("TRIBUNPONTIANAK.CO.ID, SAMBAS - Polda", "TRIBUNPONTIANAK.CO.ID, SAMBAS"),
        ("TRIBUNMANADO.CO.ID - Polda", "TRIBUNMANADO.CO.ID"),
        ("SURYA.co.id, Surabaya - Polda", "SURYA.co.id, Surabaya"),
        ("PHNOM PENH (The Phnom Penh Post/ANN): Polda", "PHNOM PENH (The Phnom Penh Post/ANN)"),
        ("PHNOM PENH – Polda", "PHNOM PENH"),
        ("PHNOM PENH: Polda", "PHNOM PENH"),
        ("Singkawang - Polda", "Singkawang"),
    ],
)
def test_a_dateline_is_set_apart(line: str, dateline: str) -> None:
    assert split_dateline(line) == ("Polda", dateline)


@pytest.mark.parametrize(
    "line",
    [
        "Polda NTT - bersama BP3MI - mencegah keberangkatan.",
        "Sebanyak 12 orang (tiga anak) dicegah.",
        "Indonesian police arrested 12 people: three of them minors.",
        "Kapal itu - yang berangkat dari Tawau - karam.",
        "TPPO masih menjadi masalah besar.",
    ],
)
def test_a_first_sentence_is_no_dateline(line: str) -> None:
    assert split_dateline(line) == (line, "")


def test_byline_credit_and_marks_leave_the_text() -> None:
    read = clean("PHNOM PENH: Police acted.\nThey left. - The Phnom Penh Post/ANN\nPewarta: Nama Orang")
    assert (read.text, read.dateline, read.byline) == ("Police acted.\nThey left.", "PHNOM PENH", "Nama Orang")


def test_a_summary_the_outlet_cut_short_says_so() -> None:
    read = clean(plain('<img src="x" align="left" border="0">Kupang (ANTARA) - Polda menangkap&nbsp;... '))
    assert (read.text, read.cut_short) == ("Polda menangkap", True)


def test_a_whole_text_does_not_say_so() -> None:
    assert not clean("Polda menangkap tiga orang.").cut_short


def test_the_date_and_the_heading_above_a_text_go() -> None:
    assert clean("22 Januari 2026\nJudul Berita\nSingkawang - Isi berita.", "Judul berita").text == "Isi berita."


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Satu</p><p>Dua<br>Tiga</p>", "Satu\nDua\nTiga"),
        ("Satu<script>alert(1)</script> dua<style>p{}</style>", "Satu dua"),
        ("<p>a &amp; b &lt;c&gt; &nbsp; d</p>", "a & b <c> d"),
        ("<p>baris\nyang\nsama</p>", "baris yang sama"),
        ("<div><p>x</p><figure><img><figcaption>foto</figcaption></figure>y</div>", "x\ny"),
        ("<p>terbuka <b>tebal", "terbuka tebal"),
        ("<!-- catatan --><p>x</p>", "x"),
        ("", ""),
        ("<", "<"),
        ("plain & simple", "plain & simple"),
    ],
)
def test_markup_becomes_lines(markup: str, text: str) -> None:
    assert plain(markup) == text


def test_markup_nested_without_end_is_read_without_recursion() -> None:
    assert plain("<b>" * 3000 + "x") in ("x", "")


def test_characters_that_deceive_are_taken_out() -> None:
    assert normal("a\u202eb\u200bc\x00d\ufeffe\u2066f") == "abcdef"
    assert normal("cafe\u0301") == "caf\u00e9"


def test_a_heading_is_one_short_line() -> None:
    assert one_line("  <b>Judul</b>\n yang &amp; panjang ") == "Judul yang & panjang"
    assert len(one_line("x" * 9000)) == 500


@pytest.mark.parametrize(
    ("line", "whole", "cut"),
    [
        ("Polisi memeriksa saksi ...", "Polisi memeriksa saksi", True),
        ("Polisi memeriksa saksi\u2026", "Polisi memeriksa saksi", True),
        ("Polisi memeriksa saksi.", "Polisi memeriksa saksi.", False),
        ("Rp 5..000 disita..", "Rp 5..000 disita..", False),
        ("Ia menunggu ... lalu pergi", "Ia menunggu ... lalu pergi", False),
    ],
)
def test_only_dots_at_the_end_say_that_a_text_was_cut(line: str, whole: str, cut: bool) -> None:
    read = clean(line)
    assert (read.text, read.cut_short) == (whole, cut)


HOSTILE = {
    "dots": "." * 200_000 + "x",
    "spaces and dots": ". " * 100_000 + "x",
    "dashes": "A - " * 50_000,
    "brackets": "(" * 100_000 + "a)",
    "dateline without end": "A" * 200_000,
    "words of a notice": "baca " * 40_000,
    "WordPress tails": "<p>" + "The post a appeared first on " * 10_000 + "\n!</p>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_is_slow(name: str) -> None:
    """CPU time: a pattern whose time grows with the square needs minutes (1.1 s for 10,000 dots, measured)."""
    entry = Entry(link="https://www.antaranews.com/berita/1/x", title="t", content_html=HOSTILE[name])
    source = a_source(outlet=antara(), loopback=False)
    began = time.process_time()
    compose(name_entry(entry, source, guids_distinct=False), source, None, NOW)
    assert time.process_time() - began < 4
