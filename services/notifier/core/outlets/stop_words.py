"""What is said to somebody who stops the mails, Indonesian and English."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StopWords:
    """One language."""

    language: str
    ask_title: str
    ask: str
    critical: str
    ask_button: str
    done_title: str
    done: str
    done_alone: str
    undo: str
    undo_button: str
    back_title: str
    back: str
    held_title: str
    held: str
    foot: str


_INDONESIAN = StopWords(
    language="id",
    ask_title="Berhenti menerima surel Siaga?",
    ask="Tekan tombol di bawah untuk menghentikan surel. Membuka halaman ini saja tidak mengubah apa pun.",
    critical="Peringatan kritis juga tidak akan dikirim lewat surel.",
    ask_button="Hentikan surel",
    done_title="Surel dihentikan",
    done="Anda tidak akan menerima surel lagi. Kanal Anda yang lain tetap berjalan dan sudah diberi tahu.",
    done_alone="Anda tidak akan menerima surel lagi. Anda tidak punya kanal lain: mulai sekarang Siaga tidak "
    "dapat menghubungi Anda.",
    undo="Tidak sengaja?",
    undo_button="Terima surel lagi",
    back_title="Surel diaktifkan lagi",
    back="Anda akan menerima surel seperti sebelumnya.",
    held_title="Surel sudah tidak dikirim",
    held="Surel ke alamat ini sudah dihentikan karena kembali atau oleh operator. Hubungi operator Siaga untuk "
    "mengaktifkannya lagi.",
    foot="Siaga · Halaman ini tidak menyimpan alamat Anda dan tidak memuat apa pun dari situs lain.",
)
_ENGLISH = StopWords(
    language="en",
    ask_title="Stop mails from Siaga?",
    ask="Press the button below to stop the mails. Opening this page alone changes nothing.",
    critical="Critical alerts will not come by mail either.",
    ask_button="Stop the mails",
    done_title="Mails are stopped",
    done="You will get no more mails. Your other channel goes on and has been told.",
    done_alone="You will get no more mails. You have no other channel: from now on Siaga cannot reach you.",
    undo="By mistake?",
    undo_button="Get mails again",
    back_title="Mails are on again",
    back="You will get mails as before.",
    held_title="No mails are sent",
    held="Mails to this address were stopped because they came back, or by the operator. Ask the operator of "
    "Siaga to turn them on again.",
    foot="Siaga · This page does not hold your address and loads nothing from other sites.",
)
_LANGUAGES = {"id": _INDONESIAN, "en": _ENGLISH}


def stop_words(language: str) -> StopWords:
    """The words of a language; English for one that is not spoken here yet."""
    return _LANGUAGES.get(language, _ENGLISH)
