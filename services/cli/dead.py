"""`siaga dead`: what could not be handled, and again when it can."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from services.cli.letters import InStores, Letter, OnTopic
from services.cli.stores import Stores
from services.cli.where import DEFAULT_DATA, is_running, read_word
from services.runtime.errors import OperatorError
from services.runtime.settings import ServiceSettings, load_settings


def _letters_of(data: Path | None) -> OnTopic | InStores:
    """The topic `dead`; or the stores, where the last `siaga run` on this folder had a broker that forgets."""
    folder = data or DEFAULT_DATA
    word, stores = read_word(folder), Stores(folder)
    if data is not None and word is None and not stores.present():
        raise OperatorError(str(folder), "holds no store of `siaga run`")
    settings = load_settings(ServiceSettings)
    told_of_kafka = "kafka" in settings.model_fields_set
    # A run that ended speaks for its folder only where the folder is named or no other broker is.
    if word is None or not (is_running(word) or data is not None or not told_of_kafka):
        return InStores(stores) if data is not None and not told_of_kafka else OnTopic(settings)
    if word.embedded:
        return InStores(stores)
    return OnTopic(load_settings(ServiceSettings, kafka=word.bootstrap))


async def _chosen(
    source: OnTopic | InStores, wanted: tuple[str, ...], *, everything: bool = False
) -> list[Letter]:
    known = {letter.id: letter for letter in await source.letters()}
    for letter in wanted:
        if letter not in known:
            raise OperatorError(f"dead letter {letter}", "is not there; `siaga dead list` shows what is")
    return list(known.values()) if everything else [known[letter] for letter in dict.fromkeys(wanted)]


_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of a `siaga run` (default: {DEFAULT_DATA} where there is one, else SIAGA_KAFKA).",
)


@click.group("dead")
def dead_command() -> None:
    """What could not be handled, why, and again when it can.

    \b
    Example:
      siaga dead list
      siaga dead show 17
      siaga dead replay 17
    """


@dead_command.command("list")
@_DATA
def list_letters(data: Path | None) -> None:
    """One JSON line a letter, the oldest first: where it came from and why it is here.

    \b
    Example:
      siaga dead list | jq .reason
    """
    for letter in asyncio.run(_letters_of(data).letters()):
        click.echo(json.dumps(letter.line(), ensure_ascii=False))


@dead_command.command("show")
@click.argument("letter_id")
@_DATA
def show_letter(letter_id: str, data: Path | None) -> None:
    """The whole letter.  It holds the raw bytes, which may name victims: keep it to yourself.

    \b
    Example:
      siaga dead show 17
    """
    (letter,) = asyncio.run(_chosen(_letters_of(data), (letter_id,)))
    body = letter.value.decode("utf-8", "backslashreplace")
    click.echo(
        json.dumps(letter.line() | {"headers": letter.headers, "value": body}, ensure_ascii=False, indent=2)
    )


@dead_command.command("replay")
@click.argument("letter_ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every letter there is.")
@_DATA
def replay_letters(letter_ids: tuple[str, ...], everything: bool, data: Path | None) -> None:
    """Put letters back on the topic they came from, with the bytes and key they came with.

    With the in-memory broker the service that could not handle a letter publishes it again within a
    second; while `siaga run` is stopped, at its next start.

    \b
    Example:
      siaga dead replay 17 18
      siaga dead replay --all
    """
    if bool(letter_ids) == everything:
        raise click.UsageError("name letters, or say --all")
    source = _letters_of(data)

    async def replay() -> None:
        await source.replay(await _chosen(source, letter_ids, everything=everything), _say)

    asyncio.run(replay())
    word = read_word(data or DEFAULT_DATA)
    if isinstance(source, InStores) and not (word and is_running(word)):
        click.echo("siaga: `siaga run` is stopped there; what was replayed goes out at its next start", err=True)


def _say(letter: Letter) -> None:
    click.echo(json.dumps({"replayed": letter.id, "to": letter.came_from}))
