"""The desk's words: a language is a YAML file with the same keys as the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from services.runtime.errors import OperatorError, one_line

FOLDER = Path(__file__).parent / "words"
DEFAULT = "id"
Speech = Mapping[str, str]


def read_languages(folder: Path = FOLDER) -> dict[str, Speech]:
    """Every language of a folder, by its code.

    Raises:
        OperatorError: a file cannot be read, or has other keys than the default language's.
    """
    found = {path.stem: _read(path) for path in sorted(folder.glob("*.yaml"))}
    if DEFAULT not in found:
        raise OperatorError(f"{folder / DEFAULT}.yaml", "is missing: it is what other languages are compared with")
    for code, speech in found.items():
        _compare(folder / f"{code}.yaml", speech, found[DEFAULT])
    return found


def _read(path: Path) -> Speech:
    try:
        loaded = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OperatorError(str(path), error.strerror or "cannot be read") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise OperatorError(str(path), one_line(str(error))) from None
    if not isinstance(loaded, Mapping):
        raise OperatorError(str(path), "is not a list of keys and words")
    for key, words in loaded.items():
        if not isinstance(words, str):
            raise OperatorError(f"{path} {key}", "is not text; quotes help")
    return dict(loaded)


def _compare(path: Path, speech: Speech, model: Speech) -> None:
    for key in sorted(model.keys() - speech.keys()):
        raise OperatorError(f"{path} {key}", "is missing")
    for key in sorted(speech.keys() - model.keys()):
        raise OperatorError(f"{path} {key}", "is a key that no page uses")
    for key, words in model.items():
        if ("{n}" in words) != ("{n}" in speech[key]):
            raise OperatorError(f"{path} {key}", "must have {n} exactly where the other languages have it")


def preferred(accept: str, languages: Mapping[str, Speech]) -> str:
    """The first language of an Accept-Language header that there is (RFC 9110, 12.5.4), whatever the weights."""
    for part in accept.split(","):
        code = part.split(";")[0].strip().split("-")[0].lower()
        if code in languages:
            return code
    return DEFAULT
