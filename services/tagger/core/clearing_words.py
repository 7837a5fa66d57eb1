"""The words clearing goes by: what announces a person, a home or a school, and what is never a name."""

from __future__ import annotations

from enum import IntEnum


class Cue(IntEnum):
    """What a cue word announces."""

    VICTIM = 1  # "korban", "siswi": a name may follow
    KIN = 2  # "ibu korban"
    CALLED = 3  # "bernama": a name follows
    INITIALS = 4  # "berinisial": initials follow
    HOME = 5  # "Desa": a village or a street follows
    HOME_AFTER = 6  # "village": its name stands before
    SCHOOL = 7  # "SMP": its name follows
    SCHOOL_AFTER = 8  # "High School": its name stands before
    NOT_REAL_NAME = 9  # "nama samaran": the name stands before
    YEARS_OLD = 10  # "16-year-old": a name before or after
    BORN = 11  # "lahir": a date follows
    HOUSE = 12  # "rumah": its number follows
    WHO = 13  # "who escaped": the name stands before
    FAMILY_OF = 14  # "'s family": the name stands before
    ACCOUNT = 15  # "akun Facebook": a name or a handle follows
    EACH = 16  # "masing-masing": names follow, where victims stand before
    NOTE = 17  # "*name changed": the name bears a star
    BEFELL = 18  # "disekap": the name stands right before
    WHO_MAY = 19  # "yang tewas": the same, also in stories of war and sport


