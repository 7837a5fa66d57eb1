"""Read the file of webhook targets: the one list of where anything is sent to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from services.contracts.codes import Severity, Topic
from services.notifier.core.outlets.webhook import BadSecretError, Wanted, read_secret
from services.notifier.spec import RegionOrAll
from services.runtime.address import is_loopback
from services.runtime.errors import OperatorError, one_line

_NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Target(_Strict):
    name: str = Field(pattern=_NAME)
    url: str = Field(max_length=2000)
    secret_file: Path
    regions: list[RegionOrAll] = Field(min_length=1)
    topics: list[Topic] = []
    min_severity: Severity = Severity.BACKGROUND
    language: str = Field(default="en", pattern="^(id|en)$")
    zone: str = "Asia/Jakarta"


class _File(_Strict):
    hosts: list[str] = Field(min_length=1)
    networks: list[IPv4Network | IPv6Network] = []
    ca_file: Path | None = None
    targets: list[_Target]


@dataclass(frozen=True)
class Target:
    """Where signed messages go; ``keys`` are its secrets, the newest first, never logged."""

    name: str
    url: str
    keys: tuple[bytes, ...]
    wanted: Wanted
    language: str
    zone: ZoneInfo

    def __repr__(self) -> str:
        return f"Target({self.name!r})"


@dataclass(frozen=True)
class Targets:
    """All of them, and the networks beside the open internet that they may be in."""

    by_name: Mapping[str, Target]
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    ca_file: Path | None = None
    loopback: bool = False


NONE = Targets({})


def read_targets(path: Path, *, loopback: bool = False) -> Targets:
    """Every target of the file, with its secret read from its own file.

    Args:
        path: YAML with ``hosts``, ``targets`` and perhaps ``networks`` and ``ca_file``; names of files in it
            are relative to its folder.
        loopback: plain HTTP to this very machine is allowed, for trying things out.

    Raises:
        OperatorError: names the file, the key and what is wrong with it.
    """
    try:
        loaded = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        file = _File.model_validate(loaded)
    except OSError as error:
        raise OperatorError(str(path), f"cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, YAMLError) as error:
        raise OperatorError(str(path), f"is not YAML: {one_line(str(error), 200)}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise OperatorError(str(path), f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    made: dict[str, Target] = {}
    for number, entry in enumerate(file.targets):
        where = f"targets[{number}]"
        if entry.name in made:
            raise OperatorError(str(path), f"{where}.name: {entry.name} is used by a target above")
        _check_url(path, where, entry.url, {host.lower() for host in file.hosts}, loopback=loopback)
        made[entry.name] = _target(path, where, entry)
    ca_file = path.parent / file.ca_file if file.ca_file else None
    return Targets(made, tuple(file.networks), ca_file, loopback)


def _target(path: Path, where: str, entry: _Target) -> Target:
    secret = path.parent / entry.secret_file
    try:
        lines = secret.read_text(encoding="ascii").split()
        keys = tuple(read_secret(line) for line in lines)
    except OSError as error:
        raise OperatorError(str(secret), f"cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, BadSecretError) as error:
        reason = str(error) if isinstance(error, BadSecretError) else "is not ASCII text"
        raise OperatorError(str(secret), reason) from None
    if not 1 <= len(keys) <= 2:
        raise OperatorError(str(secret), f"holds {len(keys)} secrets: one, or two while it is being changed")
    wanted = Wanted(frozenset(entry.regions), frozenset(map(str, entry.topics)), entry.min_severity)
    try:
        zone = ZoneInfo(entry.zone)
    except (KeyError, OSError, ValueError):
        raise OperatorError(str(path), f"{where}.zone: is not an IANA time zone") from None
    return Target(entry.name, entry.url, keys, wanted, entry.language, zone)


def _check_url(path: Path, where: str, url: str, hosts: set[str], *, loopback: bool) -> None:
    reason = _refusal(url, hosts, loopback=loopback)
    if reason:
        raise OperatorError(str(path), f"{where}.url: {reason}")


def _refusal(url: str, hosts: set[str], *, loopback: bool) -> str:
    """Why an address is not one we send to; empty where it is."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "is not a web address"
    here = host == "localhost" or is_loopback(host)
    plain = parts.scheme == "http" and here
    reasons = {
        "holds characters that no web address has": not url.isascii() or not url.isprintable() or " " in url,
        "is not a web address": not host or port == 0,
        "holds a user name: the signature says who sent it": "@" in parts.netloc,
        "holds a fragment": bool(parts.fragment),
        f"{host} is not among hosts": host not in hosts,
        "is this machine: SIAGA_WEBHOOK_LOOPBACK=true allows it, to try things out": here and not loopback,
        "must begin with https://": parts.scheme != "https" and not plain,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
