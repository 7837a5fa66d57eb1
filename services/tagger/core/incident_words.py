"""Words by which stories of one event are told from stories of another: what is usual, and what things are.

``USUAL`` are the words (four letters or more) that at least one in forty of 358 Indonesian and English
stories on crime, borders and their look-alikes holds; two stories that share one of them share nothing.
"""

from __future__ import annotations

_USUAL = """
about acara according accused across adalah adanya added adil after again against agama agar agen agency agenda
ahli ajang akan akhir akhirnya akibat akses aksi aktif aktivis aktivitas akun alam alasan alat alhamdulillah
alias aliran allowed almost already also aman among anak ancaman anggaran anggota angka angkatan another antar
antara antaranya apabila apakah aparat aplikasi arah arahan area around arrested artikel artinya asal asing asli
aspek atas atau aturan awal awalnya away back bagaimana bagi bagian bahan bahas bahasa bahkan bahwa baik bakal
baku balik bandara bangsa bantuan banyak barang baru batas bawah bebas beberapa became because become been
before begitu being bekerja belah belajar belakang belakangan beli believed belum benar bencana bentuk berada
berangkat berani berarti berasal berat berbagai berbahaya berbasis berbeda berbicara berdampak berdasarkan
beredar berencana berfungsi bergabung bergerak berharap berhasil berhenti berinisial berisi berita berjalan
berkaitan berkelanjutan berkembang berkontribusi berkoordinasi berkumpul berlaku berlangsung berlanjut bermain
bermula bernama berpotensi bersalah bersama bersenjata bersifat bersih bertahan bertanggung bertemu bertindak
bertujuan berupa berupaya berusaha berusia berwarna berwenang besar between biasa biasanya biaya bicara bidang
bisa bisnis boleh border both breaking buah buat bukan bukti bulan buruk call calon came campaign cara cases
center cepat cerita children city coba come comes coronavirus could country criminal cukai cukup daerah daftar
dalam damai dampak dana dapat darah darat dari daring daripada darurat dasar data datang daya days death dekat
demi demikian demokrasi demonstrasi dengan depan desa despite diamankan diambil dianggap diatur dibandingkan
dibangun dibawa diberikan diberitakan dibuat dibutuhkan diduga digelar digital digunakan diharapkan dihubungi
dihukum dijual dikeluarkan dikenakan dikenal diketahui dikirim dikonfirmasi dikutip dilakukan dilansir
dilaporkan dilarang dimaksud dimanfaatkan diminta dimulai dini dinilai dinyatakan dipakai diperiksa diperkirakan
diperlukan diplomatik dipulangkan diri dirinya disampaikan disebut ditahan ditambah ditangkap ditemui ditemukan
diterima ditetapkan dokter dokumen dolar done down dugaan dukungan dulu dunia during efektif eight ekonomi
ekosistem eksploitasi ekspor ekstrem empat enam energi enggak evaluasi even every face fakta faktor family
fasilitas federal film first fisik fiskal five fokus forced foto found four from fungsi gabungan gagal gangs
gejala gelar general generasi ginjal given global going good government group groups grup guna hadir hakim
hampir hanya harapan hard harga hari harus hasil have held help hendak here hidup high hijau hingga home hotel
however hubungan hujan hukum hukuman human identitas ikut ilegal illegal imbuh imbuhnya imigran imigrasi
immigration impor including industri infections informasi information infrastruktur ingin inovasi insiden
internasional into investasi istri itulah izin jadi jajaran jaksa jalan jalur jangan jangka jantung jaringan
jasa jatuh jauh jawab jelas jelasnya jenis jika judi judol juga jumlah juru just justru juta kabar kaki kalau
kali kami kampanye kamu kantor kapal kapan kapasitas karena kasih kasus kata katanya kawasan keadaan keadilan
keamanan kebebasan keberadaan kebijakan kebutuhan kecil kedua keduanya kegiatan kehidupan kehilangan kejadian
kejahatan kekerasan kekuasaan kekuatan kelas kelompok keluar keluarga kemampuan kemanusiaan kemarin kematian
kembali kemudian kemungkinan kena kenaikan kenapa kendaraan kepada kepala kepentingan kepolisian keputusan
kerangka kerap keras kerja kerugian kerusakan kesehatan kesejahteraan keselamatan kesempatan kesepakatan
kesulitan ketat ketegangan ketentuan keterangan keterangannya keterlibatan ketiga ketika keuangan khusus
khususnya kilometer kini kisah kita know known kolaborasi komitmen komunikasi komunitas kondisi konflik konsumsi
koordinasi korban korupsi kota krisis kualitas kuat kunjungan kurang labour lagi lahir lain lainnya lakukan lalu
lama laman langkah langsung lanjut lantaran lapangan laporan last later latest laut layanan lebih left legal
lembaga lengkap level lewat liar life lihat like lima lingkungan lintas live local lokal lokasi long look luar
luas luka made majelis maka makan makanan make makin making maksimal malah malam mampu mana manfaat mantan
manusia many mari masa masalah masih masuk masyarakat mata mati maupun mayoritas media medis mekanisme melainkan
melakukan melalui melanggar melanjutkan melaporkan melarikan melawan melibatkan melihat melindungi meluncurkan
memahami memanfaatkan memang memastikan memasuki memasukkan membahas membahayakan membangun membantah membantu
membawa membayar membeli membenarkan membentuk memberi memberikan members membuat membuka membutuhkan memenuhi
memeriksa memfasilitasi memicu memilih memiliki memimpin meminta mempercepat memperkirakan memperkuat memperluas
memperoleh mempertahankan mempertanyakan mempertimbangkan mempunyai memungkinkan memutuskan menahan menambahkan
menangani menanggapi menangkap menarik mencakup mencapai mencari mencatat mencegah menciptakan mencoba mendalam
mendapat mendapatkan mendatang mendesak mendorong mendukung menegaskan menekan menekankan menemukan menerima
menetapkan mengajak mengajukan mengakibatkan mengaku mengakui mengalami mengamankan mengambil mengancam
mengatakan mengatur mengecek mengeluarkan mengembangkan mengenai mengerahkan mengetahui menggambarkan mengganggu
menggelar menggunakan menghadapi menghadiri menghasilkan menghentikan menghindari mengikuti mengimbau mengingat
mengingatkan mengirimkan mengklaim mengubah mengumumkan mengungkap mengungkapkan mengunjungi menguntungkan
mengurangi menilai menimbulkan meninggal meninggalkan meningkat meningkatkan menjabat menjadi menjadikan menjaga
menjalani menjalankan menjatuhkan menjelaskan menolak menuju menunggu menunjukkan menurut menutup menuturkan
menyambut menyampaikan menyatakan menyebabkan menyebut menyebutkan menyediakan menyelesaikan menyerukan menyita
menyoroti menyusul merah merasa mereka merupakan merusak meski meskipun meter mewakili migran migrant migrants
miliar milik militer minta misalnya misi mobil mobile modus momen moment money month months more most much muda
mudah mulai muncul mungkin must naik nama namanya nanti narkoba narkotika nasional national near need negara
negatif negeri network never next nggak night nilai nomor normal north null number nyata officer officers
officials oleh once online only operasi orang organisasi other otoritas over pabrik pada padahal pagi pajak
paling panas pandemic pangan panjang para paragraf part partai pasangan pasar pasti pastikan pasukan pegawai
pejabat pekan pekerja pekerjaan pelabuhan pelaksanaan pelaku pelanggaran pelatihan pelayanan peluang pembangunan
pemberantasan pemberdayaan pemberian pemeriksaan pemerintah pemerintahan pemilihan pemilik pemimpin penanganan
penangkapan pencegahan pendapatan pendekatan pendidikan penduduk pendukung penegakan peneliti penerbangan
penerima pengadilan pengalaman pengamanan pengawasan pengembangan penggerebekan pengguna penggunaan pengiriman
penguatan pengungsi pengusaha peningkatan penjara penjelasan penting pentingnya penuh penulis penumpang
penurunan penutupan penyakit penyebab penyelidikan penyelundupan people peran perang peraturan perbatasan
perdagangan perdamaian perdana peredaran perekonomian perempuan pergerakan pergi perhatian peringatan periode
peristiwa perjalanan perjuangan perkara perkembangan perlindungan perlu perluasan permintaan permukaan pernah
pernyataan pers persen persidangan persoalan person personal personel pertahanan pertama pertanyaan pertemuan
pertumbuhan perubahan perusahaan perwakilan pesan pesawat petugas pictured pidana pihak pihaknya pilih pilihan
pimpinan place platform police polisi politik posisi positif post potensi praktik president pria pribadi
prioritas prison produk produksi program proses protes provide proyek public publik pukul pula pulang pulau
puluhan puncak pungkas pungkasnya punya pusat putih putri rakyat rangka rapat rasa ratusan reaksi regulasi
rekaman rekening rencana reported resmi respons ribu ribuan right ringkasan risiko risk room ruang rumah saat
said saja sakit saksi salah saling sama sambil sambungnya sampai sampaikan sana sang sangat satire satu satunya
saudara saya saying says scam sebab sebagai sebagaimana sebagian sebanyak sebelum sebelumnya sebenarnya sebesar
sebuah sebut secara second sedang sedangkan sedikit seen segala segera seharusnya sehat sehingga seiring sejak
sejarah sejauh sejumlah sekadar sekali sekaligus sekarang sekitar seksual sektor selalu selama selanjutnya
selatan selengkapnya selesai seluruh semakin semoga sempat semua semuanya sendiri senilai senior senjata seorang
sepanjang seperti serangan sering serius serta serupa service seseorang sesuai sesuatu setelah setempat setiap
setidaknya several should siap siapa sidang signifikan since singkat sini sipil sisi sistem situasi situs small
smuggling soal social solusi some sosial sosok standar state statement status still stop story strategi
strategis suara suatu such sudah sulit sumber supaya support surat syarat tadi tahanan tahap tahu tahun take
taken tambah tambahan tambahnya tanah tangan tanggal tanpa tantangan tapi target tarif tata tayang tegas tekanan
teknis teknologi telah telepon tempat tenaga tengah tentang tentara tentu tepat terakhir terancam terang terbaik
terbaru terbesar terbuka tercatat terdakwa terdapat terdengar terdiri terhadap terima terjadi terkait terkena
terlalu terlebih terlibat terlihat termasuk ternyata terpaksa tersangka tersebut tersedia tertentu tertinggi
tertulis terus terutama tetap tetapi tewas than that their them then there these they thing think this those
three through tiba tidak tiga time times tindak tindakan tinggal tinggi tingkat titik today told took total
transaksi travel triliun trying tubuh tugas tujuan tujuh tulis tumbuh turis turun turut tutur tuturnya uang ucap
ucapnya udara ujar ujarnya ulang umum under unggahan ungkap ungkapnya unit untuk upaya usaha usai used using
utama very video viral visa wajib wakil waktu wanita want warga warna wartawan waspada week well were what when
where which while wilayah will wisata wisatawan with woman women work workers working world would yaitu yakni
yang year years young
"""
USUAL = frozenset(_USUAL.encode().split())

