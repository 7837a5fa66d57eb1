"""A syndicated copy is told from an independent report, and from a copy whose numbers changed."""

from __future__ import annotations

import pytest

from services.ingest.core.copies import is_copy, print_of

ORIGINAL = (
    "Satgas gabungan mencegah keberangkatan dua belas calon pekerja migran di pelabuhan pada Kamis siang. "
    "Mereka berasal dari tiga kabupaten dan hendak dibawa lewat Nunukan menuju perkebunan di Sabah. "
    "Seorang perekrut ditahan setelah petugas memeriksa tiket yang dibelinya untuk rombongan itu. "
    "Para calon pekerja kini tinggal di rumah aman milik dinas sosial sambil menunggu dipulangkan. "
    "Kepala satgas meminta warga melapor bila ada tawaran kerja yang meminta uang di muka."
)
INDEPENDENT = (
    "Polisi mengamankan dua belas orang yang akan naik feri di Bolok kemarin siang menuju Kalimantan. "
    "Menurut petugas, rombongan datang dengan dua mobil sewaan dan dijanjikan upah besar oleh tetangga sendiri."
)


def copied(newer: str, older: str = ORIGINAL, title: str = "") -> bool:
    return is_copy(print_of(title, newer), print_of("Dua belas calon pekerja dicegah", older))


@pytest.mark.parametrize(
    "newer",
    [
        pytest.param(INDEPENDENT, id="an independent report"),
        pytest.param(ORIGINAL.replace("dua belas", "dua puluh satu"), id="a count in words changed"),
        pytest.param(ORIGINAL + " Jumlahnya kini 21 orang.", id="a count was added"),
        pytest.param(
            ORIGINAL + " Polda kemudian menggeledah rumah penampungan dan menemukan paspor serta daftar nama.",
            id="a new sentence",
        ),
        pytest.param("Dua belas calon pekerja dicegah di pelabuhan.", id="too short to tell"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_says_something_new_is_no_copy(newer: str) -> None:
    assert not copied(newer)


def test_a_count_in_the_heading_that_the_original_lacks_is_no_copy() -> None:
    assert not copied(ORIGINAL, title="21 calon pekerja dicegah")


@pytest.mark.parametrize(
    "newer",
    [
        pytest.param(ORIGINAL, id="word for word"),
        pytest.param(ORIGINAL.upper().replace(".", " -"), id="other case and punctuation"),
        pytest.param(". ".join(ORIGINAL.split(". ")[:3]), id="cut short"),
        pytest.param(ORIGINAL.replace("meminta warga", "mengimbau warga"), id="one word changed"),
    ],
)
def test_the_same_words_are_a_copy(newer: str) -> None:
    assert copied(newer, title="Satgas cegah calon pekerja")
