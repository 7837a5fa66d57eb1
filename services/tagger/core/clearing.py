"""Mask whoever a story must not point at: names, initials with an age, homes, schools, numbers.

Every masked character becomes one ``MASK``, so offsets hold in the raw and in the cleared text.  It errs
on the side of masking: a suspect's name with an age goes the same way as a victim's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.contracts.tagging import MASK

_WORD = r"[A-Z][a-zà-ÿ'’]+"
_INITIALS = r"[A-Z]{1,4}\b"
_NAME = rf"(?:{_WORD}|{_INITIALS})(?:[ ](?:(?:bin|binti|al|de|da|dos|van)[ ])?(?:{_WORD}|[A-Z]\.?\b)){{0,4}}"
#: A name or initials followed by an age: "Nama Orang (17)", "AB (17 tahun)", "Some One, 17,".
_AGED = re.compile(
    rf"(?P<name>{_NAME})(?:\s+alias\s+(?P<alias>{_NAME}))?,?\s*(?P<age>\(\s*\d{{1,2}}\s*(?:tahun|"
    rf"thn|th|years?(?: old)?)?\s*\)|,\s*\d{{1,2}}\s*,|,\s*(?:aged?|umur|usia)\s*\d{{1,2}})"
)
_INITIALLED = re.compile(
    rf"(?:[Bb]erinisial|[Ii]nisial|[Ii]nitials?|initialled|initialed)(?:nya)?\s+(?P<name>{_NAME}|"
    rf"[A-Z]\.?(?:[A-Z]\.?){{0,3}})"
)
_CALLED = re.compile(
    rf"(?:[Bb]ernama|[Ss]ebut saja|[Nn]ama samaran|panggilan|\b[Nn]amed|identified (?:only )?as|"
    rf"known as|alias|\ba\.?k\.?a\.?|pseudonym)\s+(?:si\s+)?[\"“']?(?P<name>{_NAME})"
)
_VICTIM_WORDS = (
    r"[Kk]orban(?:nya)?|[Vv]ictims?|[Pp]enyintas|[Ss]urvivors?|[Aa]lmarhum(?:ah)?|[Mm]endiang|"
    r"[Jj]enazah|[Ss]isw[ai]|[Pp]elajar|[Gg]adis|[Bb]ocah|[Bb]alita|[Bb]ayi"
    r"|[Aa]nak(?:nya)?|[Dd]aughter|[Ss]on|[Gg]irl|[Bb]oy|[Tt]eenager|[Mm]angsa|TKW|PMI|TKI|CPMI|"
    r"pekerja migran|[Mm]aid|deportan|[Ss]tudent|PSK"
)
_KIN = (
    r"[Ii]bu|[Aa]yah|[Bb]apak|[Oo]rang\s?tua|[Kk]akak|[Aa]dik|[Ii]stri|[Ss]uami|[Pp]aman|[Bb]ibi|"
    r"[Nn]enek|[Kk]akek|[Kk]eluarga|[Ss]audara|[Ss]epupu|[Mm]other|[Ff]ather|[Ss]ister|[Bb]rother|"
    r"[Ww]ife|[Hh]usband|[Uu]ncle|[Aa]unt|[Pp]arents?"
)
_VICTIM = re.compile(
    rf"\b(?:{_VICTIM_WORDS})(?:\s+(?:asal|dari|from)\s+{_WORD})?(?:\s+(?:yang|atas nama|a\.n\.|"
    rf"an\.))?\s*(?:,|:)?\s+(?P<name>{_NAME})"
)
_RELATIVE = re.compile(
    rf"\b(?:{_KIN})(?:\s+(?:kandung|tiri|angkat|mertua|dari))?(?:\s+(?:korban|"
    rf"victim))?(?:nya)?\s*,?\s+(?P<name>{_NAME})"
)
_HOME_CUE = re.compile(
    r"\b(?:warga|asal|berasal|tinggal|rumah|rumahnya|kediaman|alamat|beralamat|domisili|"
    r"berdomisili|kampung halaman|kelahiran|korban|dimakamkan|resident|residents|lives?|lived|"
    r"home|hometown|native|victim|victims|family)\b",
    re.IGNORECASE,
)
_HOME = re.compile(
    rf"\b(?:[Dd]esa|[Dd]usun|[Kk]ampung|[Kk]elurahan|[Dd]ukuh|[Gg]ampong|[Nn]agari|[Bb]anjar|"
    rf"[Pp]erumahan|[Kk]ompleks|[Jj]alan|[Jj]ln?\.?|[Gg]ang|[Ll]ingkungan|[Pp]hum|[Vv]illage of|"
    rf"[Bb]arangay)\s+(?P<name>{_WORD}(?:\s(?:{_WORD}|[IVX]+|\d+))*(?:\s*(?:[Nn]o\.?|"
    rf"[Nn]omor)\s*\d+\w?)?)"
    rf"|\b(?P<name2>{_WORD}(?:\s{_WORD}){{0,2}})\s+(?:village|hamlet)\b"
)
_RT = re.compile(
    r"\bRT\.?\s*0*\d+\s*(?:[/,]?\s*RW\.?\s*0*\d+)?|\bRW\.?\s*0*\d+|\b(?:house|"
    r"rumah)\s+(?:[Nn]o\.?|nomor|number)\s*\d+\w?"
)
_SCHOOL = re.compile(
    rf"\b(?:SD|SMP|SMA|SMK|MTs|SDN|SMPN|SMAN|SMKN|MTsN|MAN|MIN|SLB|TK|PAUD|SDI|[Pp]ondok "
    rf"[Pp]esantren|[Pp]onpes|[Pp]esantren|[Uu]niversitas|[Ss]ekolah [Dd]asar|[Ss]ekolah "
    rf"[Mm]enengah(?: [Pp]ertama| [Aa]tas| [Kk]ejuruan)?)"
    rf"(?P<name>(?:\s+(?:{_WORD}|\d{{1,3}}|[A-Z]{{2,4}}\b)){{1,5}})"
    rf"|\b(?P<name2>{_WORD}(?:\s{_WORD}){{0,3}})\s+(?:High|Primary|Secondary|Elementary|Middle|"
    rf"Junior|Senior|International)\s+(?:High\s+)?School"
)
_SCHOOL_CUE = re.compile(
    r"\b(?:siswi|siswa|pelajar|murid|santri|mahasiswi|mahasiswa|korban|victims?|students?|pupils?|anak|minor)\b",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"(?<!\d)(?:\+62|62|0)8[\d -]{8,13}\d(?!\d)|(?<!\d)\d{16}(?!\d)|[\w.+-]+@[\w-]+\.[\w.]+|"
    r"(?<!\w)@[A-Za-z]\w{3,}|\b[A-Z]\s?\d{7}\b"
)
#: Capitalised words that begin no name.
_NOT_NAMES = frozenset(
    [
        "Senin",
        "Selasa",
        "Rabu",
        "Kamis",
        "Jumat",
        "Sabtu",
        "Minggu",
        "Ahad",
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
        "January",
        "February",
        "March",
        "May",
        "June",
        "July",
        "August",
        "October",
        "December",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "Yang",
        "Dari",
        "Di",
        "Ke",
        "Dan",
        "Ini",
        "Itu",
        "Pada",
        "Untuk",
        "Dengan",
        "Saat",
        "Ia",
        "Dia",
        "Mereka",
        "Kami",
        "Kita",
        "Polisi",
        "Polda",
        "Polres",
        "Polsek",
        "Polresta",
        "Polrestabes",
        "Kapolres",
        "Kapolda",
        "Kepala",
        "Menteri",
        "Presiden",
        "Gubernur",
        "Bupati",
        "Wali",
        "Ketua",
        "Direktur",
        "Kementerian",
        "Badan",
        "Dinas",
        "Kabupaten",
        "Kota",
        "Provinsi",
        "Kecamatan",
        "Desa",
        "Indonesia",
        "Malaysia",
        "Kamboja",
        "Cambodia",
        "Thailand",
        "Myanmar",
        "Laos",
        "Vietnam",
        "Singapura",
        "Singapore",
        "Filipina",
        "Philippines",
        "Timor",
        "Leste",
        "China",
        "Tiongkok",
        "Taiwan",
        "Arab",
        "Saudi",
        "Hong",
        "Kong",
        "Rohingya",
        "Bangladesh",
        "Australia",
        "TPPO",
        "PMI",
        "CPMI",
        "TKI",
        "TKW",
        "WNI",
        "WNA",
        "ABK",
        "PSK",
        "NTT",
        "NTB",
        "BNN",
        "TNI",
        "Polri",
        "LPSK",
        "BP2MI",
        "BP3MI",
        "KBRI",
        "KJRI",
        "IOM",
        "UNHCR",
        "KDRT",
        "HAM",
        "DPR",
        "DPRD",
        "The",
        "A",
        "An",
        "In",
        "On",
        "At",
        "He",
        "She",
        "They",
        "It",
        "We",
        "I",
        "But",
        "And",
        "Police",
        "Court",
        "Human",
        "Trafficking",
        "Scam",
        "Anti",
        "National",
        "Ministry",
        "Department",
        "Perempuan",
        "Anak",
        "Migran",
        "Pekerja",
        "Buruh",
        "Tenaga",
        "Kerja",
        "Tindak",
        "Pidana",
        "Perdagangan",
        "Orang",
        "Undang",
        "Pasal",
        "Bareskrim",
        "Imigrasi",
        "Bea",
        "Cukai",
        "Kejaksaan",
        "Pengadilan",
        "Rumah",
        "Sakit",
        "RSUD",
        "Puskesmas",
        "Pelabuhan",
        "Bandara",
        "Pulau",
        "Jawa",
        "Sumatera",
        "Kalimantan",
        "Sulawesi",
        "Papua",
        "Bali",
        "Lombok",
        "Flores",
        "Aceh",
        "Jakarta",
        "Batam",
        "Kupang",
        "Surabaya",
        "Bandung",
        "Nunukan",
        "Tarakan",
        "Medan",
        "Sabah",
        "Sarawak",
        "Johor",
        "Barat",
        "Timur",
        "Utara",
        "Selatan",
        "Tengah",
        "Nusa",
        "Tenggara",
        "Phnom",
        "Penh",
        "Sihanoukville",
        "Poipet",
        "Bavet",
        "Myawaddy",
        "Asia",
        "ASEAN",
        "Asean",
        "AS",
        "RI",
        "COVID",
        "Covid",
        "Rp",
        "Tim",
        "Satgas",
        "Unit",
        "Hari",
        "Tahun",
        "Bulan",
        "Nomor",
        "Dalam",
        "Namun",
        "Selain",
        "Menurut",
        "Sementara",
        "Setelah",
        "Sebelum",
        "Ketika",
        "Karena",
        "Jika",
        "Bila",
        "Adapun",
        "Sebanyak",
        "Seorang",
        "Dua",
        "Tiga",
        "Empat",
        "Lima",
        "Enam",
        "Tujuh",
        "Kasus",
        "Korban",
        "Pelaku",
        "Tersangka",
        "Terdakwa",
        "Para",
        "Mei",
        "Baca",
        "Copyright",
        "Foto",
        "Women",
        "Children",
        "Girls",
        "Men",
        "Workers",
        "Migrant",
        "Workers",
        "Thai",
        "Lao",
        "Khmer",
        "Chinese",
        "Indonesian",
        "Cambodian",
        "Kemenlu",
        "Kemlu",
        "Kemensos",
        "Dinsos",
        "Komnas",
        "Migrant",
        "CARE",
        "Care",
        "SBMI",
        "LBH",
        "LSM",
        "Facebook",
        "TikTok",
        "Instagram",
        "Telegram",
        "WhatsApp",
        "MiChat",
        "Malam",
        "Siang",
        "Pagi",
        "Sore",
        "Negara",
        "Warga",
        "Pemerintah",
        "Bapak",
        "Ibu",
        "Saudara",
        "Polwan",
        "AKBP",
        "AKP",
        "Kompol",
        "Kombes",
        "Iptu",
        "Ipda",
        "Brigjen",
        "Irjen",
        "Brigadir",
        "Letkol",
        "Kolonel",
        "Mayor",
        "Kapten",
        "Sersan",
        "Dr",
        "Prof",
        "Hj",
        "Haji",
    ]
)
_TITLES = re.compile(
    r"(?:AKBP|AKP|Kompol|Kombes(?: Pol)?|Iptu|Ipda|Aiptu|Aipda|Bripka|Brigjen(?: Pol)?|Irjen(?: "
    r"Pol)?|Komjen(?: Pol)?|Letkol(?: \w+)?|Kolonel(?: \w+)?|Mayor(?: \w+)?|Kapten|Lettu|Letda|"
    r"Serka|Sertu|Kapolres\w*|Kapolda|Kapolsek|Kasat\w*|Kabid\w*|Menteri|Gubernur|Bupati|[Ww]ali "
    r"[Kk]ota|Presiden|Direktur|Ketua|Kepala|Hakim|Jaksa|Pengacara|Kuasa [Hh]ukum|Juru [Bb]icara|"
    r"Minister|Governor|President|General|Gen|Col|Maj|Lt|Capt|Judge|Prosecutor|Lawyer|Spokesman|"
    r"Spokeswoman|Director|Chief|Ambassador|Dubes|Professor|Prof|Dr)\.?\s+$"
)
_MIN_PART = 4
_MAX_NAMES = 60
_WINDOW = 160


@dataclass(frozen=True)
class Masked:
    """One masked stretch and why."""

    start: int
    end: int
    rule: str


@dataclass(frozen=True)
class Cleared:
    """Text of the same length with nobody in it that must not be there."""

    whole: str
    masked: tuple[Masked, ...]


def clear(whole: str) -> Cleared:
    """Mask ``title + "\\n" + text``."""
    masked: list[Masked] = []
    names: set[str] = set()
    for found, rule in _people(whole):
        start, end = found
        name = whole[start:end]
        masked.append(Masked(start, end, rule))
        if len(names) < _MAX_NAMES:
            names.add(name)
    masked += _places_of_life(whole)
    masked += _again(whole, names)
    if not masked:
        return Cleared(whole, ())
    chars = list(whole)
    for stretch in masked:
        for index in range(stretch.start, stretch.end):
            if chars[index] != "\n":
                chars[index] = MASK
    return Cleared("".join(chars), tuple(sorted(set(masked), key=lambda m: (m.start, m.end))))


def _people(whole: str) -> Iterator[tuple[tuple[int, int], str]]:
    for found in _AGED.finditer(whole) if "(" in whole or "," in whole else ():
        if (span := _trim(whole, found.start("name"), found.end("name"), aged=True)) is not None:
            yield span, "name with an age"
            yield (found.start("age"), found.end("age")), "age"
            if found["alias"]:
                yield (found.start("alias"), found.end("alias")), "alias"
    for pattern, rule in (
        (_INITIALLED, "initials"),
        (_CALLED, "called"),
        (_VICTIM, "victim"),
        (_RELATIVE, "relative"),
    ):
        for found in pattern.finditer(whole):
            span = _trim(whole, found.start("name"), found.end("name"), aged=rule == "initials")
            if span is not None:
                yield span, rule


def _trim(whole: str, start: int, end: int, *, aged: bool) -> tuple[int, int] | None:
    """The part of a stretch that is a name; None for offices, places, days and acronyms."""
    if not aged and _TITLES.search(whole[max(0, start - 30) : start]):
        return None
    words = list(re.finditer(r"\S+", whole[start:end]))
    while words and (words[0].group().strip(".,") in _NOT_NAMES or (not aged and _acronym(words[0].group()))):
        words = words[1:]
    kept = []
    for word in words:
        if word.group().strip(".,") in _NOT_NAMES and not aged:
            break
        kept.append(word)
    if not kept:
        return None
    return start + kept[0].start(), start + kept[-1].end()


def _acronym(word: str) -> bool:
    return len(word) > 3 and word.isupper()


def _places_of_life(whole: str) -> Iterator[Masked]:
    for found in _RT.finditer(whole):
        yield Masked(found.start(), found.end(), "house number")
    for found in _CONTACT.finditer(whole):
        yield Masked(found.start(), found.end(), "contact or document number")
    for found in _HOME.finditer(whole):
        around = whole[max(0, found.start() - _WINDOW) : found.end() + 40]
        if _HOME_CUE.search(around):
            group = "name" if found["name"] else "name2"
            yield Masked(found.start(group), found.end(group), "home")
    for found in _SCHOOL.finditer(whole):
        around = whole[max(0, found.start() - _WINDOW) : found.end() + _WINDOW]
        if _SCHOOL_CUE.search(around):
            group = "name" if found["name"] else "name2"
            start = found.start(group) + len(found[group]) - len(found[group].lstrip())
            yield Masked(start, found.end(group), "school")


def _again(whole: str, names: set[str]) -> Iterator[Masked]:
    """Every further mention of a masked name, also by one part of it."""
    parts: set[str] = set()
    for name in names:
        words = [word.strip(".,'’") for word in name.split()]
        if len(words) > 1:
            parts.add(name)
        parts.update(word for word in words if len(word) >= _MIN_PART and word not in _NOT_NAMES)
        if (
            len(words) == 1
            and 2 <= len(words[0]) < _MIN_PART
            and words[0] not in _NOT_NAMES
            and words[0].isalpha()
        ):
            parts.add(words[0])
    if not parts:
        return
    pattern = re.compile(
        r"(?<!\w)(?:" + "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True)) + r")(?!\w)"
    )
    for found in pattern.finditer(whole):
        yield Masked(found.start(), found.end(), "named again")
