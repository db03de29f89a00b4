"""How long changes may take."""

from pydantic import Field

from pilothouse.api.durations import DURATION_PATTERN
from pilothouse.api.meta import Wire


class Timeouts(Wire):
    """How long each change may take until the thing is at rest, as Go writes durations; each type has its defaults.

    A change that takes longer is not given up: the Application is Stalled until it gets there, so that somebody looks.
    """

    create: str | None = Field(None, pattern=DURATION_PATTERN, max_length=32, description="Until it is made and Ready.")
    update: str | None = Field(None, pattern=DURATION_PATTERN, max_length=32, description="Until it is Ready again.")
    delete: str | None = Field(None, pattern=DURATION_PATTERN, max_length=32, description="Until it is gone.")
