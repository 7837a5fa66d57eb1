"""The buttons under a card: what they say, and a signature so that only our own presses count."""

from __future__ import annotations

from services.notifier.core.languages import nearest
from services.notifier.core.subscription import Official
from services.notifier.vault import Vault

NOT_RELEVANT, WRONG_REGION, MUTE = "nr", "wr", "mu"
_LABELS = {
    "id": {NOT_RELEVANT: "Bukan relevan", WRONG_REGION: "Salah wilayah", MUTE: "Tunda 24 jam"},
    "en": {NOT_RELEVANT: "Not relevant", WRONG_REGION: "Wrong region", MUTE: "Mute 24 h"},
}
Buttons = tuple[tuple[tuple[str, str], ...], ...]


def card_buttons(vault: Vault, official: Official, incident_id: str) -> Buttons:
    """One row of three; Telegram allows 64 bytes of callback data, this takes 13."""
    labels = _LABELS[nearest(official.language)]
    row = tuple((label, _data(vault, code, official.official_id, incident_id)) for code, label in labels.items())
    return (row,)


def _data(vault: Vault, code: str, official_id: str, incident_id: str) -> str:
    return f"{code}:{vault.sign(f'{code}|{official_id}|{incident_id}')}"


def read_press(vault: Vault, data: str, official_id: str, incident_id: str) -> str | None:
    """The button's code; None if we did not make it for this official and incident."""
    code, _, signature = data.partition(":")
    if code in _LABELS["en"] and vault.signed_by_us(f"{code}|{official_id}|{incident_id}", signature):
        return code
    return None
