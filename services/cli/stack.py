"""The processes of `siaga run`: which there are, where they listen and what each must know."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.cli.demo import canary
from services.cli.supervisor import Part
from services.notifier.canary import EVERY_S as ORDINARY_EVERY_S
from services.runtime.errors import OperatorError

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT / "seeds"
SERVICES = ("ingest", "tagger", "notifier")


_PORTS = ("ingest", "tagger", "notifier", "feeds", "mail", "telegram", "kafka", "desk")


@dataclass(frozen=True)
class Ports:
    """Loopback ports, counted from one base so that two stacks can stand side by side."""

    base: int

    def of(self, name: str) -> int:
        """The port of a part: health and metrics of a service, or what a stand-in serves."""
        return self.base + _PORTS.index(name) + 1


@dataclass(frozen=True)
class Plan:
    """What `siaga run` was asked for."""

    data: Path
    ports: Ports
    feeds: str
    contact_url: str
    feeds_file: Path
    officials_file: Path
    scene_every_s: float = 20.0

    @property
    def demo(self) -> bool:
        """Whether the seed feeds are replayed."""
        return self.feeds == "seeds"

    @property
    def local_telegram(self) -> bool:
        """Whether the Bot API is our stand-in; a token of the operator's own leads to Telegram itself."""
        return self.demo or "SIAGA_TELEGRAM_TOKEN_FILE" not in os.environ

    @property
    def local_mail(self) -> bool:
        """Whether mail goes to the Maildir; a mail server of the operator's own takes it otherwise."""
        return self.demo or "SIAGA_SMTP_HOST" not in os.environ

    @property
    def canary_every_s(self) -> float:
        """How often a synthetic alert is sent: more often where nobody real is on the channel."""
        return canary.EVERY_S if self.local_telegram or self.local_mail else ORDINARY_EVERY_S


def prepare_secrets(folder: Path) -> dict[str, Path]:
    """Secrets of this installation, made once and readable by its owner alone.

    Raises:
        OperatorError: they cannot be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        return _made_once(folder)
    except OSError as error:
        raise OperatorError(f"secrets in {folder}", f"cannot be made: {error.strerror}") from None


def _made_once(folder: Path) -> dict[str, Path]:
    made: dict[str, Path] = {}
    for name, value in (
        # The form of a bot token; the stand-in takes any, Telegram takes none of ours.
        ("telegram-token", f"1000000001:{secrets.token_urlsafe(26)}"),
        ("contact-key", secrets.token_urlsafe(32)),
    ):
        path = made[name] = folder / name
        if not path.exists():
            _write_whole(path, value + "\n")
    return made


def _write_whole(path: Path, text: str) -> None:
    """All of it or nothing, whenever the machine stops: a secret that is there and empty refuses every start."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(fresh, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def service_parts(plan: Plan, bootstrap: str, incarnation: str, secret: Mapping[str, Path]) -> list[Part]:
    """The three services against one broker."""
    common = {
        "SIAGA_KAFKA": bootstrap,
        "SIAGA_BROKER_INCARNATION": incarnation,
        "SIAGA_DATA_DIR": str(plan.data),
        "SIAGA_KAFKA_SESSION_TIMEOUT_MS": "6000",
    }
    own: dict[str, dict[str, str]] = {
        "ingest": {
            "SIAGA_SOURCES": str(plan.feeds_file),
            **({"SIAGA_DEMO_PORT": str(plan.ports.of("feeds"))} if plan.demo else {}),
            **({"SIAGA_CONTACT_URL": plan.contact_url} if plan.contact_url else {}),
        },
        "tagger": {},
        "notifier": {
            "SIAGA_OFFICIALS_FILE": str(plan.officials_file),
            "SIAGA_CONTACT_KEY_FILE": str(secret["contact-key"]),
            "SIAGA_DESK_READS_DEAD": "true",
            "SIAGA_CANARY_EVERY_S": str(plan.canary_every_s),
            "SIAGA_PUBLIC_PORT": str(plan.ports.of("desk")),
            "SIAGA_PUBLIC_URL": f"http://127.0.0.1:{plan.ports.of('desk')}",
            **(_local_telegram(plan, secret) if plan.local_telegram else {}),
            **(_local_mail(plan) if plan.local_mail else {}),
        },
    }
    parts = []
    for name in SERVICES:
        port = plan.ports.of(name)
        env = {**common, "SIAGA_HTTP_PORT": str(port), **own[name]}
        parts.append(Part.python(name, f"services.{name}", env=env, probe=f"http://127.0.0.1:{port}"))
    return parts


def _local_telegram(plan: Plan, secret: Mapping[str, Path]) -> dict[str, str]:
    return {
        "SIAGA_TELEGRAM_TOKEN_FILE": str(secret["telegram-token"]),
        "SIAGA_TELEGRAM_API_URL": f"http://127.0.0.1:{plan.ports.of('telegram')}",
        "SIAGA_CANARY_TELEGRAM_CHAT": str(canary.CHAT),
    }


def _local_mail(plan: Plan) -> dict[str, str]:
    return {
        "SIAGA_SMTP_HOST": "127.0.0.1",
        "SIAGA_SMTP_PORT": str(plan.ports.of("mail")),
        "SIAGA_SMTP_LOCAL_DEMO": "true",
        "SIAGA_CANARY_EMAIL": canary.MAIL,
        "SIAGA_BOUNCE_MAILDIR": str(canary.maildir(plan.data / "demo")),
    }


def demo_part(plan: Plan) -> Part:
    """The stand-ins for the world outside: outlets, a mail server and a Bot API, all on loopback."""
    return Part.python(
        "stand-ins",
        "services.cli.demo",
        "--data",
        str(plan.data / "demo"),
        "--stories",
        str(SEEDS / "stories"),
        "--officials",
        str(plan.officials_file),
        *(("--feeds-port", str(plan.ports.of("feeds"))) if plan.demo else ()),
        "--scene-every",
        str(plan.scene_every_s),
        "--mail-port",
        str(plan.ports.of("mail")),
        "--telegram-port",
        str(plan.ports.of("telegram")),
        env={},
    )
