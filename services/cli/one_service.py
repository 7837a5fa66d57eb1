"""One service in this process, as in its container."""

from __future__ import annotations

import click

_EXAMPLE = "\n\n\b\nExample:\n  SIAGA_KAFKA=kafka:9092 siaga {name}"


def _command(name: str, does: str) -> click.Command:
    def run() -> int:
        from importlib import import_module  # noqa: PLC0415 - a service's imports cost a second

        return int(import_module(f"services.{name}.__main__").main())

    return click.Command(
        name, callback=run, help=f"{does} Settings come from the environment." + _EXAMPLE.format(name=name)
    )


ingest_command = _command("ingest", "Poll feeds and publish their stories.")
tagger_command = _command("tagger", "Label stories and join them into incidents.")
notifier_command = _command("notifier", "Deliver alerts to officials.")
