"""The words around a place that say what it has to do with the event."""

from __future__ import annotations

from services.tagger.core.folding import fold

ORIGIN = frozenset(
    b"asal dari from warga wn wna tka kewarganegaraan berkebangsaan berasal kelahiran turis imigran"
    b" pengungsi tkw tki pmi migran".split()
)
PEOPLE = frozenset(
    b"nationals national migrants migrant workers worker men women man woman citizens refugees"
    b" fishermen crew maid helper helpers domestic student students suspects job people passengers"
    b" skippers trawlers maids brides boat boats vessel vessels cigarettes girls girl youths villagers"
    b" labourers scammers fraudsters suspects suspect gang gangs fugitive fugitives tourists traffickers"
    b" smugglers fishing".split()
)
DESTINATION = frozenset(b"ke menuju tujuan to into for towards".split())
TRANSIT = frozenset(b"melalui via lewat transit through".split())
LOCATIVE = frozenset(
    b"di in at near pada perairan wilayah perbatasan pelabuhan bandara kota kabupaten kab provinsi"
    b" pulau pantai laut selat pesisir dermaga muara kawasan kecamatan distrik district province inside within"
    b" outside around off".split()
)
OFFICE = frozenset(
    b"metro polres polresta polrestabes polda polsek kanim imigrasi cukai lanal lantamal kejari"
    b" kejati kodim korem kodam bnnp bnnk pos plbn pemda gerbang pemkot pemkab pemprov kanwil kpu"
    b" bp3mi p4mi negeri polairud polisi police pn pt satpolairud bupati gubernur walikota wali dprd"
    b" dinas bksda karantina rudenim rutan lapas basarnas dp3a p2tp2a disnaker disnakertrans dinsos"
    b" disperinaker polair airud pol bp2mi bp3tki satreskrim satresnarkoba reskrim bpbd"
    b" kejaksaan pengadilan satgas i ii iii tpi".split()
)
CITY_TYPE = frozenset(b"kota kabupaten kab provinsi pulau pelabuhan bandara kecamatan city province".split())
BEFORE_A_TOWN = CITY_TYPE | OFFICE | LOCATIVE
DEMONYM = frozenset(
    fold(word)
    for word in [
        "WNI",
        "Indonesians",
        "Indonesian",
        "Cambodians",
        "Cambodian",
        "Thais",
        "Laotians",
        "Laotian",
        "Malaysians",
        "Filipinos",
        "Filipino",
        "Singaporeans",
        "Timorese",
        "Burmese",
        "Vietnamese",
        "Chinese",
        "Taiwanese",
        "Bangladeshi",
        "Bangladeshis",
        "Indian",
        "Indians",
        "Nigerian",
        "Rohingya",
        "Khmer",
    ]
)
#: An Indonesian noun right before a state's name takes its nationality: "pelajar Timor Leste", "kapal Vietnam".
OF_A_STATE = frozenset(
    b"pelajar mahasiswa kapal nelayan sindikat jaringan produk rokok gula daging sabu bendera"
    b" berbendera perusahaan kia remaja wanita pria perempuan imigran pekerja turis uang beras bawang"
    b" bos warganegara lelaki pemuda anak orang buatan made ringgit mata maskapai paspor bot sampan"
    b" majikan kerja buruh karyawan teknisi wisatawan pelancong pengusaha investor".split()
)
#: People of a town: the town is no part of a name.
TOWNSPEOPLE = frozenset(
    b"nelayan warga petani pemuda tokoh masyarakat kapolres bupati siswi siswa pelajar gadis remaja bocah"
    b" anak bayi wanita perempuan pria mahasiswa mahasiswi tkw tki pmi migran pekerja buruh kades camat"
    b" korban pelaku tersangka penyelundup penyelundupan calo mucikari agen sindikat jaringan kasus kurir"
    b" sabu narkoba ganja masuk danlanal dandim kajari".split()
)
#: Houses, roads and other things of a town that headlines write with a capital.
LODGING = frozenset(
    b"rusunawa shelter penampungan depot rsud rs feri kampung desa kelurahan dusun gampong nagari jalan terminal"
    b" stasiun kampus hutan gunung sungai gudang pasar hotel kafe ruko tambang kebun pesantren sma smp smk".split()
)
ABOUT_TO = frozenset(b"hendak akan ingin mau mencoba coba berusaha".split())
#: States outside the area that its people are sent to, to work or to marry.
SENT_TO = frozenset(["CN", "TW", "HK", "KR", "JP", "SA", "AE", "QA", "KW", "BH", "OM", "JO"])
#: Whoever speaks for a state: "Presiden Amerika Serikat", "Malaysian Prime Minister".
STATE_OFFICE = frozenset(
    b"presiden wapres menteri pm menlu menhan raja ratu dubes kedubes pemerintah kemlu kemenlu parlemen"
    b" kementerian senat president minister king queen government".split()
)
STATE_OFFICER = frozenset(
    b"president prime foreign government minister ambassador embassy king parliament".split()
)
#: Who acts for a state within it: "Polisi India", "Australian police".
STATE_BODY = STATE_OFFICE | frozenset(
    b"polisi kepolisian pengadilan hakim jaksa militer tentara angkatan otoritas dpr kongres parlemen senator"
    b" gubernur walikota maskapai ilmuwan peneliti police court judge senate congress senator army military"
    b" authorities officials lawmakers parliament scientists researchers".split()
)
#: How the English words for the people of a state end.
OF_A_PEOPLE = tuple(b"ese ian ians ish can cans ean eans dutch french german germans israeli iraqi saudis".split())
#: Swindlers sit in one state and aim at the people of another.
AIMED_AT = frozenset(
    b"targeting targeted targets target menyasar sasar incar mengincar menargetkan targetkan".split()
)
#: Names that are also words: in a text written small they are places only after a word that says so.
ALSO_WORDS = frozenset(
    b"tak nilai batu puncak buka serang batang buru perak padang solo nan malang sapa tuas uk marang lawas aurora"
    b" karen banting lumut gerik mon loteng jeli samar papar bau aru bone laut pinang landak duri jambu sabu sota"
    b" wini chin fang muse rep com as us hue kent lahat medan pati kudus lebak sigi kep tual daru lao kuta mali"
    b" sadao".split()
) | {b"batu bara", b"tanah air", b"di yogyakarta", b"pesisir selatan", b"pesisir barat"}
