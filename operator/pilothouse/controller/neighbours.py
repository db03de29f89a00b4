"""What an Application's placement and references need to know of other Applications, read from the store when asked."""

from collections.abc import Callable, Sequence

from pilothouse.api.application import Placed
from pilothouse.controller.ports import Key, Store
from pilothouse.desired.allocation import placements
from pilothouse.desired.exports import Exported, exported


def exports(store: Store, own: str) -> Callable[[str, str], Exported | None]:
    """Return what answers which outputs an Application, by namespace and name, lets the namespace `own` use."""

    def answer(namespace: str, application: str) -> Exported | None:
        raw = store.application(Key(namespace, application))
        return exported(raw, own) if raw is not None else None

    return answer


def placed(store: Store, own: str) -> Callable[[str], Sequence[Placed]]:
    """Return what answers where the workloads of an Application of the namespace `own` were placed."""

    def answer(application: str) -> Sequence[Placed]:
        raw = store.application(Key(own, application))
        return placements(raw) if raw is not None else ()

    return answer
