"""`siaga words`: which languages cards can be written in, and which words of them are missing."""

from __future__ import annotations

from pathlib import Path

import click

from services.notifier.core.languages import NAMES, nearest
from services.notifier.settings import NotifierSettings
from services.notifier.word_files import load_languages, read_language
from services.runtime.settings import load_settings


@click.command("words")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--missing", is_flag=True, help="Name every word that is missing.")
def words_command(file: Path | None, missing: bool) -> None:
    """Check the files of words: how complete each language is, and whether a native speaker read it.

    \b
    Example:
      siaga words
      siaga words --missing seeds/words/km.yaml
    """
    found = [read_language(file)] if file else load_languages(load_settings(NotifierSettings).words)
    for language in found:
        code = language.words.language
        done = language.keys - len(language.missing)
        state = "reviewed" if language.reviewed else "not reviewed"
        rest = f", the rest in {NAMES[nearest(code)]}" if language.missing else ""
        click.echo(f"{code:4} {NAMES[code]:18} {done} of {language.keys} words, {state}{rest}")
        for key in language.missing if missing else ():
            click.echo(f"     {key}")
