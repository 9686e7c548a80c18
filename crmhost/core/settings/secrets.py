"""Encryption of stored secrets: AES-256-GCM with a key derived from the site's secret key."""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ...errors import CrmError
from ...messages import Message

_NONCE = 12


class Cipher:
    """Encrypts short secrets and decrypts them.

    :param secret_key: the site's secret key (``CRMHOST_SECRET_KEY``).
    :param previous: keys it had before; what they encrypted can still be read.
    """

    def __init__(self, secret_key: str, *previous: str) -> None:
        keys = [_derive(key) for key in (secret_key, *previous)]
        self.key_id = _key_id(keys[0])
        self._keys = {_key_id(key): AESGCM(key) for key in reversed(keys)}

    def encrypt(self, text: str, context: str) -> tuple[bytes, str]:
        """The text encrypted, and the id of the key that was used.

        :param context: what the secret is for (the name of the setting); it can only be decrypted for the same.
        """
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self.key_id].encrypt(nonce, text.encode(), context.encode())
        return nonce + sealed, self.key_id

    def knows(self, key_id: str) -> bool:
        """Whether what was encrypted with the key of this id can be read."""
        return key_id in self._keys

    def decrypt(self, sealed: bytes, key_id: str, context: str) -> str:
        """The text that was encrypted.

        :raises CrmError: when the key is not known or the bytes were changed.
        """
        key = self._keys.get(key_id)
        if key is None:
            raise CrmError(
                Message(
                    "“%(context)s” was stored under another secret key (id %(key_id)s): give that key or enter it again.",
                    context=context,
                    key_id=str(key_id),
                )
            )
        try:
            return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise CrmError(Message("“%(context)s” can't be decrypted: enter it again.", context=context)) from error


def _derive(secret_key: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"crmhost settings").derive(secret_key.encode())


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"id" + key).hexdigest()[:12]
