"""The notifier's settings: the one place where its environment is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from services.notifier.channels.email import MailServer
from services.notifier.core.mail_text import is_plain_address
from services.runtime.errors import OperatorError
from services.runtime.settings import ServiceSettings, read_secret

_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class NotifierSettings(ServiceSettings):
    """Every field is the variable ``SIAGA_<NAME>``."""

    notifier_store: str = Field(default="", description="store URL; SQLite in the data folder by default")
    contact_key_file: Path | None = Field(
        default=None, description="secret that seals names and addresses; made in the data folder if not set"
    )
    officials_file: Path | None = Field(
        default=None, description="officials to take over at start; an entry counts as approved"
    )
    telegram_token_file: Path | None = Field(default=None, description="unset: the channel is off")
    telegram_api_url: str = Field(default="https://api.telegram.org", description="Bot API server")
    telegram_poll: bool = Field(default=True, description="read commands and buttons with getUpdates")
    smtp_host: str = Field(default="", description="mail server; unset: the channel is off")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls"] = "starttls"
    smtp_local_demo: bool = Field(default=False, description="no TLS: for a server on this machine only")
    smtp_username: str = ""
    smtp_password_file: Path | None = None
    smtp_ca_file: Path | None = None
    mail_from: str = Field(default="siaga@localhost.localdomain", description="sender, one plain mailbox")
    bounce_maildir: Path | None = Field(
        default=None,
        description="Maildir to which the mail server delivers what comes back: returned mails and answers",
    )
    mail_domains: str = Field(
        default="",
        description="domains, divided by commas, at which an invited official proves a mailbox; unset: no code",
    )
    mail_authserv_id: str = Field(
        default="",
        description="how our mail server signs Authentication-Results; set: an answer must have passed there",
    )
    words: Path = Field(
        default=Path("seeds/words"), description="words of cards in further languages, one file each"
    )
    keep_alerts_days: int = Field(default=90, ge=1, le=3650, description="how long `siaga backtest` can look back")
    canary_every_s: float = Field(
        default=900.0, ge=10.0, description="seconds between two synthetic alerts to the test subscribers"
    )
    canary_telegram_chat: int | None = Field(
        default=None, description="chat that gets a synthetic alert every SIAGA_CANARY_EVERY_S"
    )
    canary_email: str = Field(
        default="", description="mailbox that gets one, delivered into the Maildir of SIAGA_BOUNCE_MAILDIR"
    )
    admin_file: Path | None = Field(
        default=None, description="secret of the admin who works at the command line: `siaga officials admin add`"
    )
    public_url: str = Field(
        default="", description="https://host[:port] by which the outside reaches the public port"
    )
    public_host: str = "127.0.0.1"
    public_port: int | None = Field(
        default=None, ge=0, le=65535, description="of feeds and the page that stops mails; unset: not served"
    )
    outlet_days: int = Field(default=30, ge=1, le=366, description="feeds show what changed within so many days")
    desk_store: str = Field(default="", description="store URL of the desk; SQLite in the data folder by default")
    desk_reads_dead: bool = Field(
        default=False, description="the desk lists dead letters; needs Read on `dead`, where raw text is"
    )
    desk_keep_days: int = Field(
        default=90, ge=1, le=3650, description="the desk shows what changed within so many days"
    )
    outline: Path = Field(default=Path("seeds/places/outline.json"), description="the land on the desk's map")
    webhooks_file: Path | None = Field(default=None, description="where signed webhooks go; unset: nowhere")
    webhook_loopback: bool = Field(default=False, description="webhooks may go to this very machine, to try them")
    webhook_disable_after_days: float = Field(
        default=5.0, gt=0, description="a target that took nothing for so long is switched off"
    )

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        if not value:
            return value
        url = value.rstrip("/")
        parts = urlsplit(url)
        here = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or parts.query or parts.fragment or not (parts.scheme == "https" or here):
            raise ValueError("is not https://host[:port]")
        return url

    @field_validator("mail_domains")
    @classmethod
    def _domains(cls, value: str) -> str:
        for domain in filter(None, (part.strip() for part in value.split(","))):
            if not _DOMAIN.fullmatch(domain):
                raise ValueError("is not a list of mail domains such as polri.example,kemlu.example")
        return value

    def allowed_domains(self) -> frozenset[str]:
        """Where a mailbox counts as an office's; compared whole, a sub-domain is another one."""
        return frozenset(part.strip().lower() for part in self.mail_domains.split(",") if part.strip())

    def canary_addresses(self) -> dict[str, str]:
        """By channel, the test subscriber of the synthetic alerts.

        Raises:
            OperatorError: a mailbox that nobody could read back from.
        """
        found: dict[str, str] = {}
        if self.canary_telegram_chat is not None:
            found["telegram"] = str(self.canary_telegram_chat)
        if self.canary_email:
            if not is_plain_address(self.canary_email):
                raise OperatorError("environment SIAGA_CANARY_EMAIL", "is not one plain mailbox")
            if self.bounce_maildir is None:
                raise OperatorError("environment SIAGA_CANARY_EMAIL", "needs SIAGA_BOUNCE_MAILDIR to be read back")
            found["email"] = self.canary_email
        return found

    def store_url(self) -> str:
        """The store's URL."""
        return self.store_or_default(self.notifier_store, "notifier")

    def desk_store_url(self) -> str:
        """The URL of the desk's own store."""
        return self.store_or_default(self.desk_store, "desk")

    @property
    def is_https(self) -> bool:
        """Whether the public port is reached by HTTPS alone."""
        return self.public_url.startswith("https://")

    @property
    def serves_stops(self) -> bool:
        """Whether a link in a mail leads to our page: it is served, and a mail program would post to it."""
        return self.public_port is not None and self.is_https

    def key_file(self) -> Path:
        """Where the contacts' key is."""
        return self.contact_key_file or self.data_dir / "contact-key"

    def telegram_token(self) -> str | None:
        """The bot's token; None if the channel is off."""
        if self.telegram_token_file is None:
            return None
        return read_secret("SIAGA_TELEGRAM_TOKEN_FILE", self.telegram_token_file)

    def mail_server(self) -> MailServer | None:
        """The mail server; None if the channel is off.

        Raises:
            OperatorError: clear text to another machine, or a sender that is not a mailbox.
        """
        if not self.smtp_host:
            return None
        if self.smtp_local_demo and self.smtp_host not in _LOOPBACK:
            raise OperatorError("environment SIAGA_SMTP_LOCAL_DEMO", "is for a server on this machine only")
        if not is_plain_address(self.mail_from):
            raise OperatorError("environment SIAGA_MAIL_FROM", "is not one plain mailbox")
        password = ""
        if self.smtp_username:
            password = read_secret("SIAGA_SMTP_PASSWORD_FILE", self.smtp_password_file)
        return MailServer(
            host=self.smtp_host,
            port=self.smtp_port,
            sender=self.mail_from,
            security="plaintext" if self.smtp_local_demo else self.smtp_security,
            username=self.smtp_username,
            password=password,
            ca_file=self.smtp_ca_file,
        )
