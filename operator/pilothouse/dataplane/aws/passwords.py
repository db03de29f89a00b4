"""Passwords that are set and cannot be read back: a digest of the one that was set is kept beside them, as a tag.

So one that is not this installation's any more, after a restore, is seen and set anew. The digest tells nothing: what
it is taken over has 160 bits that nobody can guess.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from pilothouse.api.meta import GROUP
from pilothouse.api.plan import Change
from pilothouse.dataplane.types import Sensitive, shown

TAG: Final = f"{GROUP}/password"
OUTPUT: Final = "password"

_DIGITS: Final = 16


def digest(password: Sensitive) -> str:
    """Return what the tag says of a password."""
    return hashlib.sha256(password.encode()).hexdigest()[:_DIGITS]


def tags(password: Sensitive) -> dict[str, str]:
    """Return the tag to keep beside a password that is set."""
    return {TAG: digest(password)}


def found(tagged: Mapping[str, str]) -> str:
    """Return the digest of the password that was set last by any installation; empty where none ever did."""
    return tagged.get(TAG, "")


def change(path: str, password: Sensitive) -> Change:
    """Return what a Plan shows of a password that is set anew."""
    return Change.model_validate({"path": path, "from": shown(password), "to": shown(password)})
