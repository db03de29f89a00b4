"""Input that was made to harm: refused by the API server or by kubectl, and soon, whatever its size."""

import json
import time
from typing import Any

import pytest

from tests.cluster import RunningCluster
from tests.crds.manifests import application, workload

pytestmark = pytest.mark.cluster

SOON_SECONDS = 20.0
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
CYRILLIC = "\u0441heckout"
"""Looks like checkout."""
QUEUE: dict[str, Any] = {"cell": "aws-eu", "awsQueue": {}}
REFUSED: dict[str, tuple[str, str]] = {
    "five thousand resources": (
        json.dumps(application(resources=[{"name": f"q-{number}", **QUEUE} for number in range(5_000)])),
        "spec.resources: Too many: 5000: must have at most 200 items",
    ),
    "five thousand workloads": (
        json.dumps(application(workloads=[workload(f"w-{number}") for number in range(5_000)])),
        "spec.workloads: Too many: 5000: must have at most 50 items",
    ),
    "four megabytes": (json.dumps(application(manifests=[{"text": "x" * 4_000_000}])), "too large"),
    "a name that looks like another's": (json.dumps(application(name=CYRILLIC)), "metadata.name: Invalid value"),
    "a workload that looks like another": (
        json.dumps(application(workloads=[workload(CYRILLIC)])),
        "spec.workloads[0].name: Invalid value",
    ),
    "a resource that looks like another": (
        json.dumps(application(resources=[{"name": CYRILLIC, **QUEUE}])),
        "spec.resources[0].name: Invalid value",
    ),
    "a YAML bomb": (f"apiVersion: pilothouse.dev/v1alpha1\nkind: Application\n{BOMB}", "excessive aliasing"),
    "YAML a hundred thousand levels deep": ("[" * 100_000, "depth"),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_soon(kinds: RunningCluster, text: str, told: str) -> None:
    began = time.monotonic()
    done = kinds.kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=text, check=False)
    assert done.returncode != 0, done.stdout
    assert told in done.stderr
    assert time.monotonic() - began < SOON_SECONDS
