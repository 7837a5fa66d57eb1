"""Sentences the made-up stories are built of; written for this bench, no outlet's words.

``{slot}`` is filled by ``corpus.py``: places and terms come from the seeds, people and firms are invented.
"""

from __future__ import annotations

Bank = dict[str, tuple[str, ...]]

WEEKDAYS: Bank = {
    "id": ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTHS: Bank = {
    "id": ("Januari", "Maret", "Mei", "Juni", "Agustus", "Oktober", "Desember"),
    "en": ("January", "March", "May", "June", "August", "October", "December"),
}
FIRST = ("Bagas", "Wulan", "Sekar", "Damar", "Laras", "Galih", "Ratih", "Tegar", "Ayunda", "Panji", "Srey", "Dara")
LAST = ("Prakoso", "Wijayanti", "Hartanto", "Lestiani", "Sumirat", "Kusumo", "Vannak", "Sopheap", "Nugraheni")

#: What an ordinary day is about: markets, roads, schools, weather, parties, sport, films, courts, neighbours.
PLAIN: Bank = {
    "id": (
        "Harga {good} di pasar {place} naik {n} persen sejak awal pekan karena pasokan dari petani berkurang.",
        "Pemerintah Kabupaten {place} menyiapkan anggaran Rp{money} miliar untuk memperbaiki jalan dan jembatan.",
        '"Kami berharap pekerjaan ini selesai sebelum musim hujan," kata {person}, {day} ({d}/{m}).',
        "Menurut {person}, warga sudah lama menunggu saluran air yang layak di kawasan itu.",
        "Badan meteorologi memperkirakan hujan lebat disertai angin kencang di {place} hingga {day} malam.",
        "Tim tuan rumah menang {n}-{few} setelah mencetak gol pada menit ke-{n} di hadapan ribuan penonton.",
        "Pelatih mengatakan para pemain perlu istirahat sebelum laga berikutnya melawan kesebelasan {place}.",
        "Sebanyak {n} siswa mengikuti lomba membaca puisi yang digelar dinas pendidikan di {place}.",
        "Acara itu dimeriahkan oleh penampilan musik daerah dan pameran kerajinan dari {n} kelompok usaha.",
        "Bank sentral mempertahankan suku bunga acuan dan memperkirakan pertumbuhan {n},{few} persen tahun ini.",
        "Rumah sakit umum daerah menambah {n} tempat tidur dan dokter spesialis anak mulai bulan depan.",
        "Puluhan rumah di {place} terendam banjir setinggi {n} sentimeter setelah tanggul sungai jebol.",
        "Polisi mengatur lalu lintas di sekitar lokasi karena antrean kendaraan mencapai {few} kilometer.",
        "Film itu bercerita tentang seorang guru yang kembali ke kampung dan menemukan sahabat lamanya.",
        "Anggota dewan meminta dinas terkait membuka data penerima bantuan agar tidak menimbulkan kecurigaan.",
        "Ia menambahkan bahwa seluruh tahapan dilakukan secara terbuka dan bisa diawasi oleh masyarakat.",
        "Petani di desa itu mulai menanam jagung dan kedelai karena harga pupuk terus meningkat.",
        "Kebakaran yang terjadi pada {day} dini hari itu diduga akibat hubungan pendek arus listrik.",
        "Pengadilan menunda sidang sengketa tanah warga {place} karena saksi ahli tidak hadir.",
        "Maskapai membuka penerbangan langsung ke {place} {few} kali sepekan mulai {d} {month} mendatang.",
        "Komunitas pesepeda mengajak warga mengurangi sampah plastik dan menanam {n} pohon di tepi pantai.",
        "Penjualan telepon pintar tumbuh berkat potongan harga dan program cicilan tanpa bunga.",
        "Gubernur meninjau pembangunan pelabuhan di {place} dan meminta kontraktor menambah jumlah pekerja.",
        "Seorang pengendara sepeda motor tewas setelah menabrak truk yang berhenti di tepi jalan.",
        "Kepala dinas menjelaskan bahwa kartu identitas dapat diurus di kantor kecamatan pada jam kerja.",
        "Wisatawan dari Malaysia dan Singapura mulai memadati hotel di {place} menjelang libur panjang.",
        "Pihak sekolah membantah kabar tersebut dan menyatakan kegiatan belajar berjalan seperti biasa.",
        "Dalam kesempatan yang sama, {person} menyerahkan bantuan berupa beras, minyak goreng, dan selimut.",
        "Harga emas hari ini tercatat Rp{n}.000 per gram, turun tipis dibandingkan hari sebelumnya.",
        "Partai itu akan mengumumkan calon kepala daerah setelah rapat pimpinan di {place} pekan depan.",
    ),
    "en": (
        "The price of {good} in {place} rose {n} percent this week as farmers brought less to the market.",
        "The provincial administration in {place} will spend ${money} million on roads and bridges next year.",
        '"We hope to finish the work before the rainy season," said {person} on {day}.',
        "According to {person}, residents have waited years for a proper drainage system in the area.",
        "Forecasters expect heavy rain and strong winds over {place} until {day} evening, the ministry said.",
        "The home side won {n}-{few} after a late goal in front of a crowd of {n},000 people.",
        "The coach said his players needed rest before the next match against the club from {place}.",
        "Some {n} students took part in a reading competition organised by the education office in {place}.",
        "The central bank kept its rate unchanged and expects the economy to grow by {few}.{few} percent.",
        "The hospital will add {n} beds and a new ward for children, its director told reporters.",
        "Dozens of houses in {place} were flooded after the river broke its banks on {day} night.",
        "Police directed traffic near the site because the queue of vehicles reached {few} kilometres.",
        "The film tells the story of a teacher who returns to her village and meets an old friend.",
        "Lawmakers asked the agency to publish the list of recipients so that nobody would be left out.",
        "He added that every step was open and could be followed by the public and the press.",
        "Rice growers have turned to maize and soybeans because the price of fertiliser keeps climbing.",
        "The fire, which broke out early on {day}, is thought to have been caused by faulty wiring.",
        "The court postponed the hearing over the land dispute in {place} because a witness was ill.",
        "The airline will fly to {place} {few} times a week from {d} {month}, its manager said.",
        "Volunteers planted {n} trees along the beach and collected plastic bottles and fishing nets.",
        "Sales of smartphones grew thanks to discounts and instalment plans without interest.",
        "The prime minister visited the new port in {place} and asked the builders to hire more workers.",
        "A motorcyclist was killed when he hit a truck that had stopped beside the road.",
        "Identity cards can be renewed at the commune hall during working hours, the official explained.",
        "Tourists from Thailand and Vietnam have filled the hotels of {place} ahead of the long holiday.",
        "The school denied the rumour and said that classes went on as usual.",
        "At the same event {person} handed over rice, cooking oil and blankets to {n} families.",
        "The party will name its candidates after a meeting of its leaders in {place} next week.",
    ),
}
GOODS: Bank = {
    "id": ("cabai rawit", "bawang merah", "beras", "telur ayam", "gula pasir", "daging sapi", "minyak goreng"),
    "en": ("rice", "chillies", "garlic", "pepper", "cassava", "pork", "cooking oil"),
}

#: The same borrowed words a reader meets every day: courts, petty crime, sport, films, the sea.
BORROWED: Bank = {
    "id": (
        "Polisi menangkap {n} tersangka pencurian sepeda motor di {place} dan menyita barang bukti.",
        "Terdakwa kasus korupsi dana desa di {place} dituntut {few} tahun penjara oleh jaksa.",
        "Pengedar sabu eceran di {place} ditangkap dengan {few} paket kecil seberat {few} gram.",
        "Kapal nelayan dari {place} terbalik dihantam ombak, {few} orang selamat.",
        "Tim imigran digital itu meluncurkan aplikasi belajar bahasa untuk pekerja muda.",
        "Sinetron tentang sindikat perdagangan manusia itu tayang setiap {day} malam.",
        "Menteri perdagangan meninjau pasar dan memastikan stok pangan aman.",
        "Penyelundupan bola ke ruang ganti menjadi lelucon para pemain.",
    ),
    "en": (
        "Police arrested {n} suspects over motorcycle thefts in {place} and seized their tools.",
        "A former village chief in {place} was sentenced to {few} years in prison for stealing funds.",
        "A small dealer was caught in {place} with {few} packets of methamphetamine, police said.",
        "A fishing boat from {place} capsized in high waves; {few} crew were rescued.",
        "The thriller about a trafficking ring opens in cinemas on {day}.",
        "The trade minister visited the market and said supplies were safe.",
        "The coach said his team had smuggled a point out of {place}.",
    ),
}

#: Sentences of the events that are watched for; ``{term}`` is an offence of the topic, from its own file.
EVENT: Bank = {
    "id": (
        "{office} {place} mengungkap kasus {term} dan menangkap {n} tersangka, {day} ({d}/{m}/2026).",
        "Petugas {office} {place} menggagalkan keberangkatan {n} calon pekerja migran ilegal ke {abroad}.",
        "Sebanyak {n} korban, termasuk {few} anak, diselamatkan dari sebuah rumah penampungan di {place}.",
        "Para korban dijanjikan gaji Rp{few} juta sebulan, lalu paspor mereka ditahan dan mereka dipaksa bekerja.",
        "Korban bernama {person} ({n}) mengaku direkrut lewat media sosial dan dibawa melalui {place}.",
        "Polisi menyita {n} paspor, {few} kapal, {n} telepon genggam dan uang tunai Rp{money} juta.",
        "Tersangka berinisial {initials} dijerat pasal {few} undang-undang {term}, ancamannya {n} tahun penjara.",
        "Barang bukti berupa {few},{n} kg sabu diselundupkan dari {abroad} melalui perairan {place}.",
        "Konsulat di {abroad} memulangkan {n} WNI yang menjadi korban sindikat penipuan daring.",
        "{n} orang warga negara asing asal {abroad} dideportasi karena melanggar izin tinggal.",
    ),
    "en": (
        "{office} in {place} broke up a case of {term} and arrested {n} suspects on {day}.",
        "Officers stopped {n} migrant workers who were about to be taken illegally to {abroad} from {place}.",
        "Some {n} victims, among them {few} children, were rescued from a house in {place}.",
        "The victims were promised ${money} a month; their passports were confiscated, they were forced to work.",
        "A victim named {person}, {n}, told police she had been recruited through social media in {place}.",
        "Police seized {n} passports, {few} boats, {n} mobile phones and ${money},000 in cash.",
        "The suspects face charges of {term} and up to {n} years in prison, the court in {place} said.",
        "About {n} kg of methamphetamine was smuggled from {abroad} across the border near {place}.",
        "The consulate in {abroad} repatriated {n} nationals who had been forced to work in scam compounds.",
        "Authorities in {place} deported {n} foreigners from {abroad} for overstaying their visas.",
    ),
}
OFFICES: Bank = {
    "id": ("Polda", "Polres", "Kanim", "Lanal", "Kejari", "Bea Cukai", "BP3MI", "Polsek"),
    "en": ("Police", "Immigration officers", "Customs", "The navy", "Prosecutors", "The anti-trafficking unit"),
}
OFFENCES: Bank = {
    "id": (
        "perdagangan orang", "penyelundupan manusia", "penempatan pekerja migran ilegal",
        "penyelundupan rokok ilegal", "judi online",
        "penipuan daring", "penyelundupan sabu", "pemalsuan paspor", "penangkapan ikan ilegal",
        "perdagangan satwa dilindungi", "penyelundupan senjata api", "pelanggaran batas wilayah",
        "eksploitasi anak", "penyelundupan benih lobster", "perdagangan bayi", "illegal logging",
    ),
    "en": (
        "human trafficking", "people smuggling", "illegal recruitment", "cigarette smuggling", "online scams",
        "drug trafficking", "passport forgery", "illegal fishing", "wildlife trafficking", "arms smuggling",
        "illegal border crossing", "child exploitation", "forced labour", "timber smuggling",
    ),
}  # fmt: skip
ABROAD: Bank = {
    "id": ("Malaysia", "Thailand", "Kamboja", "Myanmar", "Vietnam", "Singapura", "Laos", "Filipina"),
    "en": ("Malaysia", "Thailand", "Cambodia", "Myanmar", "Vietnam", "Singapore", "Laos", "Indonesia"),
}
HEADLINES: Bank = {
    "id": ("Harga {good} di {place} naik", "Tim {place} menang {n}-{few}", "Warga {place} menunggu jalan"),
    "en": ("Price of {good} climbs in {place}", "{place} wait for a new road", "Heavy rain expected in {place}"),
}
EVENT_HEADLINES: Bank = {
    "id": ("{office} {place} ungkap {term}, {n} tersangka ditangkap", "{n} korban {term} di {place} diselamatkan"),
    "en": ("{n} arrested over {term} in {place}", "{office} rescue {n} victims of {term} in {place}"),
}
