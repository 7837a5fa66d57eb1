"""Run the notifier: ``python -m services.notifier``."""

from __future__ import annotations

import sys

from services.notifier.app import create_service
from services.notifier.settings import NotifierSettings
from services.runtime.errors import guarded
from services.runtime.logs import configure_logs
from services.runtime.process import run_service
from services.runtime.settings import load_settings


def main() -> int:
    """Read the environment, run until told to stop; the exit status."""
    settings = load_settings(NotifierSettings)
    configure_logs("notifier", settings.log_level)
    return run_service(lambda: create_service(settings))


if __name__ == "__main__":
    sys.exit(guarded("siaga-notifier", main))
