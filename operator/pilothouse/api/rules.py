"""A model's rules said twice: as CEL for the API server, which refuses early, and here for every other way in."""

from pilothouse.api.meta import Rules


def check(rules: Rules, *holds: bool) -> None:
    """Raise ValueError with the message of the first of `rules` that does not hold; `holds` tells of each in order."""
    for (_, message), held in zip(rules, holds, strict=True):
        if not held:
            raise ValueError(message)
