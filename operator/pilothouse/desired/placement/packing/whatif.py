"""Which pods would fit: asked of a snapshot, changing nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence

from pilothouse.desired.placement.packing.engine import Engine, Placed
from pilothouse.desired.placement.packing.shapes import Node, Popularity, Shape


def fits(
    nodes: Iterable[Node], pods: Sequence[Shape], popularity: Popularity | None = None
) -> tuple[Placed | None, ...]:
    """Return for each of `pods` where it would go, placed in this order and nothing moved; None where it fits nowhere.

    popularity: of what is likely to come later; when left out, that of `pods`. How many fit is how many are not None.
    Raises InvalidNodeError, InvalidPopularityError.
    """
    if not pods:
        return ()
    engine = Engine(nodes, Counter(pods) if popularity is None else popularity, shapes=pods)
    return tuple(engine.place(pod) for pod in pods)
