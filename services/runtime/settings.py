"""Settings that every service has, from the environment; a mistake is one line that names the variable."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.errors import OperatorError

PREFIX = "SIAGA_"


class ServiceSettings(BaseSettings):
    """Common to ingest, tagger and notifier; every field is the variable ``SIAGA_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    kafka: str = Field(default="127.0.0.1:9092", description="bootstrap address, host:port[,host:port]")
    kafka_security: Literal["plaintext", "sasl_plaintext", "ssl", "sasl_ssl"] = "plaintext"
    kafka_username: str = Field(default="", description="whom the broker knows us as, by SCRAM-SHA-512")
    kafka_password_file: Path | None = Field(default=None, description="file that holds the SCRAM password")
    kafka_ca_file: Path | None = Field(
        default=None, description="PEM of who signs the brokers' certificates; unset: the system's authorities"
    )
    broker_incarnation: str = Field(
        default="",
        description="set by `siaga run` for the in-memory broker, which forgets: names this start of it",
    )
    replication_factor: int = Field(default=1, ge=1, le=9, description="of topics created at first use")
    kafka_session_timeout_ms: int = Field(default=10_000, ge=6_000, le=300_000)
    stall_after_s: float = Field(
        default=180.0, gt=0, description="a consumer that commits nothing for so long ends its process"
    )
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65535, description="of health and metrics; 0 takes a free one")
    otlp_url: str = Field(
        default="", description="where spans go, e.g. http://collector:4318/v1/traces; empty: nothing is traced"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    data_dir: Path = Field(default=Path("var"), description="where SQLite stores live by default")
    store_passwords: Path | None = Field(
        default=None, description="folder whose file <service>-password opens that service's store"
    )
    migrate: Literal["auto", "never"] = Field(
        default="auto", description="never: start only on a schema that `siaga migrate` has brought up to date"
    )

    @field_validator("kafka")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for part in value.split(","):
            host, _, port = part.strip().rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                raise ValueError("is not host:port[,host:port]")
        return value

    @property
    def migrates(self) -> bool:
        """Whether a service brings its schema up to date when it starts."""
        return self.migrate == "auto"

    def store_or_default(self, url: str, name: str) -> str:
        """The store's URL, by default SQLite in the data folder; a password comes from its file.

        Raises:
            OperatorError: the password's file cannot be read.
        """
        if not url:
            return f"sqlite:///{self.data_dir / name}.sqlite3"
        if self.store_passwords is None or not url.startswith("postgresql"):
            return url
        password = read_secret("SIAGA_STORE_PASSWORDS", self.store_passwords / f"{name}-password")
        try:
            return sa.make_url(url).set(password=password).render_as_string(hide_password=False)
        except sa.exc.ArgumentError:
            return url  # said by whoever opens it


T = TypeVar("T", bound=BaseSettings)


def load_settings(cls: type[T], **given: Any) -> T:
    """Read the environment.

    Raises:
        OperatorError: names the variable and what is wrong with it; values are never printed,
            since one of them may be a secret in the wrong place.
    """
    try:
        return cls(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise OperatorError(f"environment {name}", str(first["msg"])) from None


def read_secret(variable: str, path: Path | None) -> str:
    """The one line a secret's file holds.

    Raises:
        OperatorError: the variable is not set, the file cannot be read, or it is empty.
    """
    if path is None:
        raise OperatorError(f"environment {variable}", "is not set: it names the file that holds the secret")
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise OperatorError(f"{variable} {path}", f"cannot be read: {reason}") from None
    if not secret:
        raise OperatorError(f"{variable} {path}", "is empty")
    return secret
