"""Key pairs from Secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from pilothouse.dataplane.errors import Denied
from pilothouse.dataplane.types import Sensitive

_ID: Final = "aws_access_key_id"
_KEY: Final = "aws_secret_access_key"
_TOKEN: Final = "aws_session_token"  # noqa: S105 - the name of a Secret's key


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A static key pair, and the session token of a temporary one."""

    access_key_id: str
    secret_access_key: Sensitive
    session_token: Sensitive | None = None

    @classmethod
    def from_secret(cls, name: str, data: Mapping[str, bytes]) -> Self:
        """Read the Secret `name`; `data` is decoded. Raises Denied when a key is missing or is no text."""
        token = _text(name, data, _TOKEN) if _TOKEN in data else ""
        return cls(_text(name, data, _ID), Sensitive(_text(name, data, _KEY)), Sensitive(token) if token else None)


def _text(name: str, data: Mapping[str, bytes], key: str) -> str:
    try:
        text = data.get(key, b"").decode("ascii").strip()
    except UnicodeDecodeError:
        text = ""
    if not text:
        found = ", ".join(sorted(data)) or "none"
        raise Denied(f"Secret {name}: key {key} is missing, empty or no text (keys found: {found}); write it there")
    return text
