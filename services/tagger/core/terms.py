"""Expand the short notation of the lexicon into the words that stand in stories.

``passport{,s}``      alternatives in braces
``~selundup``         an Indonesian verb family: menyelundupkan, diselundupkan, penyelundupan, ...
``=PMI``              only in exactly this case
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BRACES = re.compile(r"\{([^{}]*)\}")
_VOWELS = frozenset("aiueo")
#: The sound between the prefix and a root's first letter, and whether that letter stays.
_NASALS: dict[str, tuple[str, bool]] = {
    **dict.fromkeys("gh", ("ng", True)),
    "k": ("ng", False),
    "s": ("ny", False),
    "t": ("n", False),
    "p": ("m", False),
    **dict.fromkeys("bfv", ("m", True)),
    **dict.fromkeys("cdjz", ("n", True)),
}


class TermError(ValueError):
    """A term of the lexicon that cannot be read."""


def expand(term: str) -> Iterator[tuple[str, bool]]:
    """Every surface form of ``term`` with whether its case must match exactly."""
    exact = term.startswith("=")
    for form in _braces(term[1:] if exact else term):
        if exact:
            yield form, True
            continue
        for surface in _families(form):
            yield surface, False


def _braces(term: str) -> Iterator[str]:
    found = _BRACES.search(term)
    if not found:
        if "{" in term or "}" in term:
            raise TermError(f"braces of {term!r} do not close")
        yield term
        return
    for choice in found.group(1).split(","):
        yield from _braces(term[: found.start()] + choice + term[found.end() :])


def _families(form: str) -> Iterator[str]:
    words = form.split()
    marked = [index for index, word in enumerate(words) if word.startswith("~")]
    if not marked:
        yield form
        return
    if len(marked) > 1:
        raise TermError(f"only one word of {form!r} may carry ~")
    at = marked[0]
    for variant in verb_family(words[at][1:]):
        yield " ".join((*words[:at], variant, *words[at + 1 :]))


def verb_family(root: str) -> tuple[str, ...]:
    """The forms news uses of an Indonesian verb root, without clitics but -nya."""
    active, agent = _nasal("me", root), _nasal("pe", root)
    forms = [root, f"{root}an", f"{root}kan", f"{root}i"]
    forms += [active, f"{active}kan", f"{active}i"]
    forms += [f"di{root}", f"di{root}kan", f"di{root}i", f"ter{root}"]
    forms += [agent, f"{agent}an", f"{agent}annya"]
    return tuple(dict.fromkeys(forms))


def _nasal(prefix: str, root: str) -> str:
    """meN- or peN- before a root: tangkap, menangkap; kirim, mengirim; selundup, menyelundup."""
    first = root[0]
    if first in _VOWELS:
        return f"{prefix}ng{root}"
    link, keeps = _NASALS.get(first, ("", True))
    return f"{prefix}{link}{root if keeps else root[1:]}"
