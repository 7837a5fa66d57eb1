"""What a reader of an older version would no longer find in a newer JSON Schema of the same event."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

#: Constraints that allow less the higher they are, the lower they are, and as soon as they are another.
FLOORS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
CEILINGS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
EXACT = ("pattern", "format", "multipleOf", "uniqueItems")


def breaks(old: Schema, new: Schema) -> list[str]:
    """Fields that are gone, changed their type, allow less or are newly required; empty when it only grew."""
    found: list[str] = []
    _compare(old, new, old, new, "$", found, set())
    return found


def _compare(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str, found: list[str], seen: set[str]
) -> None:
    names = f"{old.get('$ref')}>{new.get('$ref')}"
    if "$ref" in old and names in seen:
        return
    seen = seen | {names} if "$ref" in old else seen
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    if _type(old) != _type(new):
        found.append(f"{path} changed its type from {_type(old)} to {_type(new)}")
        return
    if lost := set(old.get("enum", ())) - set(new.get("enum", ())):
        found.append(f"{path} lost {sorted(map(str, lost))}")
    if old.get("const") != new.get("const"):
        found.append(f"{path} changed from {old.get('const')!r} to {new.get('const')!r}")
    found += [f"{path} {change}" for change in _tightened(old, new)]
    for name, field in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            found.append(f"{path}.{name} is gone")
        else:
            _compare(field, new["properties"][name], old_root, new_root, f"{path}.{name}", found, seen)
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        found.append(f"{path}.{name} is newly required")
    if isinstance(old.get("items"), dict):
        _compare(old["items"], new.get("items", {}), old_root, new_root, f"{path}[]", found, seen)
    if isinstance(old.get("additionalProperties"), dict) and isinstance(new.get("additionalProperties"), dict):
        before, after = old["additionalProperties"], new["additionalProperties"]
        _compare(before, after, old_root, new_root, f"{path}{{}}", found, seen)
    for before, after in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=False):
        _compare(before, after, old_root, new_root, path, found, seen)


def _tightened(old: Schema, new: Schema) -> list[str]:
    """Constraints by which a value that was good is no longer; a bound that moved from one keyword to its twin too."""
    found = []
    for keyword in (*FLOORS, *CEILINGS, *EXACT):
        before, after = old.get(keyword), new.get(keyword)
        if after is None or after == before:
            continue
        higher, lower = keyword in FLOORS, keyword in CEILINGS
        if before is None or keyword in EXACT or (higher and after > before) or (lower and after < before):
            found.append(f"tightened {keyword} from {before!r} to {after!r}")
    return found


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _type(schema: Schema) -> Any:
    if "anyOf" in schema:
        return f"any of {len(schema['anyOf'])}"
    return schema.get("type")
