"""Every story that can be played."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.demo import acts, boutique_acts
from tests.demo.acts import Act


@dataclass(frozen=True)
class Story:
    """What is played, act by act, under which title."""

    title: str
    acts: tuple[Act, ...]


STORIES: Final[Mapping[str, Story]] = {
    "boutique": Story("Pilothouse: Online Boutique over two Kubernetes Cells and one AWS Cell", boutique_acts.BOUTIQUE),
    "checkout": Story("Pilothouse: one Application over three Kubernetes Cells and one AWS Cell", acts.CHECKOUT),
}
"""By the name of the Application, and of the folder with what it needs."""
