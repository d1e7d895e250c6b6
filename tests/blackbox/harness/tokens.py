"""Makes access tokens by hand, good ones and bad ones, with HMAC code of its own."""

import base64
import hashlib
import hmac
import json
import time
import uuid

from harness import api_keys

# A test secret of 43 bytes; the server gets it with --signing-secret.
SECRET = "blackbox-only-K3v9zQ7mWx2LrT8pYd5NcJ6hGf4Bs"
KID = "configured"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(token: str) -> tuple:
    """Header and claims, not verified."""
    return tuple(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
                 for part in token.split(".")[:2])


def header(**changes) -> dict:
    return _changed({"alg": "HS256", "typ": "at+jwt", "kid": KID}, changes)


def claims(agent, /, **changes) -> dict:
    """Good claims for an agent that came by its own key."""
    now = int(time.time())
    good = {"iss": "agentauth", "aud": "agentauth", "sub": agent.agent_id,
            "agent_id": agent.agent_id, "key": api_keys.parts(agent.api_key)[0],
            "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
    return _changed(good, changes)


def sign(head, body, secret=SECRET, digest=hashlib.sha256) -> str:
    """`head` and `body` are objects, or text when the very bytes matter."""
    signed = ".".join(base64url((part if isinstance(part, str) else json.dumps(part)).encode())
                      for part in (head, body))
    mac = hmac.new(secret.encode(), signed.encode(), digest).digest()
    return f"{signed}.{base64url(mac)}"


def _changed(good: dict, changes: dict) -> dict:
    # None removes the member: absent is what most of these tests are about.
    return {name: value for name, value in {**good, **changes}.items() if value is not None}
