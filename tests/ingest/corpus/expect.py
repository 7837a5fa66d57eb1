"""Read and judge the ``Expect:`` line of feedparser's test feeds without running it as a program."""

from __future__ import annotations

import ast
import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CASE = re.compile(rb"Description:\s*.*?\s*Expect:\s*(.*)\s*-->")
_HEADER = re.compile(rb"^Header:\s+Content-type:(.+)$", re.MULTILINE | re.IGNORECASE)
_CODEC = re.compile(rb"SkipUnless:\s*__import__\('codecs'\)\.lookup\('([\w.:-]+)'\)")
#: How the first bytes of a file say in which encoding its comment is; the order matters.
_MARKS = (
    (b"\x4c\x6f\xa7\x94", "cp037", 0),
    (b"\x00\x00\xfe\xff", "utf-32be", 4),
    (b"\xff\xfe\x00\x00", "utf-32le", 4),
    (b"\x00\x00\x00\x3c", "utf-32be", 0),
    (b"\x3c\x00\x00\x00", "utf-32le", 0),
    (b"\x00\x3c\x00\x3f", "utf-16be", 0),
    (b"\x3c\x00\x3f\x00", "utf-16le", 0),
    (b"\xfe\xff", "utf-16be", 2),
    (b"\xff\xfe", "utf-16le", 2),
)


class NotUnderstoodError(ValueError):
    """The line says something we have no reading for."""


@dataclass(frozen=True)
class Case:
    """What a file says of itself.  ``codec``: it is only meant for a Python that knows this one."""

    expect: str
    content_type: str
    codec: str

    @property
    def codec_is_known(self) -> bool:
        if not self.codec:
            return True
        try:
            codecs.lookup(self.codec)
        except LookupError:
            return False
        return True


def case_of(data: bytes) -> Case:
    """The case in a test feed's first comment.  Raises NotUnderstoodError."""
    plain = _ascii_compatible(data)
    found = _CASE.search(plain)
    if found is None:
        raise NotUnderstoodError("no Expect line")
    header, codec = _HEADER.search(plain), _CODEC.search(plain)
    return Case(
        expect=found[1].strip().decode(),
        content_type=header[1].strip().decode() if header else "",
        codec=codec[1].decode() if codec else "",
    )


def holds(expect: str, found: Mapping[str, Any]) -> bool:
    """Whether an expectation is true of what was read.

    Args:
        found: what the names of the line stand for.

    Raises:
        NotUnderstoodError: the line is more than comparisons, names, keys, ``ord`` and ``isinstance``.
    """
    return bool(_value(ast.parse(expect, mode="eval").body, found))


def names_in(expect: str) -> frozenset[str]:
    """What the line speaks of: ``bozo``, ``encoding``, ``feed``, ``entries``."""
    names = {node.id for node in ast.walk(ast.parse(expect, mode="eval")) if isinstance(node, ast.Name)}
    return frozenset(names - {"ord", "isinstance", "feedparser"})


def _value(node: ast.expr, found: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return found.get(node.id, False)
        case ast.UnaryOp(op=ast.Not()):
            return not _value(node.operand, found)
        case ast.BoolOp(op=ast.And()):
            return all(_value(one, found) for one in node.values)
        case ast.Compare(ops=[ast.Eq()]):
            return _value(node.left, found) == _value(node.comparators[0], found)
        case ast.Subscript() | ast.Attribute():
            return _part(node, found)
        case ast.Call(func=ast.Name(id="ord"), args=[one]):
            return ord(_value(one, found))
        case ast.Call(func=ast.Name(id="isinstance"), args=[one, ast.Attribute(attr=wanted)]):
            return type(_value(one, found)).__name__ == wanted
        case _:
            raise NotUnderstoodError(ast.dump(node))


def _part(node: ast.Subscript | ast.Attribute, found: Mapping[str, Any]) -> Any:
    """A key or a position; a missing one is no value, as it would be no match."""
    whole = _value(node.value, found)
    key = node.attr if isinstance(node, ast.Attribute) else _value(node.slice, found)
    try:
        return whole[key]
    except (KeyError, IndexError, TypeError):
        return None


def _ascii_compatible(data: bytes) -> bytes:
    for mark, encoding, length in _MARKS:
        if data.startswith(mark):
            return data[length:].decode(encoding).encode()
    return data
