"""Find whom the words around tell of: who escaped, whose family, whose account, each of the victims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from services.tagger.core.clearing_context import headline
from services.tagger.core.clearing_names import BEFORE, listed, listed_before, name_at
from services.tagger.core.clearing_stretch import NAME, WORD, Span, Stretches

_OWNER = re.compile(rf"(?P<name>{WORD}(?:[ ]{WORD}){{0,4}})$")
_BEFORE_WHO = 90
#: "Indonesians who fled" are a people.
_PEOPLES = ("ans", "ians", "inos", "ese", "nis", "oks", "ays")
_HANDLE = re.compile(r"\s*[:(“\"]?\s*@?(?P<name>[A-Za-z]\w{0,60}(?:[._]\w{1,60})+|[A-Za-z_]{2,60}\d+\w*)")
_PROFILE = re.compile(r"\.(?:com|me)/@?(?P<name>[\w.]{3,})")
_SITES = (".com", ".id", ".net", ".org", ".tv")
_MILIK = re.compile(r"\s+(?:milik|bernama|atas nama|of|named)?\s*[\"“'‘]?")
_EACH_GAP = re.compile(r"\s*(?:atas nama|bernama|named)?\s*[:,]?\s*(?:\d{1,2}[.)]\s+)?")
_OF_VICTIMS = """
    korban perempuan wanita anak gadis remaja pekerja pmi cpmi tki tkw abk wni siswi santri bocah mahasiswi saksi
    victims victim women girls boys children workers migrants maids
"""
_VICTIMS = frozenset(word.encode() for word in _OF_VICTIMS.split())
_STARRED = re.compile(rf"(?P<name>{WORD}(?:[ ]{WORD}){{0,3}})\*")


def before_who(names: Stretches, start: int, end: int) -> Iterator[Span]:
    """ "Phally, who escaped": what befell somebody tells who is meant."""
    found = BEFORE.search(names.whole, max(0, start - _BEFORE_WHO), start)
    span = names.name(*found.span("name")) if found and "\n" not in found.group() else None
    if not found or not span or headline(names.whole, start, end):
        return
    if " " in found["name"] or not found["name"].endswith(_PEOPLES):
        yield *span, "victim"
        yield from listed_before(names, found.start("name"))


def befallen(names: Stretches, start: int, end: int) -> Iterable[Span]:
    """ "Ayu Sekarwangi disekap": of one word alone a capital says nothing where a sentence begins."""
    found = list(before_who(names, start, end))
    if found and found[0][1] == start - 1 and " " in names.whole[slice(*found[0][:2])]:
        return found
    return ()


def family_of(names: Stretches, start: int, _: int) -> Iterable[Span]:
    """ "Dara's family": the family points to the one it is of."""
    whole = names.whole
    if whole[start - 1 : start] not in ("'", "’"):
        return ()
    found = _OWNER.search(whole, max(0, start - 60), start - 1)
    # "Chan Dara" is made of known words and is a name, "Cambodia" is none.
    span = names.name(*found.span("name"), sure=" " in found["name"]) if found else None
    return ((*span, "victim"),) if span else ()


def account(names: Stretches, start: int, end: int) -> Iterable[Span]:
    """Whose account it is: "akun Facebook Maria Seran", "Instagram dewi.cantik99"."""
    whole = names.whole
    handle = _PROFILE.match(whole, end) or _HANDLE.match(whole, end)
    if handle and not handle["name"].lower().endswith(_SITES):
        return ((*handle.span("name"), "contact or document number"),)
    word = whole[start:end].lower()
    if not (word.startswith("akun ") or word.endswith(" account")):
        return ()
    gap = _MILIK.match(whole, end)
    found = NAME.match(whole, gap.end()) if gap else None
    span = names.name(*found.span()) if found else None
    return ((*span, "victim"),) if span else ()


def each(names: Stretches, start: int, end: int) -> Iterator[Span]:
    """ "Tiga korban, masing-masing Yeni, Meri, dan Dina": names, where victims stand before."""
    if _VICTIMS.isdisjoint(names.folded[max(0, start - 90) : start].split()):
        return
    gap = _EACH_GAP.match(names.whole, end)
    found = name_at(names.whole, gap.end()) if gap else None
    if found and (span := names.name(*found.span())):
        yield *span, "victim"
        yield from listed(names, found.end())


def starred(names: Stretches, start: int, _: int) -> Iterator[Span]:
    """ "Rina* was 15. *Name changed": whoever bears the star."""
    if not names.whole[max(0, start - 2) : start].strip().endswith("*") or not names.first_time("starred"):
        return
    for found in _STARRED.finditer(names.whole):
        if span := names.name(*found.span("name"), sure=True):
            yield *span, "called"
