"""Sign the buttons of the bot's menus, so that only our own, fresh ones count, and only for their official."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.notifier.core.menus import Menu, Verb
from services.notifier.vault import Vault

VALID_S = 24 * 3600.0
_SIGNATURE = 12
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
Keyboard = tuple[tuple[tuple[str, str], ...], ...]


class Stale(StrEnum):
    """Why a button of ours counts no more."""

    EXPIRED = "expired"
    REPLAYED = "replayed"


@dataclass(frozen=True)
class Press:
    """A button of ours, pressed by its official."""

    verb: Verb
    argument: str


def sign_menu(vault: Vault, official_id: str, number: int, menu: Menu, now: float) -> Keyboard:
    """The menu's rows as label and callback data; a code of a topic makes the longest, 55 of 64 bytes."""
    until = _base36(int((now + VALID_S) // 60))
    return tuple(
        tuple(
            (button.label, _data(vault, official_id, f"{button.verb}:{button.argument}:{_base36(number)}:{until}"))
            for button in row
        )
        for row in menu.rows
    )


def _data(vault: Vault, official_id: str, said: str) -> str:
    return f"{said}:{vault.mark('menu', f'{official_id}|{said}')[:_SIGNATURE]}"


def read_press(vault: Vault, official_id: str, number: int, data: str, now: float) -> Press | Stale | None:
    """What was pressed; None if we did not make it for this official.

    ``number`` grows with every choice, so a button that was made before another choice cannot undo it.
    """
    said, _, signature = data.rpartition(":")
    if not vault.marked_by_us("menu", f"{official_id}|{said}", signature, length=_SIGNATURE):
        return None
    verb, argument, made_at, until = said.split(":")
    if now >= int(until, 36) * 60:
        return Stale.EXPIRED
    if Verb(verb) is not Verb.WHY and int(made_at, 36) != number:
        return Stale.REPLAYED
    return Press(Verb(verb), argument)


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits
