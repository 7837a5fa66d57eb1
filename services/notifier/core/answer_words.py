"""What the bot and our letters say besides alerts, in Indonesian and English."""

from __future__ import annotations

from collections.abc import Mapping

from services.notifier.core.reason import Reason

INDONESIAN: Mapping[str, str] = {
    # joining
    "stranger": "Bot ini hanya untuk pejabat yang diundang. Mintalah undangan kepada operator Siaga.",
    "bad_token": "Undangan ini tidak berlaku, sudah dipakai, atau kedaluwarsa. Mintalah yang baru.",
    "private_only": "Bukalah undangan di percakapan pribadi dengan bot ini, bukan di grup.",
    "joined_before": "Percakapan ini sudah terdaftar. /status menampilkan langganan Anda.",
    "waiting": "Terima kasih. Undangan diterima; operator akan menyetujui akses Anda.",
    "send_address": "Undangan diterima. Kirim alamat surel dinas Anda; kami mengirim kode ke alamat itu.",
    "address_refused": "Alamat itu tidak dapat dipakai. Kirim alamat surel dinas dari domain yang terdaftar.",
    "asked_too_often": "Terlalu banyak kode diminta. Coba lagi satu jam lagi.",
    "code_sent": "Kode {n} angka dikirim ke surel Anda. Kirim kode itu ke sini dalam {m} menit.",
    "code_wrong": "Kode salah.",
    "code_over": "Kode ini tidak berlaku lagi. Kirim alamat surel Anda untuk kode baru.",
    "welcome": (
        "Akses Anda disetujui. Siaga mengirim ringkasan berita terbuka, dilabeli mesin dan belum "
        "diverifikasi. Jangan kirim data kasus ke sini: percakapan ini tidak terenkripsi ujung ke ujung."
    ),
    "will_come": "Pesan segera: tingkat TINGGI di luar jam tenang, KRITIS kapan saja. Lainnya dalam ringkasan.",
    # commands
    "help": (
        "/status - apa yang Anda terima\n/regions - wilayah\n/topics - topik\n/quiet - jam tenang\n"
        "/digest - jam ringkasan\n/pause - diam sementara (KRITIS tetap dikirim)\n/resume - lanjutkan\n"
        "/why - mengapa Anda menerima suatu kejadian\n/stop - berhenti menerima"
    ),
    "paused": "Diam selama {n} jam. Tingkat KRITIS tetap dikirim. /resume untuk melanjutkan.",
    "resumed": "Dilanjutkan: Anda menerima kembali semua yang Anda langgani.",
    "stop": "Berhenti menerima semua pesan? Kirim: /stop ya",
    "stopped": "Anda tidak menerima pesan lagi. Kirim /resume untuk menerima kembali.",
    "not_active": "Akses Anda belum aktif. Hubungi operator Siaga.",
    "unclear": "Tidak dimengerti. /help menampilkan perintah.",
    "group_only_reads": "Di grup hanya /status, /why dan /help. Operator mengubah langganan grup.",
    "status": "Anda menerima:",
    "status_off": "Dimatikan oleh Anda: {x}",
    "digest_at": "Ringkasan: {x}",
    "quiet": "Jam tenang: {a}-{b} (hanya KRITIS)",
    "no_quiet": "Tanpa jam tenang",
    "paused_until": "Diam sampai {x} (KRITIS tetap dikirim)",
    "mail_stopped_status": "Surel dihentikan atas permintaan Anda.",
    # menus
    "menu_regions": "Wilayah Anda. Tekan untuk mematikan atau menyalakan; yang baru diberikan operator.",
    "menu_topics": "Topik Anda. Tekan untuk mematikan atau menyalakan.",
    "menu_quiet": "Jam tenang Anda sekarang: {x}. Pilih, atau kirim misalnya: /quiet 21:30 05:00",
    "menu_digest": "Ringkasan Anda sekarang: {x}. Pilih, atau kirim misalnya: /digest 06:30 16:00",
    "menu_pause": "Diam berapa lama? KRITIS tetap dikirim.",
    "menu_why": "Kejadian terakhir yang dikirim kepada Anda. Tekan satu untuk alasannya.",
    "nothing_sent": "Belum ada kejadian yang dikirim kepada Anda.",
    "hours": "{n} jam",
    "off": "mati",
    "as_granted": "seperti semula",
    "go_on": "Lanjutkan",
    "changed": "Tersimpan.",
    "last_one": "Yang terakhir tidak dapat dimatikan. Gunakan /pause atau /stop.",
    "too_old": "Tombol ini sudah lama. Kirim perintahnya sekali lagi.",
    "not_yours": "Tombol ini bukan untuk Anda.",
    "noted": "Tercatat. Terima kasih.",
    "muted_incident": "Kejadian ini didiamkan 24 jam.",
    # why
    "why_head": "Kejadian {x}",
    "why_not_now": "Sekarang di luar langganan Anda.",
    "why_unknown": "Kejadian itu tidak ditemukan di antara kiriman Anda.",
    "why_level": "Tingkat {x}",
    "why_sent": "{when}: {how} lewat {channel}, karena {reason}",
    "push": "pesan",
    "edit": "perubahan",
    "withdraw": "pencabutan",
    "digest": "ringkasan",
    # letters
    "letter_code": "Siaga: kode Anda",
    "letter_code_how": (
        "Kode Anda: {code}. Kirim kode ini kepada bot Siaga dalam {m} menit. Abaikan surat ini bila bukan Anda."
    ),
    "letter_sign_in": "Siaga: kode masuk",
    "letter_sign_in_how": (
        "Kode masuk ke meja Siaga: {code}. Berlaku {m} menit, sekali pakai. Abaikan bila bukan Anda yang meminta; "
        "jangan berikan kode ini kepada siapa pun."
    ),
    "letter_invited": "Siaga: undangan",
    "letter_invited_how": (
        "Anda diundang menerima ringkasan berita terbuka tentang kejahatan lintas batas. Balas surat ini dengan "
        "kode {code} dalam 72 jam, atau sebutkan kode itu kepada operator. Abaikan surat ini bila bukan Anda."
    ),
    "letter_welcome": "Siaga: akses Anda disetujui",
    "letter_stopped": "Siaga: surel dihentikan",
    "letter_stopped_how": "Atas permintaan Anda tidak ada surel lagi. Balas MULAI untuk menerima kembali.",
    "letter_resumed": "Siaga: surel dilanjutkan",
    "letter_resumed_how": "Anda menerima surel kembali. Balas BERHENTI untuk menghentikannya.",
    "letter_link_stopped_how": (
        "Surel Siaga Anda baru saja dihentikan lewat tautan di sebuah surel. Kanal ini tetap berjalan. "
        'Bukan Anda? Buka tautan itu lagi di surel terakhir dan tekan "Terima surel lagi", atau hubungi operator.'
    ),
    "letter_link_resumed_how": "Surel Siaga Anda diaktifkan lagi lewat tautan di sebuah surel.",
}

