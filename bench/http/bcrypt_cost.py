"""bcrypt from libxcrypt, the library the server uses: what one hash costs on this machine."""

import base64
import ctypes
import os
import time

library = ctypes.CDLL("libcrypt.so.1")
library.crypt.restype = ctypes.c_char_p
library.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]

STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
BCRYPT = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def new_setting(cost: int) -> bytes:
    salt = base64.b64encode(os.urandom(16)).rstrip(b"=").translate(bytes.maketrans(STANDARD, BCRYPT))
    # The last of 22 characters carries two bits; libxcrypt refuses others there.
    return f"$2b${cost:02}$".encode() + salt[:21] + b"."


def hash_of(secret: str, cost: int) -> str:
    hashed = library.crypt(secret.encode(), new_setting(cost))
    if not hashed or not hashed.startswith(b"$2b$"):
        raise RuntimeError("libxcrypt did not make a bcrypt hash")
    return hashed.decode()


def seconds(cost: int) -> float:
    """One hash of a secret as long as an API key's."""
    secret = os.urandom(32).hex()
    started = time.perf_counter()
    hash_of(secret, cost)
    return time.perf_counter() - started
