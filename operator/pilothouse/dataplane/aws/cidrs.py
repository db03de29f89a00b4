"""IP ranges, written the one way in which AWS gives them back: with another, a thing would differ for ever."""

import ipaddress
from typing import Annotated, Final

from pydantic import AfterValidator, Field


def _canonical(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is not an IP range: write one such as 10.0.0.0/16 or 2001:db8::/56") from None
    if text != str(network):
        raise ValueError(f"AWS keeps {text} as {network}: write {network}")
    return text


CANONICAL: Final = AfterValidator(_canonical)

IPv4Range = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+\.\d+/\d+$", max_length=18), CANONICAL]
"""Such as 10.0.0.0/16."""

IPv6Range = Annotated[str, Field(pattern=r"^[0-9a-f:.]+/\d+$", max_length=49), CANONICAL]
"""Such as 2001:db8::/56."""