ENGLISH: Mapping[str, str] = {
    # joining
    "stranger": "This bot is for invited officials only. Ask the operator of Siaga for an invitation.",
    "bad_token": "This invitation is not valid, was used, or has expired. Ask for a new one.",
    "private_only": "Open the invitation in a private chat with this bot, not in a group.",
    "joined_before": "This chat has joined already. /status shows what you receive.",
    "waiting": "Thank you. The invitation was taken; the operator will approve your access.",
    "send_address": "The invitation was taken. Send your office mail address; a code goes to that address.",
    "address_refused": "That address cannot be used. Send an office mail address of a registered domain.",
    "asked_too_often": "Too many codes were asked for. Try again in an hour.",
    "code_sent": "A code of {n} digits is on its way to your mailbox. Send it here within {m} minutes.",
    "code_wrong": "That is not the code.",
    "code_over": "This code is not valid any more. Send your mail address for a new one.",
    "welcome": (
        "Your access is approved. Siaga sends summaries of open news, labelled by machine and not verified. "
        "Send no case data here: this conversation is not end-to-end encrypted."
    ),
    "will_come": "At once: HIGH outside quiet hours, CRITICAL always. Everything else in a digest.",
    # commands
    "help": (
        "/status - what you receive\n/regions - regions\n/topics - topics\n/quiet - quiet hours\n"
        "/digest - digest times\n/pause - silence for a while (CRITICAL still comes)\n/resume - go on\n"
        "/why - why you got an incident\n/stop - stop receiving"
    ),
    "paused": "Silent for {n} hours. CRITICAL still comes. /resume to go on.",
    "resumed": "Resumed: you receive everything you subscribed to again.",
    "stop": "Stop receiving everything? Send: /stop yes",
    "stopped": "You receive nothing more. Send /resume to receive again.",
    "not_active": "Your access is not active. Ask the operator of Siaga.",
    "unclear": "Not understood. /help shows the commands.",
    "group_only_reads": "In a group only /status, /why and /help. The operator changes a group's subscription.",
    "status": "You receive:",
    "status_off": "Switched off by you: {x}",
    "digest_at": "Digest: {x}",
    "quiet": "Quiet hours: {a}-{b} (CRITICAL only)",
    "no_quiet": "No quiet hours",
    "paused_until": "Silent until {x} (CRITICAL still comes)",
    "mail_stopped_status": "Mail was stopped at your request.",
    # menus
    "menu_regions": "Your regions. Press to switch one off or on; the operator grants new ones.",
    "menu_topics": "Your topics. Press to switch one off or on.",
    "menu_quiet": "Your quiet hours now: {x}. Choose, or send for example: /quiet 21:30 05:00",
    "menu_digest": "Your digests now: {x}. Choose, or send for example: /digest 06:30 16:00",
    "menu_pause": "Silent for how long? CRITICAL still comes.",
    "menu_why": "The last incidents sent to you. Press one for the reason.",
    "nothing_sent": "No incident has been sent to you yet.",
    "hours": "{n} h",
    "off": "off",
    "as_granted": "as granted",
    "go_on": "Resume",
    "changed": "Saved.",
    "last_one": "The last one cannot be switched off. Use /pause or /stop.",
    "too_old": "This button is too old. Send the command once more.",
    "not_yours": "This button is not yours.",
    "noted": "Noted. Thank you.",
    "muted_incident": "This incident is muted for 24 hours.",
    # why
    "why_head": "Incident {x}",
    "why_not_now": "It is outside your subscription now.",
    "why_unknown": "No such incident among what was sent to you.",
    "why_level": "Level {x}",
    "why_sent": "{when}: {how} by {channel}, because {reason}",
    "push": "message",
    "edit": "change",
    "withdraw": "withdrawal",
    "digest": "digest",
    # letters
    "letter_code": "Siaga: your code",
    "letter_code_how": (
        "Your code: {code}. Send it to the Siaga bot within {m} minutes. If it was not you, ignore this mail."
    ),
    "letter_sign_in": "Siaga: sign-in code",
    "letter_sign_in_how": (
        "Code to sign in at the Siaga desk: {code}. Good for {m} minutes, once. If it was not you, ignore it; "
        "give the code to nobody."
    ),
    "letter_invited": "Siaga: invitation",
    "letter_invited_how": (
        "You are invited to receive summaries of open news on cross-border crime. Reply to this mail with the "
        "code {code} within 72 hours, or tell the code to the operator. If this is not for you, ignore this mail."
    ),
    "letter_welcome": "Siaga: your access is approved",
    "letter_stopped": "Siaga: mail is stopped",
    "letter_stopped_how": "At your request no more mail is sent. Reply START to receive it again.",
    "letter_resumed": "Siaga: mail goes on",
    "letter_resumed_how": "You receive mail again. Reply STOP to stop it.",
    "letter_link_stopped_how": (
        "Your mails from Siaga were just stopped through the link in a mail. This channel goes on. Not you? Open "
        'that link in your last mail again and press "Get mails again", or tell your operator.'
    ),
    "letter_link_resumed_how": "Your mails from Siaga are on again, through the link in a mail.",
}