#: Folded words; a phrase is divided by single spaces.
CUES: dict[Cue, str] = {
    Cue.VICTIM: """
        korban; korbannya; victim; victims; penyintas; survivor; survivors; almarhum; almarhumah; mendiang;
        jenazah; siswi; siswa; pelajar; murid; santri; santriwati; gadis; bocah; balita; bayi; anak;
        anaknya; putri; putra; putrinya; putranya; daughter; son; girl; boy; teenager; mangsa; tkw; pmi;
        tki; cpmi; pekerja migran; pekerja migran indonesia; maid; housemaid; deportan; student; psk; abk;
        perempuan; remaja; worker; woman; mahasiswi; mahasiswa; saksi korban; pelapor; penyintas bernama;
        pekerja; buruh migran; domestic worker; migrant worker; fisherman; nelayan; the late; deceased;
        complainant; pelaut; wanita; nama; penumpang; imigran; pengungsi; migrant; refugee; warga; saksi;
        escapee; returnee; teen; women; girls; anak pasangan; putra pasangan; putri pasangan; pasangan suami istri
    """,
    Cue.KIN: """
        ibu; ayah; bapak; orang tua; orangtua; kakak; adik; istri; suami; paman; bibi; nenek; kakek;
        keluarga; saudara; sepupu; mother; father; sister; brother; wife; husband; uncle; aunt; parents;
        ibunya; ayahnya; bapaknya; kakaknya; adiknya; istrinya; suaminya; ibunda; ayahanda; pamannya;
        bibinya; neneknya; kakeknya; mertua; tetangga korban; kerabat; grandmother; cousin; mama; bapa;
        family of; relatives of; mother of; father of; parents of; daughter of; son of; sister of; brother of;
        wife of; husband of
    """,
    Cue.CALLED: """
        bernama; sebut saja; nama samaran; panggilan; dipanggil; named; identified as; identified only as;
        known as; alias; pseudonym; akrab disapa; disapa; atas nama; yakni korban; identified the victim as;
        name is; namanya; nama korban; called; identitas korban; identified her as; identified him as; yaitu
        korban; who gave her name as; identified by police as; identified by authorities
        as; identified by officials as; identified by the police as; identified by relatives
        as; who gave his name as; we will call; we ll call; whom we call; nicknamed; goes by the name;
        identified the dead man as; identified the man as; identified the woman as; identified the girl as;
        identified the boy as; identified the dead as; identified the deceased as; gave her name only as; gave his
        name only as; gave her name as; gave his name as; by her nickname; by his nickname;
        nama aslinya; nama asli; nama saya; namaku; nama panggilan; sapaan; my name is; real name;
        dijuluki; menjulukinya; memanggilnya; call him; call her; goes by; given name is;
        nama panggung
    """,
    Cue.INITIALS: """
        berinisial; inisial; inisialnya; initials; initialled; initialed; inisial korban; initial
    """,
    Cue.HOME: """
        desa; dusun; kampung; kelurahan; dukuh; gampong; nagari; banjar; perumahan; perum; kompleks; jalan;
        jln; griya; jl; gang; gg; lingkungan; phum; village of; barangay; kecamatan; distrik; kp; ds; dsn; kel;
        kec; commune of; lorong; blok; suco; aldeia; sangkat; khum
    """,
    Cue.HOME_AFTER: """
        village; hamlet; commune; street; road
    """,
    Cue.SCHOOL: """
        sd; smp; sma; smk; mts; sdn; smpn; sman; smkn; mtsn; man; slb; tk; paud; sdi; sdk; smpk; smak;
        pondok pesantren; ponpes; pesantren; universitas; sekolah dasar; sekolah menengah pertama; sekolah
        menengah atas; sekolah menengah kejuruan; kampus; university of; madrasah; panti asuhan; stikes;
        politeknik; asrama; asrama putri; asrama putra; jemaat
    """,
    Cue.SCHOOL_AFTER: """
        high school; primary school; secondary school; elementary school; middle school; university;
        orphanage; dormitory; dorm; hostel; boarding house
    """,
    Cue.NOT_REAL_NAME: """
        bukan nama sebenarnya; nama samaran; not her real name; not his real name; not their real name; nama
        disamarkan; name changed; bukan nama asli; samaran; name has been changed; whose name was changed; a
        pseudonym; who asked that; who asked not; who asked to be; who did not want; who declined to;
        who requested; who wished to
    """,
    Cue.YEARS_OLD: """
        year old; years old; yearold; tahun; thn; years of age
    """,
    Cue.BORN: """
        lahir; kelahiran; born; born on; tanggal lahir; date of birth; lahir pada
    """,
    Cue.HOUSE: "rumah; house; room; kamar",
    Cue.WHO: """
        who escaped; who was sold; who was trafficked; who was lured; who was rescued; who was forced; who was
        tricked; who was beaten; who was held; who was tortured; who was repatriated; who fled; who was raped; who
        was duped; who was abused; who survived; who managed to escape; who were rescued; who were trafficked; who
        were sold; who were lured; yang disekap; yang ditipu; yang kabur;
        yang berhasil kabur; yang dipulangkan; yang disiksa; yang dianiaya; yang dipaksa; yang
        diperkosa; yang diselamatkan; yang dijual ke; yang dijual oleh; yang diperdagangkan;
        yang menangis; yang minta tolong; yang meminta tolong
    """,
    Cue.WHO_MAY: "yang tewas; yang lolos; yang berhasil lolos; yang menjadi korban; yang terjebak",
    Cue.BEFELL: """
        disekap; diperkosa; disiksa; dianiaya; diperdagangkan; dirudapaksa; dicabuli; ditipu; was trafficked;
        was lured; was sold; was tortured; was raped; was tricked; was beaten; was rescued; was enslaved
    """,
    Cue.FAMILY_OF: """
        s family; s mother; s father; s parents; s brother; s sister; s husband; s wife; s uncle; s aunt;
        s daughter; s son; s relatives; s grandmother
    """,
    Cue.ACCOUNT: """
        akun facebook; akun instagram; akun tiktok; akun fb; akun ig; akun media sosial; facebook account;
        instagram account; tiktok account; facebook; instagram; tiktok; twitter; username
    """,
    Cue.EACH: "masing masing; yakni; yaitu; ialah; namely",
    Cue.NOTE: """
        name changed; name has been changed; names changed; names have been changed; not her real name;
        not his real name; not their real name; nama samaran; nama disamarkan; bukan nama sebenarnya
    """,
}

