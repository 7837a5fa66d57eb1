"""What belongs to the page and not to the story is blank, and the length stays."""

from __future__ import annotations

import pytest

from services.tagger.core.boilerplate import blank

STORY = "Petugas menahan dua orang di Kupang.\nKeduanya diperiksa."


@pytest.mark.parametrize(
    "line",
    [
        "Petugas menyita barang itu, baca polisi dalam laporannya.",
        "Editorial koran itu menyoroti perbatasan dalam tiga paragraf panjang yang penuh data dan angka resmi.",
    ],
)
def test_a_sentence_of_the_story_stays(line: str) -> None:
    assert line in blank("Judul", f"{STORY}\n{line}")


@pytest.mark.parametrize(
    "line",
    [
        "Baca juga: Polisi tangkap perekrut 30 calon pekerja ilegal",
        "BACA JUGA: Sabu 5 kg disita di Batam",
        "Copyright © ANTARA 2025",
        "Pewarta : Nama Wartawan",
        "Berita ini telah tayang di laman lain dengan judul: Perdagangan orang",
        "Bagikan artikel ini",
        "Kumpulan Artikel Bali",
    ],
)
def test_a_line_of_the_page_is_blank(line: str) -> None:
    shown = blank("Judul", f"{STORY}\n{line}\nAkhir cerita.")
    assert line not in shown
    assert "Akhir cerita." in shown


def test_a_headline_after_a_lone_marker_is_blank() -> None:
    shown = blank("Judul", f"{STORY}\nBaca Juga\nSindikat scam Kamboja digerebek\nAkhir cerita.")
    assert "Kamboja" not in shown
    assert "Akhir cerita." in shown


def test_everything_after_a_list_of_other_stories_is_blank() -> None:
    shown = blank("Title", "A story.\nMOST VIEWED\nTrafficking ring in Bavet\nScam raid in Poipet")
    assert "Bavet" not in shown and "Poipet" not in shown


def test_the_tail_of_a_title_is_blank() -> None:
    assert blank("Pemkot cegah perdagangan orang - Berita Contoh.com -->", "x").startswith(
        "Pemkot cegah perdagangan orang  "
    )


def test_the_length_never_changes() -> None:
    text = STORY + "\nBaca juga: X\n(Baca juga: Y)\nMOST VIEWED\nZ"
    assert len(blank("T - Berita A.com", text)) == len("T - Berita A.com\n" + text)
