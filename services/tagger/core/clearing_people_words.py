"""What is told of people, and of nobody else: the words around a name that nothing announces."""

from __future__ import annotations

import re

from services.tagger.core.clearing_words import ROLES

_DONE_TO = """
    disekap disetrum dipukul dipukuli disiksa dianiaya ditipu diperkosa dipaksa disuruh direkrut dijanjikan
    diajak dibujuk dirayu diiming dijebak dijerat dipekerjakan diperdagangkan dieksploitasi diperbudak
    dipulangkan diselamatkan dibebaskan dievakuasi dideportasi didampingi dijemput diantar diberangkatkan
    disetubuhi dicabuli dilecehkan dijual dihamili dihukum ditampung diculik disandera dipanggil disapa
    mengaku menangis bercerita menceritakan menuturkan mengisahkan berkisah menjerit memohon kabur melarikan
    lari lompat wafat lolos melompat meloncat bekerja pulang hamil trauma tewas meninggal depresi lahir
    terjebak terlunta terjerat diupah digaji korban dirawat dikurung dikubur dimakamkan dilarung nekat
    dinikahi dinikahkan escaped begged cried wept fled jumped recalled recalls survived pleaded pleads sobbed
    returned
"""
DONE_TO = frozenset(_DONE_TO.split())
_WAS = """
    was were had is are been being got not also later then never finally
"""
WAS = frozenset(_WAS.split())
_PARTICIPLES = """
    sold trafficked lured tricked rescued freed beaten tortured raped enslaved held locked detained forced duped
    abused deceived promised recruited kidnapped abducted repatriated smuggled confined starved electrocuted
    shocked exploited married pregnant reunited released saved resold burned injured killed found born
"""
PARTICIPLES = frozenset(_PARTICIPLES.split())
_TAKES = """
    menyelamatkan membebaskan bebaskan selamatkan pulangkan memulangkan menjemput mengantar memaksa memukul
    memukuli menyiksa menyekap memberangkatkan mengajak merekrut menjual menipu membujuk merayu menganiaya
    memperkosa mencabuli menampung mengirim menyetrum menemani mendampingi bernama freed rescued lured beat
    trafficked recruited tricked raped enslaved befriended dialami menimpa menjemput pacar lifted tangis
    jenazah ginjal tubuh makam paspor derita nestapa
"""
TAKES = frozenset(_TAKES.split())
_SPEAKS = """
    said says told wrote writes remembers describes added mengatakan menyebut berkata menulis menyatakan
"""
SPEAKS = frozenset(_SPEAKS.split())
_SPOKEN = """
    kata ujar tutur ungkap ucap imbuh menurut kepada said says
"""
SPOKEN = frozenset(_SPOKEN.split())
#: Whoever speaks of "I", or is spoken of as "she" right after, tells of what befell them.
_FIRST_PERSON = """
    saya aku ku i me my
"""
FIRST_PERSON = frozenset(_FIRST_PERSON.split())
_PRONOUNS = """
    she he her his him herself himself ia dia dirinya
"""
PRONOUNS = frozenset(_PRONOUNS.split())
_DOES = """
    spent arrived worked left met went came dreams counsels hauled bersama sempat tiba berangkat tinggal melapor
    tidak tak belum sering kini lalu kemudian menghubungi turun naik malah hanya ingin bertemu dibawa ditemukan
    alias sendiri akhirnya berhasil dikirim selamat bertahan when
"""
DOES = frozenset(_DOES.split())
STORIES_OF = frozenset(["kisah", "cerita", "nasib", "perjuangan", "jasad", "pengakuan", "how"])
_OF_SOMEBODY = """
    membawa menemukan melihat bertemu keluarga usia milik oleh ketika setelah sejak
    how when took called sister brother daughter son mother father husband wife married locked sold
"""
OF_SOMEBODY = frozenset(_OF_SOMEBODY.split())
_SIDES = """
    kiri kanan tengah left right center centre
"""
SIDES = frozenset(_SIDES.split())
#: Offices beside those of ``ROLES``, and what may stand between one and its holder.
_OFFICES = """
    menko menpora mensos menlu menhub mensesneg menkominfo menkumham menkeu mendagri menhan kabag kabagops
    kasatpol kasubag kadiv kadis kadin jubir supt adm sen adj comr rep dr ir datuk serda praka pratu prada
    kopda koptu bripda briptu brigadir peltu pelda kolonel sersan head chief ceo cfo
    editor analis analyst representative sheriff mayor senator premier king queen raja sultan pope bishop father
    sekda sekjen sekretariat pangkoarmada komisaris komisioner pengamat musisi artis aktor aktris penyanyi
    pemain pelatih petenis pebulutangkis pembalap striker kiper bek gelandang coach captain player atlet selebgram
    gus kiai ustaz habib duta besar presenter founder pendiri manajer manager rektor dekan dokter
"""
OFFICES = ROLES | frozenset(_OFFICES.split()) - {"anggota"}
_OFFICE_LINKS = """
    dan of the for and bidang urusan untuk pada ii iii iv i v di in
"""
OFFICE_LINKS = frozenset(_OFFICE_LINKS.split())
#: What hardly anybody does but who holds an office.
_OFFICIALLY = """
    menegaskan mengimbau memastikan memaparkan menekankan menerangkan membeberkan mengklaim mengapresiasi
"""
OFFICIALLY = frozenset(_OFFICIALLY.split())
ARTICLES = frozenset(["the", "a", "an", "my", "this", "that", "its", "their", "para", "sebuah", "satgas"])
#: A word of these is near whoever is a person, and near no firm.
_OF_A_PERSON = """
    she he her his him herself himself ia dia dirinya ibunya ayahnya suaminya istrinya majikannya anaknya
    keluarganya adiknya kakaknya orangtuanya pacarnya tubuhnya gajinya paspornya
"""
OF_A_PERSON = frozenset(_OF_A_PERSON.split())
#: "Huione Guarantee, a marketplace": what somebody is not.
_NO_PEOPLE = """
    company firm group bank casino town city village district province island resort compound website app ngo
    organisation organization nonprofit charity newspaper subsidiary conglomerate platform marketplace river
    port agency area region suburb hotel network syndicate gang vessel ship boat exchange
"""
NO_PEOPLE = frozenset(_NO_PEOPLE.split())
_PEOPLE = """
    man woman girl boy teenager graduate worker student teacher farmer villager widow victim survivor migrant
    fisherman maid native women men girls pria lelaki pemuda pemudi gadis remaja perempuan wanita bocah
    seorang keduanya ketiganya anaknya adiknya kakaknya cucunya keponakannya penyintas korban temannya
    rekannya sahabatnya neighbour neighbor cousin classmate roommate colleague mantan janda ibunya ayahnya
    suaminya istrinya sepupu keponakan cucu tetangga neneknya
"""
PEOPLE = frozenset(_PEOPLE.split())
_HONORED = """
    mak mbok mbak mas teh neng kang bu pak inaq amaq mama bapak ibu om tante bang daw ma ko maung oma opa
    nenek kakek aunty uncle aunt bong mami papi ny
"""
HONORED = frozenset(_HONORED.split())
_HONORED_ALONE = """
    mak mbok mbak neng inaq amaq daw ny
"""
HONORED_ALONE = frozenset(_HONORED_ALONE.split())
_TOWARDS = """
    di ke dari in at from to near via menuju asal into of across outside inside around through
"""
TOWARDS = frozenset(_TOWARDS.split())
_NO_PERSON_BEFORE = """
    pt cv bank hotel pulau sungai gunung desa jalan kota kabupaten kecamatan kelurahan pelabuhan bandara kapal
    km universitas rsud rs polda polres polsek polresta lapas rutan kampung dusun distrik provinsi selat laut
    teluk tanjung pasar stasiun kompleks perumahan apartemen partai yayasan masjid gereja pura stadion
    lapangan taman satgas operasi kelompok museum teater radio tv harian majalah grup koran situs media film
    lagu novel piala liga klub timnas mount lake river port airport camp hotel casino the university fort san
    phnom koh preah wat ban kampong prey svay banteay stung krong tambon amphoe mae nakhon
"""
NO_PERSON_BEFORE = frozenset(_NO_PERSON_BEFORE.split())
_NO_PERSON_AFTER = """
    city group resort casino hotel park province district village county island islands river airport port
    bank company news times post university hospital camp foundation street road strait sea bay tower towers
    center centre court regency state division corp inc ltd ranch farms garden gardens media tv radio daily
    express airlines bridge market raya utara selatan timur barat tengah
"""
NO_PERSON_AFTER = frozenset(_NO_PERSON_AFTER.split())
#: Words that begin a sentence or stand in a title, of no lexicon and no name.
_NO_NAMES = """
    when while how why what who where which if since although though now then so as with for by of to from this
    that these those there here his her their my your our one two three many some most all no not yes meanwhile
    however moreover also once but nor yet still only even such other another
    anda tetapi namun maka agar supaya bahkan walau meski meskipun pun nanti tadi kuba jumat jum ayo yuk duh wah
    inilah begini begitu begitulah mengapa kenapa bagaimana siapa apa mana kapan sebab akibat usai jelang demi
    resmi judi online ganja rohingya html dimana unggahan pengurus asasi biksu popok staf dad older merasa
"""
NO_NAMES = frozenset(_NO_NAMES.split())
#: "Menurutnya", "Sebagian", "Previously": forms of words that are no name, which no lexicon need know.
AFFIXED = re.compile(
    r"(?:mem[bpf]|men[cdjty]|meng|ber|ter|di(?!ma|an|na|ah|on|ta)|se(?!pt|l|r))\w{4,}$"
    r"|pem[bp]\w{4,}$|(?:pem|pen|ke|per)\w{3,}an$|\w{3,}(?:nya|kan|lah|pun|kah)$|\w{3,}[^bdnt\W]ing$|\w{4,}(?:ly|tion|ment|ness|ic|ics|ist|ism|ian|ians|tran)$"
)
