"""Seal names, addresses and chat ids, each official's under a key of their own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.runtime.errors import OperatorError

#: 32 characters of base64 are 192 random bits.
_SHORTEST = 32
_KNOWN_AT_MOST = 3


def _derive(purpose: bytes, secret: bytes) -> bytes:
    return hashlib.sha256(b"siaga " + purpose + b"\0" + secret).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class Vault:
    """Holds the master key; an official's key is stored wrapped by it.

    A fingerprint is a keyed hash, so an address can be looked up without being stored in the clear.

    Attributes:
        older: while the secret is being changed, those before it: what they made counts, they make nothing new.
    """

    def __init__(self, secret: bytes, *older: bytes) -> None:
        self.older = tuple(Vault(one) for one in older)
        self._own = Fernet(base64.urlsafe_b64encode(_derive(b"contacts", secret)))
        self._master = MultiFernet([self._own, *(vault._own for vault in self.older)])
        self._fingerprint_key = _derive(b"fingerprint", secret)
        self._button_key = _derive(b"button", secret)
        self._mark_key = _derive(b"marks", secret)

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> Vault:
        """Read the secret's file; with ``create`` make it where it is missing, readable by its owner only.

        A line is a secret: the first makes everything, those below it are only still known.

        Raises:
            OperatorError: the file is missing or unreadable, or a line of it is too short to be a secret.
        """
        if create and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_urlsafe(32).encode() + b"\n")
        try:
            found = [line.strip() for line in path.read_bytes().strip().splitlines() if line.strip()] or [b""]
        except OSError as error:
            raise OperatorError(f"contact key {path}", f"cannot be read: {error.strerror}") from None
        if min(map(len, found)) < _SHORTEST:
            raise OperatorError(f"contact key {path}", f"is shorter than {_SHORTEST} characters")
        if len(found) > _KNOWN_AT_MOST or len(set(found)) < len(found):
            raise OperatorError(f"contact key {path}", f"holds more than {_KNOWN_AT_MOST} secrets, or one twice")
        return cls(*found)

    def new_key(self) -> bytes:
        """A fresh key for one official, wrapped."""
        return self._master.encrypt(Fernet.generate_key())

    def made_with_this(self, wrapped: bytes) -> bool:
        """Whether a key is wrapped by the newest secret."""
        try:
            self._own.decrypt(wrapped)
        except InvalidToken:
            return False
        return True

    def seal(self, wrapped: bytes, text: str) -> bytes:
        """Encrypt a name, an address or a chat id."""
        return self._key(wrapped).encrypt(text.encode())

    def unseal(self, wrapped: bytes, sealed: bytes) -> str:
        """Decrypt what ``seal`` made.

        Raises:
            OperatorError: the key file is not the one it was sealed with.
        """
        try:
            return self._key(wrapped).decrypt(sealed).decode()
        except InvalidToken:
            raise OperatorError("contact key", "is not the key the contacts were sealed with") from None

    def fingerprint(self, channel: str, address: str) -> str:
        """The same for the same address, and nothing can be read from it without the key."""
        return hmac.new(self._fingerprint_key, f"{channel}\0{address}".encode(), hashlib.sha256).hexdigest()

    def fingerprints(self, channel: str, address: str) -> tuple[str, ...]:
        """What may stand in the store for this address: the newest first."""
        return tuple(vault.fingerprint(channel, address) for vault in (self, *self.older))

    def sign(self, text: str) -> str:
        """Eight characters that only this key can make: for a button's callback data."""
        return hmac.new(self._button_key, _bytes(text), hashlib.sha256).hexdigest()[:8]

    def signed_by_us(self, text: str, signature: str) -> bool:
        """Compare in constant time."""
        # What is given may be any text, also one with half a surrogate pair: JSON can carry it.
        return any(
            hmac.compare_digest(vault.sign(text).encode(), _bytes(signature)) for vault in (self, *self.older)
        )

    def mark(self, purpose: str, text: str) -> str:
        """64 characters that only this key can make of this text for this purpose."""
        return hmac.new(self._mark_key, _bytes(f"{purpose}\0{text}"), hashlib.sha256).hexdigest()

    def marked_by_us(self, purpose: str, text: str, mark: str, *, length: int = 64) -> bool:
        """Whether ``mark`` is the beginning of ours; compared in constant time."""
        return any(
            hmac.compare_digest(vault.mark(purpose, text)[:length].encode(), _bytes(mark))
            for vault in (self, *self.older)
        )

    def _key(self, wrapped: bytes) -> Fernet:
        try:
            return Fernet(self._master.decrypt(wrapped))
        except InvalidToken:
            raise OperatorError("contact key", "is not the key the contacts were sealed with") from None
