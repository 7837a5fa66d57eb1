"""Make up a day of news: most of it ordinary, some of it arrests, each in a district of its own; seeded."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PLACES = Path(__file__).resolve().parents[2] / "seeds" / "places" / "id_regencies.csv"

_PLAIN = (
    "Warga {town} memenuhi lapangan sejak pagi untuk mengikuti lomba layang-layang yang ke-{n}.",
    "Panitia menyiapkan {n} panggung dan {m} lapak makanan di tepi taman kota {town}.",
    "Harga cabai di pasar {town} naik {n} persen sejak awal pekan menurut pedagang {name}.",
    "Kepala dinas {name} meminta warga {town} menunggu perbaikan {m} ruas jalan hingga akhir tahun.",
    "Pertandingan persahabatan di {town} berakhir {n}-{m} dan disaksikan ratusan penonton.",
    "{name} dari {town} menanam {n} pohon mangga bersama {m} murid sekolah dasar.",
    "Hujan lebat turun selama {m} jam di {town} sehingga {n} pengendara berteduh di halte.",
    "Perpustakaan {town} menambah {n} judul buku dan membuka ruang baca sampai pukul {m}.",
)
_NAMES = ("Bagas", "Wulan", "Sekar", "Damar", "Laras", "Galih", "Ratih", "Tegar", "Ayunda", "Panji", "Dara")
_SURNAMES = ("Prakoso", "Wijayanti", "Hartanto", "Lestiani", "Sumirat", "Kusumo", "Nugraheni", "Saptono")
_ARREST = (
    "Polres {town} menggagalkan pengiriman {n} calon pekerja migran nonprosedural dan menetapkan {m} tersangka "
    "tindak pidana perdagangan orang.",
    "Para korban ditampung di sebuah rumah di {town} sebelum diberangkatkan, kata juru bicara kepolisian.",
    "Para korban dijanjikan gaji besar lalu paspornya ditahan dan dipaksa bekerja tanpa upah.",
)
#: A capture of severity critical: a dead victim.
_DEATH = "Seorang korban ditemukan tewas dan {n} korban lain luka-luka."


@dataclass(frozen=True)
class Made:
    """One story of an outlet."""

    number: int
    title: str
    text: str
    of_the_field: bool


def make_stories(count: int, dice: random.Random, share: float) -> Iterator[Made]:
    """So many stories, a share of them arrests; no two arrests in one district while there are districts."""
    towns = list(_districts())
    dice.shuffle(towns)
    arrests = 0
    for number in range(count):
        if dice.random() < share:
            yield _arrest(number, towns[arrests % len(towns)], dice)
            arrests += 1
        else:
            yield _ordinary(number, dice.choice(towns), dice)


def _arrest(number: int, town: str, dice: random.Random) -> Made:
    n, m = dice.randint(2, 97), dice.randint(2, 9)
    said = [sentence.format(town=town, n=n, m=m) for sentence in _ARREST]
    if dice.random() < 0.25:
        said.append(_DEATH.format(n=dice.randint(2, 9)))
    said.append(_plain(town, dice))
    return Made(number, f"Polres {town} gagalkan pengiriman {n} PMI nonprosedural", " ".join(said), True)


def _ordinary(number: int, town: str, dice: random.Random) -> Made:
    said = [_plain(town, dice) for _ in range(dice.randint(4, 9))]
    return Made(number, f"Kabar ke-{number} dari {town}", " ".join(said), False)


def _plain(town: str, dice: random.Random) -> str:
    name = f"{dice.choice(_NAMES)} {dice.choice(_SURNAMES)}"
    return dice.choice(_PLAIN).format(town=town, n=dice.randint(2, 997), m=dice.randint(2, 97), name=name)


@cache
def _districts() -> tuple[str, ...]:
    """Districts of Indonesia whose names nothing else has."""
    with PLACES.open(encoding="utf-8", newline="") as rows:
        names = [row["name"] for row in csv.DictReader(rows)]
    return tuple(sorted({name for name in names if names.count(name) == 1 and " " not in name and len(name) > 4}))
