"""`siaga`: the one command line, and the one place that may know every service."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

import click

from services.runtime.errors import EXIT_OPERATOR, OperatorError, one_line

#: Command, where it lives, its line in `siaga --help`.  Loaded when asked for: `siaga tag` needs no Kafka.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("services.cli.run:run_command", "The whole system on this machine."),
    "ingest": ("services.cli.one_service:ingest_command", "Only the service that polls feeds."),
    "tagger": ("services.cli.one_service:tagger_command", "Only the service that labels and joins stories."),
    "notifier": ("services.cli.one_service:notifier_command", "Only the service that delivers."),
    "topics": ("services.cli.topics:topics_command", "Create the Kafka topics, or check them."),
    "migrate": ("services.cli.migrate:migrate_command", "Bring the stores' schemas up to date."),
    "backup": ("services.cli.backup:backup_command", "Copy every store, while the services run."),
    "restore": ("services.cli.backup:restore_command", "Put a backup back, and complete it from Kafka."),
    "tag": ("services.cli.tag:tag_command", "Label stories given as JSON lines."),
    "eval": ("services.cli.evaluate:eval_command", "The tagger's figures on a labelled file."),
    "feeds": ("services.cli.feeds:feeds_command", "Look at sources before they are trusted."),
    "desk": ("services.cli.desk:desk_command", "Who may do more at the desk than look."),
    "officials": ("services.cli.officials:officials_command", "Who may receive, and what."),
    "readers": ("services.cli.readers:readers_command", "Which systems may read the feeds."),
    "webhooks": ("services.cli.webhooks:webhooks_command", "Where signed messages go, and what became of them."),
    "dead": ("services.cli.dead:dead_command", "What could not be handled."),
    "replay": ("services.cli.replay:replay_command", "Stored stories once more, after a change of rules."),
    "corrections": ("services.cli.corrections:corrections_command", "What officials corrected by a button."),
    "words": ("services.cli.words:words_command", "Languages of cards, and what they lack."),
    "backtest": ("services.cli.backtest:backtest_command", "What a subscription would have brought."),
    "why": ("services.cli.why:why_command", "What became of a story, step by step."),
}


class _Lazy(click.Group):
    """Imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        found: Any = getattr(importlib.import_module(module), name)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Watches the news for human trafficking and border crime and tells each responsible official once.

    \b
    Example:
      siaga run              the demo: seed feeds in, alerts out, nothing leaves this machine
      siaga run --help       everything it can do
    """


def main() -> int:
    """Run the command line; an operator's mistake is one line on stderr and exit status 2."""
    # Each refused connection would print a line before ours; a service still logs them by its own handler.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    try:
        return int(cli.main(prog_name="siaga", standalone_mode=False) or 0)
    except OperatorError as error:
        click.echo(f"siaga: {error}", err=True)
        return EXIT_OPERATOR
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)  # several commands to choose from: no single line says which
        return EXIT_OPERATOR
    except click.ClickException as error:
        click.echo(f"siaga: {one_line(error.format_message())}", err=True)
        return EXIT_OPERATOR
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # `siaga … | head`: whoever read us has gone, which is no fault of ours.
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
