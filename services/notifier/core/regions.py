"""The short names officials use for regions; a code that is not here is shown as it is."""

from __future__ import annotations

from services.notifier.core.languages import nearest

_INDONESIA = {
    "AC": "Aceh", "SU": "Sumut", "SB": "Sumbar", "RI": "Riau", "KR": "Kepri", "JA": "Jambi", "SS": "Sumsel",
    "BB": "Babel", "BE": "Bengkulu", "LA": "Lampung", "BT": "Banten", "JK": "Jakarta", "JB": "Jabar",
    "JT": "Jateng", "YO": "DIY", "JI": "Jatim", "BA": "Bali", "NB": "NTB", "NT": "NTT", "KB": "Kalbar",
    "KT": "Kalteng", "KS": "Kalsel", "KI": "Kaltim", "KU": "Kaltara", "SA": "Sulut", "ST": "Sulteng",
    "SN": "Sulsel", "SG": "Sultra", "SR": "Sulbar", "GO": "Gorontalo", "MA": "Maluku", "MU": "Malut",
    "PA": "Papua", "PS": "Papua Selatan", "PE": "Papua Pegunungan", "PT": "Papua Tengah",
    "PB": "Papua Barat", "PD": "Papua Barat Daya",
}  # fmt: skip
_CAMBODIA = {
    "1": "Banteay Meanchey", "2": "Battambang", "3": "Kampong Cham", "4": "Kampong Chhnang",
    "5": "Kampong Speu", "6": "Kampong Thom", "7": "Kampot", "8": "Kandal", "9": "Koh Kong", "10": "Kratie",
    "11": "Mondulkiri", "12": "Phnom Penh", "13": "Preah Vihear", "14": "Prey Veng", "15": "Pursat",
    "16": "Ratanakiri", "17": "Siem Reap", "18": "Preah Sihanouk", "19": "Stung Treng", "20": "Svay Rieng",
    "21": "Takeo", "22": "Oddar Meanchey", "23": "Kep", "24": "Pailin", "25": "Tboung Khmum",
}  # fmt: skip
_OTHERS = {
    "MY-12": "Sabah", "MY-13": "Sarawak", "MY-01": "Johor", "MY-10": "Selangor", "MY-14": "Kuala Lumpur",
    "TH-27": "Sa Kaeo", "TH-63": "Tak", "TH-57": "Chiang Rai", "VN-37": "Tay Ninh", "LA-BK": "Bokeo",
    "LA-VT": "Vientiane", "MM-13": "Kayin", "TL-BO": "Bobonaro", "TL-CO": "Covalima", "TL-OE": "Oecusse",
    "TL-DI": "Dili",
}  # fmt: skip
_COUNTRIES = {
    "ID": ("Indonesia", "Indonesia"), "KH": ("Kamboja", "Cambodia"), "LA": ("Laos", "Laos"),
    "TL": ("Timor-Leste", "Timor-Leste"), "MY": ("Malaysia", "Malaysia"), "TH": ("Thailand", "Thailand"),
    "VN": ("Vietnam", "Vietnam"), "MM": ("Myanmar", "Myanmar"), "PH": ("Filipina", "Philippines"),
    "SG": ("Singapura", "Singapore"), "CN": ("Tiongkok", "China"), "TW": ("Taiwan", "Taiwan"),
    "HK": ("Hong Kong", "Hong Kong"), "KR": ("Korea Selatan", "South Korea"), "JP": ("Jepang", "Japan"),
    "AU": ("Australia", "Australia"), "PG": ("Papua Nugini", "Papua New Guinea"), "BN": ("Brunei", "Brunei"),
    "BD": ("Bangladesh", "Bangladesh"), "IN": ("India", "India"), "SA": ("Arab Saudi", "Saudi Arabia"),
    "AE": ("Uni Emirat Arab", "UAE"), "NG": ("Nigeria", "Nigeria"), "RU": ("Rusia", "Russia"),
}  # fmt: skip
_BY_CODE = (
    {f"ID-{code}": name for code, name in _INDONESIA.items()}
    | {f"KH-{code}": name for code, name in _CAMBODIA.items()}
    | _OTHERS
)


def region_name(code: str, language: str) -> str:
    """The short name of a region or country; everywhere has a name too."""
    if code == "*":
        return "semua wilayah" if nearest(language) == "id" else "all regions"
    if code in _COUNTRIES:
        return _COUNTRIES[code][0 if nearest(language) == "id" else 1]
    return _BY_CODE.get(code, code)
