"""Run ingest as a process of its own: ``python -m services.ingest``."""

from __future__ import annotations

import sys

from services.ingest.app import create_service
from services.ingest.settings import IngestSettings
from services.runtime.errors import guarded
from services.runtime.logs import configure_logs
from services.runtime.process import run_service
from services.runtime.settings import load_settings


def main() -> int:
    """The exit status: 0 when asked to stop, 2 for what the operator can mend."""
    settings = load_settings(IngestSettings)
    configure_logs("ingest", settings.log_level)
    return run_service(lambda: create_service(settings))


if __name__ == "__main__":
    sys.exit(guarded("siaga-ingest", main))
