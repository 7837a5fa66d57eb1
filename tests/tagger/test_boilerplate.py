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


def test_a_headline_that_runs_into_the_next_sentence_is_blank() -> None:
    linked = "Baca juga: Perekrut Tiga Remaja Asal Sikka yang Dijual ke Malaysia Ditahan"
    shown = blank("Judul", f"Korban dirawat. {linked} Petugas lalu memeriksa dua saksi di rumah itu.")
    assert "Malaysia" not in shown
    assert shown.endswith("Petugas lalu memeriksa dua saksi di rumah itu.")


def test_a_headline_of_small_letters_ends_with_its_sentence() -> None:
    shown = blank(
        "Judul", "Korban dirawat. Baca juga: Polisi tangkap perekrut remaja di Sikka. Dua saksi diperiksa."
    )
    assert "perekrut" not in shown
    assert shown.endswith(" Dua saksi diperiksa.")


def test_words_after_a_marker_without_an_end_are_not_blank() -> None:
    rest = "polisi mencari dua orang lain " * 12
    assert rest in blank("Judul", f"Korban dirawat. Baca juga: {rest}dan seterusnya")
