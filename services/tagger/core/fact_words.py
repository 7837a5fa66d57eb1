"""The words that numbers on the facts card go by: people, units, substances, currencies."""

from __future__ import annotations

import re

_VICTIMS = """
    korban victim victims penyintas survivors mangsa
"""
VICTIMS = frozenset(_VICTIMS.split())
_SUSPECTS = """
    tersangka pelaku terdakwa suspect suspects defendants terpidana buronan kurir perekrut bandar
    muncikari mucikari calo tekong brokers traffickers smugglers pengedar scammers fraudsters swindlers
"""
SUSPECTS = frozenset(_SUSPECTS.split())
_MINORS = """
    anak bayi balita siswi remaja minors children girls babies infants bocah abg pelajar newborns
    toddlers minor child girl boys kids schoolgirls siswa kanak gadis
"""
MINORS = frozenset(_MINORS.split())
_PERSONS = """
    orang wni wna wntl pmi cpmi tki tkw pekerja imigran pengungsi migran migrants migrant workers worker
    people persons nationals warga abk men women individuals rohingya deportan penumpang passengers
    refugees immigrants pencari calon awak nelayan fishermen indonesians thais cambodians vietnamese
    chinese turis members officers foreigners wn mahasiswa mahasiswi students teenagers pelajar
    pria wanita perempuan laki lelaki filipinos filipinas burmese malaysians laotians bangladeshis
    kenyans pakistanis indians taiwanese koreans timorese labourers laborers deckhands seafarers
    sailors crewmen crew villagers maids brides citizens residents returnees deportees detainees
    evacuees survivors jiwa nyawa asylum seekers fugitives beggars loggers stowaways youths teens aliens slaves
    kru pelaut pemuda santri deteni tahanan pati pendatang ofw ofws pinoys pinays japanese
    recruits jobseekers repatriates illegals overstayers crossers entrants gamblers
"""
PERSONS = frozenset(_PERSONS.split())
PEOPLE = PERSONS | VICTIMS | SUSPECTS | MINORS
_GONE = """
    tewas meninggal died dead killed drowned die dies drown perish perished
"""
GONE = frozenset(_GONE.split())
_MISSING = """
    hilang missing
"""
MISSING = frozenset(_MISSING.split())
_DONE_TO_PEOPLE = """
    ditahan ditangkap diamankan diberkas dibekuk diringkus diciduk digerebek dideportasi dipulangkan
    diselamatkan dicegat ditolak diusir dikurung disekap dibebaskan arrested held detained nabbed
    caught rescued freed deported repatriated jailed charged sentenced stranded trapped terjebak telantar
"""
#: A headline leaves the people out: "71 ditahan", "49 held".
DONE_TO_PEOPLE = frozenset(_DONE_TO_PEOPLE.split())
_AUXILIARIES = """
    are were is now still left masih kini sudah telah more others lagi
"""
#: What stands between the number of a headline and what is done to those it counts.
AUXILIARIES = frozenset(_AUXILIARIES.split())
_NOT_PEOPLE = """
    tahun bulan hari jam menit persen percent years year months days hours kali meter km kasus cases perkara
"""
NOT_PEOPLE = frozenset(_NOT_PEOPLE.split())
#: Our unit, how many of it one of theirs is, and their words.
_UNIT_WORDS: tuple[tuple[str, float, str], ...] = (
    ("kg", 1, "kg kilogram kilograms kilo kilos"),
    ("kg", 0.001, "gram grams"),
    ("kg", 1000, "ton tons tonnes tonne"),
    ("l", 1, "liter litres liters"),
    (
        "piece",
        1,
        "butir ekor pucuk batang botol slop pil tablet pills tablets pieces unit motorcycles peluru rounds",
    ),
    ("carton", 1, "karton cartons dus kardus"),
    ("sack", 1, "karung sacks"),
    ("packet", 1, "bungkus paket"),
    ("boat", 1, "kapal boats"),
)
UNITS = {word: (unit, factor) for unit, factor, words in _UNIT_WORDS for word in words.split()}
#: What a weight or a number of pieces is of, by the word beside it.
_SUBSTANCE_WORDS: dict[str, str] = {
    "methamphetamine": "sabu meth methamphetamine crystal metamfetamina syabu yaba ya ba speed kuda",
    "cannabis": "ganja cannabis marijuana",
    "opium": "opium opiates candu",
    "heroin": "heroin",
    "ketamine": "ketamin ketamine",
    "cocaine": "kokain cocaine",
    "ecstasy": "ekstasi ecstasy",
    "narcotics": "narkotika narkoba drugs",
    "lobster larvae": "lobster benih benur",
    "turtle eggs": "telur",
    "pangolin": "trenggiling pangolin",
    "crocodiles": "buaya",
    "ammunition": "peluru amunisi ammunition bullets",
    "firearms": "senjata",
    "fuel": "solar bbm fuel",
    "cigarettes": "rokok cigarettes",
    "liquor": "miras minuman",
    "vessels": "kapal boats",
    "motorcycles": "motorcycles",
    "onions": "bawang",
    "rice": "beras",
    "sugar": "gula",
    "meat": "daging",
    "timber": "kayu timber",
}
SUBSTANCES = {word: name for name, words in _SUBSTANCE_WORDS.items() for word in words.split()}
MONEY = re.compile(
    r"(?P<unit>Rp\.?|US\$|USD|\$|RM|SGD|S\$|THB|AU\$)\s?(?P<low>\d[\d.,]*\d|\d)"
    r"(?:\s*(?P<scale>ribu|juta|miliar|triliun|million|billion|trillion|mil|mln|bn|jt|[mMbTk])\b)?"
)
CURRENCY = {
    "Rp": "IDR",
    "Rp.": "IDR",
    "US$": "USD",
    "USD": "USD",
    "$": "USD",
    "RM": "MYR",
    "SGD": "SGD",
    "S$": "SGD",
    "THB": "THB",
    "AU$": "AUD",
}
SCALE = {"ribu": 1e3, "juta": 1e6, "miliar": 1e9, "triliun": 1e12}
SCALE |= {"million": 1e6, "billion": 1e9, "trillion": 1e12}
SCALE |= {"jt": 1e6, "mil": 1e6, "mln": 1e6, "m": 1e6, "M": 1e6, "bn": 1e9, "b": 1e9, "T": 1e12, "k": 1e3}
#: "Rp 1,4 M" is a milliard.
RUPIAH = {"M": 1e9, "m": 1e9}