#: Offices and ranks: whoever follows speaks for the state, and is no victim.
_ROLES = """
    kapolres kapolresta kapolrestabes kapolda kapolsek kapolri kasat kasatreskrim kasi kasubdit kabid
    kabidhumas kanit kepala menteri gubernur bupati walikota wali presiden wakil direktur ketua sekretaris
    hakim jaksa pengacara advokat kuasa juru koordinator komandan dansatgas danlanal pangdam panglima akbp
    akp kompol kombes iptu ipda aiptu aipda bripka brigjen irjen komjen letkol kolonel mayor kapten lettu
    letda serka sertu laksamana laksda laksma deputi dirjen camat lurah kades minister governor president
    general gen colonel col major maj lieutenant lt captain capt judge prosecutor lawyer spokesman
    spokeswoman spokesperson director chief ambassador dubes professor prof dr deputy commissioner
    superintendent inspector sergeant secretary senator officer konjen konsul atase romo pastor pendeta
    suster uskup anggota aktivis peneliti pengamat dosen
"""
ROLES = frozenset(_ROLES.split())

#: Skipped before a name.
_HONORIFICS = """
    si sang nyonya ny nona sdr sdri saudari mr mrs ms miss hj haji hajah tn tuan bernama yang the
"""
HONORIFICS = frozenset(_HONORIFICS.split())

#: Capitalised words that make no name by themselves; the lexicon and the gazetteer add theirs.
_NOT_NAMES = """
    jenazah jasad mayat peti
    senin selasa rabu kamis jumat sabtu minggu ahad januari februari maret april mei juni juli agustus
    september oktober november desember january february march may june july august october december monday
    tuesday wednesday thursday friday saturday sunday yang dari di ke dan ini itu pada untuk dengan saat ia
    dia mereka kami kita saya aku para sang si polda polres polsek polresta polrestabes polri bareskrim
    mabes kementerian badan dinas balai kantor lembaga komisi kabupaten kota provinsi kecamatan desa
    republik negara undang pasal rumah sakit rsud rs puskesmas klinik tppo tppu tppm tpks pmi cpmi tki tkw
    wni wna abk psk tni lpsk bp2mi bp3mi kp2mi p4mi kbri kjri iom unhcr kdrt ham dpr dprd ptppo ppa ppo uptd
    p2tp2a kpai kpad komnas ri as nik ktp kk hp rp dki diy kuhp uu pp bnn bnnp bnpt mui nu pgi kwi lbh lsm
    ngo un who pbb asean fir dna hiv aids covid vip ceo sim stnk polwan the a an in on at he she they it we
    i but and was were is are has had said says told police court human trafficking scam anti national
    department ministry women children girls men workers migrant facebook tiktok instagram telegram whatsapp
    michat youtube twitter google malam siang pagi sore hari tahun bulan nomor dalam namun selain menurut
    sementara setelah sebelum ketika karena jika bila adapun sebanyak seorang kasus korban pelaku tersangka
    terdakwa tim satgas unit baca copyright foto warga pemerintah sekolah siswa siswi anak bayi keluarga
    orang tua pekerja migran buruh tenaga kerja perempuan wanita tindak pidana perdagangan indonesia kemenlu
    kemlu kemensos dinsos care sbmi tuhan allah islam kristen katolik tidak ada akan sudah telah juga harus
    bisa mau mengaku mengatakan menjadi jadi diduga masih baru lalu kini kemudian dijual disekap dipaksa
    ditipu diperkosa dipulangkan dideportasi meninggal tewas hilang ditemukan diselamatkan dianiaya sd smp
    sma smk tk mts sdn smpn sman smkn man min universitas negeri swasta inpres yayasan gereja masjid
"""
NOT_NAMES = frozenset(_NOT_NAMES.split())

#: Words near an address that make it somebody's home.
_HOME_WORDS = """
    warga asal berasal tinggal bertempat rumah rumahnya kediaman kediamannya alamat beralamat domisili
    berdomisili halaman kelahiran korban dimakamkan pemakaman resident residents live lives lived living
    home hometown native victim victims family keluarga menetap mengontrak kos penduduk village grew orangtua ibu
    ayah istri suami anak
"""
HOME_WORDS = frozenset(_HOME_WORDS.split())
_SCHOOL_WORDS = """
    tamatan lulusan alumni
    siswi siswa pelajar murid santri santriwati mahasiswi mahasiswa korban victim victims student students
    pupil pupils anak minor girl girls boy kelas bersekolah sekolah studies studied attends attended grade
    baby bayi
"""
SCHOOL_WORDS = frozenset(_SCHOOL_WORDS.split())
