"""The stores of an installation as the environment names them: of ingest, tagger, notifier and desk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from services.cli.stores import SERVICES, Stores
from services.cli.where import DEFAULT_DATA
from services.ingest.settings import IngestSettings
from services.notifier.settings import NotifierSettings
from services.runtime.engine import make_engine
from services.runtime.errors import OperatorError
from services.runtime.settings import ServiceSettings, load_settings
from services.tagger.settings import TaggerSettings

_SERVICES = Path(__file__).resolve().parents[1]
#: Store, and where its migrations are.
MIGRATIONS = {
    "ingest": _SERVICES / "ingest" / "migrations",
    "tagger": _SERVICES / "tagger" / "migrations",
    "notifier": _SERVICES / "notifier" / "migrations",
    "desk": _SERVICES / "notifier" / "desk" / "migrations",
}
NAMES = tuple(MIGRATIONS)


@dataclass(frozen=True)
class Holding:
    """One store."""

    name: str
    url: str

    @property
    def migrations(self) -> Path:
        return MIGRATIONS[self.name]

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def file(self) -> Path:
        """The file of a SQLite store."""
        return Path(sa.make_url(self.url).database or "")

    def engine(self) -> sa.Engine:
        """Connections to it.

        Raises:
            OperatorError: the URL is malformed.
        """
        return make_engine(self.url)


def holdings(names: tuple[str, ...] = (), data: Path | None = None) -> list[Holding]:
    """The stores asked for, all where none is named.

    Args:
        names: of ``NAMES``.
        data: the folder of a `siaga run`, whatever the environment says.

    Raises:
        OperatorError: a setting or a password file is wrong.
    """
    given = {"data_dir": data} if data else {}
    in_folder = {"ingest_store": ""}, {"tagger_store": ""}, {"notifier_store": "", "desk_store": ""}
    ingest, tagger, notifier = (given | stores if data else {} for stores in in_folder)
    urls = {
        "ingest": lambda: load_settings(IngestSettings, **ingest).store_url,
        "tagger": lambda: load_settings(TaggerSettings, **tagger).store_url,
        "notifier": lambda: load_settings(NotifierSettings, **notifier).store_url(),
        "desk": lambda: load_settings(NotifierSettings, **notifier).desk_store_url(),
    }
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise OperatorError(unknown[0], f"is no store; there are {', '.join(NAMES)}")
    return [Holding(name, urls[name]()) for name in NAMES if not names or name in names]


def stores_at(data: Path | None) -> Stores:
    """The stores to ask: of the folder named, else as the environment says, else of the last `siaga run` here.

    Raises:
        OperatorError: a setting or a password file is wrong.
    """
    if data is not None:
        return Stores(data)
    told = load_settings(IngestSettings).ingest_store, load_settings(TaggerSettings).tagger_store
    if any((*told, load_settings(NotifierSettings).notifier_store)):
        return Stores(Path(), {one.name: one.url for one in holdings(SERVICES)})
    return Stores(DEFAULT_DATA if DEFAULT_DATA.exists() else load_settings(ServiceSettings).data_dir)
