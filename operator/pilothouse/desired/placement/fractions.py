"""Parts of an accelerator, as KAI-scheduler has them: a pod's annotation `gpu-fraction` asks for a part of one.

Source: docs/gpu-sharing of kai-scheduler. The pods that share one have it whole, by a pod that reserves it; what is
left of it is known from their annotations. Parts by device plugins are resources like any other, and need no more.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pilothouse.api.quantities import InvalidQuantityError
from pilothouse.desired.cells import NodeFree

ACCELERATOR: Final = "nvidia.com/gpu"
ANNOTATION: Final = "gpu-fraction"
FRACTION: Final = f"thousandths of {ACCELERATOR}"
WHOLE: Final = 1000
_FORM: Final = re.compile(r"0?\.([0-9]{1,3})")


def fraction_of(template: Mapping[str, Any], where: str) -> int:
    """Return the part of an accelerator that pods of a template ask for, in thousandths; 0 for none.

    where: the template's path, for errors. Raises InvalidQuantityError.
    """
    given = ((template.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION)
    if given is None:
        return 0
    match = _FORM.fullmatch(str(given))
    thousandths = int(match[1].ljust(3, "0")) if match else 0
    if not thousandths:
        path = f"{where}.metadata.annotations[{ANNOTATION}]"
        raise InvalidQuantityError(f"{path}: found {given!r}, expected a part of one accelerator, such as 0.5")
    return thousandths


def parts(node: NodeFree, fraction: int) -> int:
    """Return how many pods that ask for such a part the accelerators of `node` take."""
    whole = max(0, node.free.get(ACCELERATOR, 0))
    return sum(free // fraction for free in node.shared) + whole * (WHOLE // fraction)


def shared_out(node: NodeFree, fraction: int, count: int) -> NodeFree:
    """Return `node` with so many parts taken, each of the fullest accelerator that has it: so whole ones stay whole.

    `parts` must allow for them.
    """
    shared, free = list(node.shared), dict(node.free)
    for _ in range(count if fraction else 0):
        best = min((left for left in shared if left >= fraction), default=None)
        if best is None:
            free[ACCELERATOR] -= 1
            best = WHOLE
        else:
            shared.remove(best)
        shared.append(best - fraction)
    return replace(node, free=free, shared=tuple(sorted(shared)))
