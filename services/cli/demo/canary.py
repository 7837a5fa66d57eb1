"""The test subscriber of the demo: where its synthetic alerts go, and how often."""

from __future__ import annotations

from pathlib import Path

CHAT = 900000099
CHAT_NAME = "Siaga canary (synthetic, no news)"
MAIL = "canary@siaga.example"
#: Fifteen minutes is for a system that is watched by nobody's eyes.
EVERY_S = 60.0


def maildir(demo: Path) -> Path:
    """Where its mails can be read back, apart from everybody else's."""
    return demo / "canary-mail"
