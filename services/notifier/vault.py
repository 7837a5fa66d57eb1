"""Seal names, addresses and chat ids, each official's under a key of their own."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from services.runtime.errors import OperatorError


class Vault:
    """Holds the master key; an official's key is stored wrapped by it.

    A fingerprint is a keyed hash, so an address can be looked up without being stored in the clear.
    """

    def __init__(self, master: bytes) -> None:
        self._master = Fernet(master)
        self._fingerprint_key = hashlib.sha256(b"siaga fingerprint\0" + master).digest()
        self._button_key = hashlib.sha256(b"siaga button\0" + master).digest()

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> Vault:
        """Read the key file; with ``create`` make it where it is missing, readable by its owner only.

        Raises:
            OperatorError: the file is missing, unreadable or holds no key.
        """
        if create and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(Fernet.generate_key() + b"\n")
        try:
            return cls(path.read_bytes().strip())
        except OSError as error:
            raise OperatorError(f"contact key {path}", f"cannot be read: {error.strerror}") from None
        except ValueError:
            raise OperatorError(
                f"contact key {path}", "is not a key; make one with `siaga officials new-key`"
            ) from None

    def new_key(self) -> bytes:
        """A fresh key for one official, wrapped."""
        return self._master.encrypt(Fernet.generate_key())

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

    def sign(self, text: str) -> str:
        """Eight characters that only this key can make: for a button's callback data."""
        return hmac.new(self._button_key, text.encode(), hashlib.sha256).hexdigest()[:8]

    def signed_by_us(self, text: str, signature: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.sign(text), signature)

    def _key(self, wrapped: bytes) -> Fernet:
        try:
            return Fernet(self._master.decrypt(wrapped))
        except InvalidToken:
            raise OperatorError("contact key", "is not the key the contacts were sealed with") from None
