"""What the bot answers, in Indonesian and English."""

from __future__ import annotations

from services.notifier.core.regions import region_name
from services.notifier.core.subscription import Official
from services.notifier.core.words import words_for

_TEXTS: dict[str, dict[str, str]] = {
    "id": {
        "stranger": "Bot ini hanya untuk pejabat yang diundang. Mintalah undangan kepada operator Siaga.",
        "bad_token": "Undangan ini tidak berlaku, sudah dipakai, atau kedaluwarsa. Mintalah yang baru.",
        "private_only": "Bukalah undangan di percakapan pribadi dengan bot ini, bukan di grup.",
        "waiting": "Terima kasih. Undangan diterima; operator akan menyetujui akses Anda.",
        "welcome": (
            "Akses Anda disetujui. Siaga mengirim ringkasan berita terbuka, dilabeli mesin dan belum "
            "diverifikasi. Percakapan bot tidak terenkripsi ujung ke ujung: jangan kirim data kasus ke sini."
        ),
        "help": (
            "/status - apa yang Anda terima\n/mute 24 - diam 24 jam (1-72), kecuali tingkat KRITIS\n"
            "/resume - lanjutkan\n/stop - berhenti menerima"
        ),
        "muted": "Diam selama {n} jam. Tingkat KRITIS tetap dikirim. /resume untuk melanjutkan.",
        "resumed": "Dilanjutkan: Anda menerima kembali semua yang Anda langgani.",
        "stop": "Berhenti menerima semua pesan? Kirim: /stop ya",
        "stopped": "Anda tidak menerima pesan lagi. Kirim /resume untuk menerima kembali.",
        "not_active": "Akses Anda belum aktif. Hubungi operator Siaga.",
        "unclear": "Tidak dimengerti. /help menampilkan perintah.",
        "status": "Anda menerima:",
        "digest_at": "Ringkasan: {x}",
        "quiet": "Jam tenang: {a}-{b} (hanya KRITIS)",
        "noted": "Tercatat. Terima kasih.",
        "muted_incident": "Kejadian ini didiamkan 24 jam.",
        "not_yours": "Tombol ini bukan untuk Anda.",
    },
    "en": {
        "stranger": "This bot is for invited officials only. Ask the operator of Siaga for an invitation.",
        "bad_token": "This invitation is not valid, was used, or has expired. Ask for a new one.",
        "private_only": "Open the invitation in a private chat with this bot, not in a group.",
        "waiting": "Thank you. The invitation was taken; the operator will approve your access.",
        "welcome": (
            "Your access is approved. Siaga sends summaries of open news, labelled by machine and not verified. "
            "Bot chats are not end-to-end encrypted: send no case data here."
        ),
        "help": (
            "/status - what you receive\n/mute 24 - silence for 24 hours (1-72), except CRITICAL\n"
            "/resume - go on\n/stop - stop receiving"
        ),
        "muted": "Silent for {n} hours. CRITICAL still comes. /resume to go on.",
        "resumed": "Resumed: you receive everything you subscribed to again.",
        "stop": "Stop receiving everything? Send: /stop yes",
        "stopped": "You receive nothing more. Send /resume to receive again.",
        "not_active": "Your access is not active. Ask the operator of Siaga.",
        "unclear": "Not understood. /help shows the commands.",
        "status": "You receive:",
        "digest_at": "Digest: {x}",
        "quiet": "Quiet hours: {a}-{b} (CRITICAL only)",
        "noted": "Noted. Thank you.",
        "muted_incident": "This incident is muted for 24 hours.",
        "not_yours": "This button is not yours.",
    },
}


def answer(language: str, name: str, **values: object) -> str:
    """One answer in a language; English for one that is not spoken here."""
    return _TEXTS.get(language, _TEXTS["en"])[name].format(**values)


def say_status(official: Official) -> str:
    """What this official receives, in words."""
    words = words_for(official.language)
    lines = [answer(official.language, "status")]
    for line in official.subscriptions:
        regions = ", ".join(region_name(region, official.language) for region in sorted(line.regions))
        topics = ", ".join(words.topics[topic] for topic in sorted(line.topics)) or "*"
        lines.append(f"- {regions}: {topics} ({words.levels[line.min_severity]}+)")
    if official.quiet:
        start, end = official.quiet.start, official.quiet.end
        lines.append(answer(official.language, "quiet", a=f"{start:%H:%M}", b=f"{end:%H:%M}"))
    schedule = official.digest
    every = f"/{int(schedule.every.total_seconds() // 60)} min" if schedule.every else ""
    times = every or ", ".join(f"{clock:%H:%M}" for clock in schedule.at)
    lines.append(answer(official.language, "digest_at", x=f"{times} ({official.zone.key})"))
    return "\n".join(lines)
