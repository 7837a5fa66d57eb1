"""The databases in compose: one a service, and none may look into another's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import ROOT


def psql_folder() -> str:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))
    on_path = shutil.which("psql")
    return str(found[-1].parent) if found else str(Path(str(on_path)).parent)


def init(url: sa.URL, secrets: Path) -> None:
    environment = {
        "PATH": f"{psql_folder()}:{os.environ['PATH']}",
        "PGHOST": str(url.host),
        "PGPORT": str(url.port),
        "POSTGRES_USER": str(url.username),
        "SECRETS": str(secrets),
    }
    subprocess.run([ROOT / "deploy" / "postgres" / "init.sh"], check=True, env=environment)


def test_each_service_owns_its_database_and_enters_no_other(postgres: str, tmp_path: Path) -> None:
    url = sa.make_url(postgres)
    subprocess.run([ROOT / "deploy" / "secrets" / "make.sh", tmp_path], check=True)
    init(url, tmp_path)
    own = sa.create_engine(url.set(username="tagger", database="tagger"), poolclass=sa.NullPool)
    with own.begin() as connection:
        connection.execute(sa.text("CREATE TABLE kept (id int)"))
    other = sa.create_engine(url.set(username="tagger", database="notifier"), poolclass=sa.NullPool)
    with pytest.raises(sa.exc.OperationalError, match="permission denied"):
        other.connect()
    # Before a restore one database is dropped; the others stay, and so do the owners of all.
    own.dispose()
    admin = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text("DROP DATABASE notifier"))
    init(url, tmp_path)
    with own.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["kept"]
    anew = sa.create_engine(url.set(username="notifier", database="notifier"), poolclass=sa.NullPool)
    with anew.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