#: What a story is about, in whichever language; two stories about different things are two events.
_THINGS = """
kidney: ginjal kidney kidneys
baby: bayi baby babies infant infants newborn
bride: pengantin comblang bride brides matchmaker
crew: abk trawler fishers awak perbudakan slavery
maid: prt maid helper majikan employer pembantu
student: magang mahasiswa internship ferienjob students
methamphetamine: sabu meth methamphetamine amphetamine crystal syabu
cannabis: ganja cannabis marijuana
heroin: heroin heroina
cocaine: kokain cocaine
ecstasy: ekstasi ecstasy
vape: vape kartrid etomidate cartridges liquid
ketum: ketum kratom
lobster: lobster bbl benur
turtle: penyu turtle turtles
pangolin: trenggiling pangolin pangolins
hornbill: rangkong hornbill hornbills
bird: burung kakatua cockatoo birds parrots
orangutan: orangutan orangutans
ivory: gading ivory tusks
timber: kayu timber logs wood rosewood logging
fuel: bbm solar minyak fuel diesel petrol
cattle: sapi kerbau cattle cows ternak
pig: babi pigs pork
onion: bawang onions garlic
rice: beras rice
sugar: gula sugar
cigarette: rokok cigarettes cigarette tobacco
clothes: pakaian baju ballpress balpres clothes clothing
tin: timah tin
gold: emas gold
money: uang cash
ammunition: amunisi peluru ammunition rounds
weapon: senpi senjata firearms rifles guns
bomb: detonator bom explosives detonators
passport: paspor passport passports
tuna: tuna cakalang
scam: scam scams scammer penipuan cyber
gambling: judi gambling
clash: tembak clash firefight shots
rohingya: rohingya
deportation: deportasi dideportasi deported deportation deports
coffin: jenazah coffin coffins peti
sinking: tenggelam terbalik sinks sank capsized capsizes capsize
kingpin: gembong dalang bos otak kingpin mastermind boss tycoon ringleader
extradition: ekstradisi diekstradisi mengekstradisi extradition extradited extradite
captive: disekap penyekapan disandera captive hostage hostages held confined
ransom: tebusan ransom
agreement: sepakat sepakati menyepakati sepakatan nota agree agreed agreement mou memorandum
forum: forum konferensi conference summit seminar lokakarya workshop
chiefs: kapolri kepolisian chiefs
hajj: umrah umroh haji ziarah pilgrimage
verdict: vonis divonis memvonis hakim sentenced verdict court pengadilan
"""
THINGS: dict[bytes, str] = {
    word.encode(): name
    for name, _, words in (line.partition(":") for line in _THINGS.strip().splitlines())
    for word in words.split()
}
#: Goods and persons that one event rarely mixes: none in common means that these are two events.
TELLING = frozenset(name for name in THINGS.values()) - {
    "money", "weapon", "scam", "gambling", "passport", "deportation", "coffin", "verdict", "hajj", "crew", "maid",
    "sinking", "clash", "rohingya", "gold", "kingpin", "extradition", "captive", "ransom",
    "agreement", "forum", "chiefs",
}  # fmt: skip