#: Why a delivery was decided, for the officials themselves; a reason that is not here is shown as its word.
REASONS: Mapping[str, Mapping[str, str]] = {
    "id": {
        Reason.CRITICAL: "tingkat KRITIS",
        Reason.HIGH: "tingkat TINGGI",
        Reason.SEVERITY_ROSE: "tingkatnya naik",
        Reason.COUNT_GREW: "jumlah korban bertambah separuh atau lebih",
        Reason.BELOW_PUSH: "di bawah tingkat untuk pesan segera",
        Reason.KIND_NOT_PUSHED: "jenis berita ini hanya dalam ringkasan",
        Reason.QUIET_HOURS: "jam tenang",
        Reason.OVER_BUDGET: "batas pesan hari itu tercapai",
        Reason.BACKFILL: "berita lama",
        Reason.REPLAYED: "diolah ulang",
        Reason.SPLIT_PART: "bagian dari kejadian yang dipecah",
        Reason.UPDATED_SINCE_DIGEST: "berubah sejak ringkasan",
        Reason.CANNOT_EDIT: "surat yang terkirim tidak dapat diubah",
        Reason.NO_MESSAGE: "tidak ada pesan untuk diubah",
        Reason.OUTCOME_UNKNOWN: "kiriman sebelumnya tidak dapat dipastikan",
        Reason.FACTS_CHANGED: "faktanya berubah",
        Reason.NO_LONGER_YOURS: "kini di luar langganan Anda",
        Reason.WITHDRAWN: "dicabut",
        Reason.MERGED: "digabung",
        Reason.SPLIT: "dipecah",
        Reason.IN_DIGEST: "ringkasan",
    },
    "en": {
        Reason.CRITICAL: "level CRITICAL",
        Reason.HIGH: "level HIGH",
        Reason.SEVERITY_ROSE: "its level rose",
        Reason.COUNT_GREW: "a count grew by half or more",
        Reason.BELOW_PUSH: "below the level for a message at once",
        Reason.KIND_NOT_PUSHED: "this kind of news is for the digest only",
        Reason.QUIET_HOURS: "quiet hours",
        Reason.OVER_BUDGET: "that day's limit of messages was reached",
        Reason.BACKFILL: "older news",
        Reason.REPLAYED: "processed again",
        Reason.SPLIT_PART: "part of an incident that was split",
        Reason.UPDATED_SINCE_DIGEST: "changed since the digest",
        Reason.CANNOT_EDIT: "a mail already sent cannot be changed",
        Reason.NO_MESSAGE: "there was no message to change",
        Reason.OUTCOME_UNKNOWN: "an earlier sending could not be confirmed",
        Reason.FACTS_CHANGED: "its facts changed",
        Reason.NO_LONGER_YOURS: "now outside your subscription",
        Reason.WITHDRAWN: "withdrawn",
        Reason.MERGED: "merged",
        Reason.SPLIT: "split",
        Reason.IN_DIGEST: "digest",
    },
}
