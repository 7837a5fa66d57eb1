"""The notifier's own words, Indonesian and English; every sentence a reader sees is made of these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.contracts.codes import Kind, Severity, Topic
from services.notifier.core.clean import clean_line
from services.notifier.core.languages import NAMES, nearest

#: What outlets call themselves, by the codes of the source list.
OUTLETS = {
    "antara": "ANTARA",
    "tribun": "Tribun",
    "ppp": "The Phnom Penh Post",
    "ann": "Asia News Network",
    "indokalbar": "Berita Indokalbar",
}

MARKS = {
    Severity.BACKGROUND: "⚪", Severity.LOW: "⚪", Severity.MEDIUM: "🟡", Severity.HIGH: "🟠",
    Severity.CRITICAL: "🔴",
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """One language.  ``{}`` fields are filled by name."""

    language: str
    levels: dict[Severity, str]
    topics: dict[Topic, str]
    kinds: dict[Kind, str]
    leads: dict[Kind, str]
    people: dict[str, str]
    terms: dict[str, str]
    labels: dict[str, str]
    #: Said at the end of every card whose language is not complete or not reviewed.
    remark: str = ""


INDONESIAN = Words(
    language="id",
    levels={
        Severity.BACKGROUND: "LATAR",
        Severity.LOW: "RENDAH",
        Severity.MEDIUM: "SEDANG",
        Severity.HIGH: "TINGGI",
        Severity.CRITICAL: "KRITIS",
    },
    topics={
        Topic.HUMAN_TRAFFICKING: "Perdagangan orang (TPPO)",
        Topic.FORCED_CRIMINALITY: "Sindikat penipuan daring",
        Topic.ILLEGAL_LABOUR_PLACEMENT: "Pekerja migran nonprosedural",
        Topic.MIGRANT_SMUGGLING: "Penyelundupan migran",
        Topic.MIGRANT_RETURN_PROTECTION: "Pemulangan dan pelindungan migran",
        Topic.DRUG_TRAFFICKING: "Penyelundupan narkotika",
        Topic.GOODS_SMUGGLING: "Penyelundupan barang",
        Topic.WILDLIFE_TIMBER: "Satwa liar dan kayu",
        Topic.ARMS_EXPLOSIVES: "Senjata dan bahan peledak",
        Topic.MARITIME_FISHING: "Kelautan dan perikanan",
        Topic.BORDER_SECURITY: "Keamanan perbatasan",
        Topic.DOCUMENT_IMMIGRATION: "Dokumen dan keimigrasian",
    },
    kinds={
        Kind.INCIDENT: "kejadian",
        Kind.ENFORCEMENT: "penindakan",
        Kind.JUDICIAL: "proses hukum",
        Kind.POLICY_COOPERATION: "kebijakan/kerja sama",
        Kind.ADVISORY_ANALYSIS: "imbauan/analisis",
    },
    leads={
        Kind.INCIDENT: "Media melaporkan kejadian terkait {topic}",
        Kind.ENFORCEMENT: "Aparat menindak kasus {topic}, menurut media",
        Kind.JUDICIAL: "Proses hukum kasus {topic}, menurut media",
        Kind.POLICY_COOPERATION: "Kebijakan atau kerja sama soal {topic}; bukan kejadian baru",
        Kind.ADVISORY_ANALYSIS: "Imbauan atau analisis soal {topic}; bukan kejadian baru",
    },
    people={
        "deaths": "meninggal",
        "missing": "hilang",
        "victims": "korban",
        "minors": "anak",
        "persons": "orang",
        "suspects": "tersangka",
    },
    terms={
        "person": "orang",
        "persons": "orang",
        "piece": "buah",
        "boat": "kapal",
        "head": "ekor",
        "vessels": "kapal",
        "fuel": "BBM",
        "methamphetamine": "sabu",
        "cannabis": "ganja",
        "heroin": "heroin",
        "ketamine": "ketamin",
        "ecstasy": "ekstasi",
        "cigarettes": "rokok",
        "lobster larvae": "benih lobster",
        "firearms": "senjata api",
        "ammunition": "amunisi",
        "cattle": "ternak",
        "sexual": "eksploitasi seksual",
        "forced labour": "kerja paksa",
        "forced criminality": "dipaksa menipu daring",
        "organ removal": "pengambilan organ",
        "forced marriage": "kawin paksa",
        "child sale": "penjualan anak",
        "begging": "mengemis",
        "surrogacy": "ibu pengganti",
        "social media": "media sosial",
        "messenger": "aplikasi pesan",
        "sponsor or broker": "sponsor atau calo",
        "agency": "agen penyalur",
        "acquaintance": "kenalan",
        "plane": "pesawat",
        "car": "mobil",
        "motorcycle": "sepeda motor",
        "on foot": "jalan kaki",
        "investigation": "penyelidikan",
        "suspect named": "tersangka ditetapkan",
        "wanted": "buron",
        "handed to prosecutors": "dilimpahkan ke kejaksaan",
        "charged in court": "didakwa",
        "convicted": "divonis",
        "appeal": "banding",
        "administrative": "deportasi atau penangkalan",
        "Cambodia": "Kamboja",
        "Philippines": "Filipina",
        "China": "Tiongkok",
        "Singapore": "Singapura",
    },
    labels={
        "at_least": "sedikitnya {n}",
        "mentioned": "disebut {x}",
        "of_whom_minors": "{n} di antaranya anak",
        "stage": "tahap: {x}",
        "alleged": "status: dugaan",
        "nationality": "kebangsaan: {x}",
        "exploitation": "bentuk: {x}",
        "transport": "lewat: {x}",
        "recruitment": "perekrutan: {x}",
        "when": "Kejadian {x}",
        "published": "Terbit {x}",
        "old": "laporan berumur {n} hari",
        "why": "Anda menerima ini karena: {x}",
        "sources": "+{n} sumber lain",
        "copies": "salinan: {n}",
        "notice": "Dilabeli mesin dari berita terbuka, keyakinan {x}. Belum diverifikasi.",
        "high": "tinggi",
        "medium": "sedang",
        "low": "rendah",
        "no_place": "Lokasi belum disebut",
        "updated": "DIPERBARUI",
        "withdrawn": "DICABUT: tidak lagi dilaporkan sumbernya",
        "not_relevant": "DICABUT: ternyata bukan kejadian yang Anda pantau",
        "merged": "DIGABUNG: ternyata kejadian yang sama dengan {x}",
        "split": "DIPECAH: ternyata {n} kejadian terpisah",
        "second_copy": "MUNGKIN SALINAN KEDUA: kiriman pertama tidak dapat dipastikan",
        "left": "DIKOREKSI: kini di luar wilayah atau topik Anda",
        "rose": "tingkat naik dari {a} ke {b}",
        "became": "{what} {a} → {b}",
        "first_said": "kini disebut {b} {what}",
        "digest": "Ringkasan Siaga",
        "digest_count": "{n} kejadian",
        "relisted": "kiriman sebelumnya tidak dapat dipastikan",
        "facts": "rincian atau sumber berubah",
        "thread": "Kejadian {x}",
        "event": "lokasi",
        "origin": "asal",
        "transit": "transit",
        "destination": "tujuan",
        "venue": "tempat acara",
        "statement": "tempat pernyataan",
        "backfill": "berita lama",
        "every": "Ringkasan berikutnya {x}",
        "intro": "Siaga memantau berita terbuka untuk Anda dan hanya tahu apa yang dilaporkan media.",
        "stop": "Berhenti menerima surat ini: balas dengan subjek BERHENTI.",
        "stop_link": "Atau buka: {x}",
        "untranslated": "({x}: belum ada terjemahan, ini {y}.)",
        "unreviewed": "({x}: terjemahan belum ditinjau penutur asli.)",
        "mixed": "({n} dari {m} kata {x} belum ada dan ditulis dalam {y}.)",
        "dark": "⚠️ Sumber Anda yang sedang gelap, beritanya mungkin terlewat: {x}.",
        "dark_source": "{what} sejak {x}, {why}",
        "back": "✅ Sumber Anda yang terpantau lagi: {x}.",
        "more": "{n} lagi",
        "health_stale": "tidak ada berita baru",
        "health_blocked": "menolak kami",
        "health_broken": "tidak dapat dibaca",
        "health_gone": "sudah ditutup",
    },
)

ENGLISH = Words(
    language="en",
    levels={
        Severity.BACKGROUND: "BACKGROUND",
        Severity.LOW: "LOW",
        Severity.MEDIUM: "MEDIUM",
        Severity.HIGH: "HIGH",
        Severity.CRITICAL: "CRITICAL",
    },
    topics={
        Topic.HUMAN_TRAFFICKING: "Human trafficking",
        Topic.FORCED_CRIMINALITY: "Scam compounds",
        Topic.ILLEGAL_LABOUR_PLACEMENT: "Illegal labour placement",
        Topic.MIGRANT_SMUGGLING: "Migrant smuggling",
        Topic.MIGRANT_RETURN_PROTECTION: "Migrant return and protection",
        Topic.DRUG_TRAFFICKING: "Drug trafficking",
        Topic.GOODS_SMUGGLING: "Goods smuggling",
        Topic.WILDLIFE_TIMBER: "Wildlife and timber",
        Topic.ARMS_EXPLOSIVES: "Arms and explosives",
        Topic.MARITIME_FISHING: "Sea and fisheries",
        Topic.BORDER_SECURITY: "Border security",
        Topic.DOCUMENT_IMMIGRATION: "Documents and immigration",
    },
    kinds={
        Kind.INCIDENT: "incident",
        Kind.ENFORCEMENT: "enforcement",
        Kind.JUDICIAL: "court",
        Kind.POLICY_COOPERATION: "policy/cooperation",
        Kind.ADVISORY_ANALYSIS: "advisory/analysis",
    },
    leads={
        Kind.INCIDENT: "Media report an incident of {topic}",
        Kind.ENFORCEMENT: "Authorities act on {topic}, media report",
        Kind.JUDICIAL: "Court proceedings on {topic}, media report",
        Kind.POLICY_COOPERATION: "Policy or cooperation on {topic}; no new incident",
        Kind.ADVISORY_ANALYSIS: "Warning or analysis on {topic}; no new incident",
    },
    people={
        "deaths": "dead",
        "missing": "missing",
        "victims": "victims",
        "minors": "minors",
        "persons": "people",
        "suspects": "suspects",
    },
    terms={"person": "people", "piece": "pieces", "boat": "boats"},
    labels={
        "at_least": "at least {n}",
        "mentioned": "mentioned: {x}",
        "of_whom_minors": "{n} of them minors",
        "stage": "stage: {x}",
        "alleged": "status: alleged",
        "nationality": "nationality: {x}",
        "exploitation": "form: {x}",
        "transport": "by: {x}",
        "recruitment": "recruited through: {x}",
        "when": "Event {x}",
        "published": "Published {x}",
        "old": "the report is {n} days old",
        "why": "You get this because: {x}",
        "sources": "+{n} more sources",
        "copies": "copies: {n}",
        "notice": "Labelled by machine from open news, confidence {x}. Not verified.",
        "high": "high",
        "medium": "medium",
        "low": "low",
        "no_place": "No place named yet",
        "updated": "UPDATED",
        "withdrawn": "WITHDRAWN: its sources no longer report it",
        "not_relevant": "WITHDRAWN: it turned out not to be an incident you watch",
        "merged": "MERGED: it turned out to be the same incident as {x}",
        "split": "SPLIT: it turned out to be {n} incidents",
        "second_copy": "POSSIBLY A SECOND COPY: the first sending could not be confirmed",
        "left": "CORRECTED: now outside your regions or topics",
        "rose": "level rose from {a} to {b}",
        "became": "{what} {a} → {b}",
        "first_said": "now reported: {b} {what}",
        "digest": "Siaga digest",
        "digest_count": "incidents: {n}",
        "relisted": "an earlier sending could not be confirmed",
        "facts": "details or sources changed",
        "thread": "Incident {x}",
        "event": "place",
        "origin": "origin",
        "transit": "transit",
        "destination": "destination",
        "venue": "venue",
        "statement": "stated at",
        "backfill": "older news",
        "every": "Next digest {x}",
        "intro": "Siaga watches open news for you. It knows only what the media report.",
        "stop": "To stop these mails, reply with the subject STOP.",
        "stop_link": "Or open: {x}",
        "untranslated": "({x}: no translation yet, this is {y}.)",
        "unreviewed": "({x}: this translation has not been reviewed by a native speaker.)",
        "mixed": "({n} of {m} words of {x} are missing and written in {y}.)",
        "dark": "⚠️ Sources of yours that are dark, their news may be missing: {x}.",
        "dark_source": "{what} since {x}, {why}",
        "back": "✅ Sources of yours that are watched again: {x}.",
        "more": "{n} more",
        "health_stale": "no new stories",
        "health_blocked": "refuses us",
        "health_broken": "cannot be read",
        "health_gone": "was closed",
    },
)

_COMPLETE = {"id": INDONESIAN, "en": ENGLISH}
#: Languages from files, put here once when a process starts.
_INSTALLED: dict[str, Words] = {}


def install(languages: Iterable[Words]) -> None:
    """Speak these languages too, instead of the ones installed before."""
    _INSTALLED.clear()
    _INSTALLED.update({words.language: words for words in languages})


def words_for(language: str) -> Words:
    """The words of a language; the nearest complete one, which says so, for one that is not spoken here."""
    found = _COMPLETE.get(language) or _INSTALLED.get(language)
    if found is not None:
        return found
    base = _COMPLETE[nearest(language)]
    names = {"x": NAMES.get(language, language), "y": NAMES[base.language]}
    return replace(base, remark=base.labels["untranslated"].format(**names))


def say_term(words: Words, value: str) -> str:
    """A word of a closed list: its translation, else itself with underscores as blanks."""
    return words.terms.get(value, clean_line(value.replace("_", " "), 60))


def say_outlet(outlet: str) -> str:
    """What an outlet calls itself; an unknown one is shown as it is."""
    return OUTLETS.get(outlet, clean_line(outlet, 60))
