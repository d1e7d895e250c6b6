"""The shape of an API key: aa_<kid>_<secret><checksum>, and how to make one up."""

import re
import secrets
import zlib
from pathlib import Path

SHAPE = re.compile(r"aa_([0-9A-Za-z]{12})_([0-9a-f]{64})([0-9A-Za-z]{6})")
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def parts(api_key: str) -> tuple:
    """kid, secret and checksum."""
    match = SHAPE.fullmatch(api_key)
    assert match, "not the shape of an API key"
    return match.groups()


def checksum(text: str) -> str:
    """CRC-32 of `text` as six base62 characters."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = DIGITS[digit] + digits
    return digits


def assemble(kid: str, secret: str) -> str:
    start = f"aa_{kid}_{secret}"
    return start + checksum(start)


def unknown() -> str:
    """A key that nobody has, checksum right."""
    return assemble("".join(secrets.choice(DIGITS) for _ in range(12)), secrets.token_hex(32))


def wrong_secret(api_key: str) -> str:
    """The same kid with another secret, checksum right."""
    return assemble(parts(api_key)[0], secrets.token_hex(32))


def wrong_checksum(api_key: str) -> str:
    return api_key[:-1] + ("a" if api_key[-1] != "a" else "b")


def new_key_file(folder: Path, api_key: str) -> Path:
    """For --api-key-file: nobody else may read it, so nothing is said about that."""
    path = folder / "api.key"
    path.touch(mode=0o600)
    path.write_text(api_key)
    return path
