"""Words that people of the region are named with, though a lexicon or a gazetteer may know them otherwise.

A name of none of these is still found by what is told of it; these are the ones that no other look can tell.
"""

from __future__ import annotations

#: Names and hardly anything else: written small they are names too.
_PLAIN = """
    abdul abdullah achmad adelia adelina ade agnes agung agus agustina ahmad ajeng aisyah alfred amelia amin
    aminah anastasia andi andika andreas andri anggi anggraini anggun ani anisa anita anjani antonius
    apriliani ardi ari arif arini aris arjun arman arya asep astuti astrid aulia ayu ayunda azizah bagas bagus
    bambang bayu beni benny bernadeta budi budiman cahyani cahyo caca cantika chandra citra clara dara dedi
    deni desi desy dewi diah dian dimas dina dini dita djoko doni dwi edi eka eko elis ella elisabet endang
    erna erni ester eva evi fadli fahmi faisal fajar farah farida fatimah febri ferdi ferdinan fitri fitria
    fitriani galih gilang gita gunawan hadijah halimah hamzah handayani hani hartono hasan hasanah helena
    hendra hendri heni hermawan herman hesti husna ibrahim icha ida ika ilham imam ina indra inka irfan irma
    irwan iskandar ismail iwan jamilah januarius jefri joko joni jubaidah juliana juwita kartika kartini
    khadijah komariah krisna kristina kurnia kurniawan kusuma lailatul lastri laila lestari lidya lili lina
    linda lukman lusi lusiana maemunah maimunah margareta mariam maria marlina marta martha martinus markus
    maryam masitah mega meliana melinda meri meriance mira mirna muhamad muhammad mulyadi mulyani mulyati
    murni mustafa nabila nadia nana nanda nani neneng neng nia nina ningsih nining nisa nita novi noviana
    novita nugroho nunung nur nurani nuraini nurhayati nuri nurjanah nurlaela nurul oktavia oktaviani paulina
    permatasari petrus prasetyo pratama pratiwi purnama purwanti puspa puspita puspitasari putu rahayu rahma
    rahmat rahmawati rahman ramadhan ramlah ratih ratna ratnasari regina reni resti retno rian riana rika riki
    rina rini rinda riska rizal rizki rizky robi rohani rohayati rosa rosalia rosmawati rosita rosmini rukmini
    rumini rusmini sabrina sahrul saidah salamah saleh salma samsiah samsul santi saputra saputri sari sarinah
    sartika satria selvi septiani setiawan sintia siska siti sofia sofyan solihin sri subandi sudarmi suharti
    sukma sukmawati sulastri sulis sumarni sumiati sunardi suparman supriadi suryani suryati susanti susanto
    susi sutrisno suyati syahrul syarif tania tarmi tati theresia tika tini titin titik tono tri tuti ucok
    udin ujang umi untung utami vera veronika vina vivi wahyu wahyuni wahyudi wartini wati wawan widi widodo
    widya wijaya winarti wiwin wulan wulandari yanti yanto yati yayuk yohana yohanes yosefina yosep yuli
    yuliana yulianti yuliati yuni yuniarti yusuf yusup zahra zainab zainal zulkifli bopha botum chanda
    channary chantha chea chenda chhay dany davy dina kanha kunthea leakena leakhena malis maly mony navy
    neang nimol phalla phally phirun pheakdey pisey pisach pov raksmey rachana rotha samnang saroeun seyha
    sina sinath sithy sitha sokha sokhom sokunthea sophal sophea sopheap sophorn sophy sopheak soriya sothea
    srey sreyleak sreymom sreyneang sreynich sreypich sreypov sreyroth sreyleap thida thavy vannak vanna
    veasna vibol vichea visal vuthy sovann sovannara sophat rithy ratha rathana bora borey dara makara kosal
    heng chhorn keo nguyen tran pham thi hoang huynh phan vu dang bui ngoc thuy huong linh trang phuong nhung
    thao hien oanh aung myint khin htwe htet thandar thiha zaw kyaw moe naing tun hlaing lwin nyein ohn phyo
    soe wai yin nwe hnin su htun maung thet zin sandar thazin bounmy bounma khamla khamphone khamsing noy souk
    somphone sengdao vongsa phommachanh bouavanh keola somchai somsak ploy nong malee wanida siriporn kanya
    suda anong pranee niran prasert rattana jonalyn jocelyn maricel rosalie marites jennylyn analyn cruz
    bautista reyes santos mercado villanueva garcia mendoza ramos fernandez gonzales marie anthony angelica
    kristine dos da domingos joao jose manuel antonio francisco julieta mariana soares guterres ximenes
    fernandes pereira carvalho belo amaral araujo alves lopes filomena ravi kumar anjali sharma priya suresh
    rahima begum khatun mohammed mohammad nasir rahim fatema
"""
#: The same, and words like any other: names where a name is told of, beside a name, or with an age.
_ALSO_WORDS = """
    anggrek yoga tari timah berkah berlian bintang bulan bunga cahaya cantik cinta damai delima embun faith
    flora fortuna gadis gembira gita grace harapan hope indah intan jaya joy kasih kenanga laut lily lotus
    malam manis mawar melati melody mentari mulia murni mutiara nirmala nova pelangi permata pertiwi perkasa
    purnama putra putri rejeki rezeki rose ruby samudra sakura sejahtera senja setia slamet sunny surya teguh
    teratai tulip violet gunung purba angel joyce summer crystal pearl precious princess blessing mercy
    charity patience
"""
PURE = frozenset(_PLAIN.split()) - {
    "da",
    "dos",
    "su",
    "may",
    "agung",
    "dini",
    "navy",
    "nong",
    "titik",
    "maung",
    "borey",
}
ALSO_WORDS = frozenset(_ALSO_WORDS.split())
