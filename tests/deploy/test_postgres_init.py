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


def test_each_service_owns_its_database_and_enters_no_other(postgres: str, tmp_path: Path) -> None:
    url = sa.make_url(postgres)
    subprocess.run([ROOT / "deploy" / "secrets" / "make.sh", tmp_path], check=True)
    environment = {
        "PATH": f"{psql_folder()}:{os.environ['PATH']}",
        "PGHOST": str(url.host),
        "PGPORT": str(url.port),
        "POSTGRES_USER": str(url.username),
        "SECRETS": str(tmp_path),
    }
    subprocess.run([ROOT / "deploy" / "postgres" / "init.sh"], check=True, env=environment)
    own = sa.create_engine(url.set(username="tagger", database="tagger"), poolclass=sa.NullPool)
    with own.begin() as connection:
        connection.execute(sa.text("CREATE TABLE kept (id int)"))
    other = sa.create_engine(url.set(username="tagger", database="notifier"), poolclass=sa.NullPool)
    with pytest.raises(sa.exc.OperationalError, match="permission denied"):
        other.connect()
