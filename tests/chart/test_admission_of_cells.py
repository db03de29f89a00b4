"""The admission policy of Cells, asked by real users: what is in use is not deleted by mistake."""

import json
from typing import Any

import pytest

from tests.chart.people import POLICY, Shop, Words, check
from tests.crds.manifests import manifest

pytestmark = pytest.mark.cluster

USED: dict[str, Any] = {"resources": 12, "usedBy": ["shop/checkout", "shop/orders"]}
IN_USE = (POLICY, "is in use: Applications have 12 things in it (shop/checkout, shop/orders)", "spec.abandoned: true")


@pytest.mark.parametrize(
    ("status", "abandoned", "refused", "reason"),
    [
        (USED, False, IN_USE, "nobody could change or delete what is in it"),
        (USED, True, (), "that was said first"),
        ({"resources": 0}, False, (), "nothing is in it"),
        ({}, False, (), "it was never seen"),
    ],
)
def test_a_cell_is_deleted_once_nothing_is_in_it_or_all_that_was_is_gone(
    shop: Shop,
    status: dict[str, Any],
    abandoned: bool,  # noqa: FBT001 - a case
    refused: Words,
    reason: str,
) -> None:
    name = f"{shop.namespace}-cell"
    shop.stored(manifest("Cell", name, {"kubernetes": {}, "abandoned": abandoned}))
    try:
        patch = json.dumps({"status": status})
        shop.cluster.kubectl("patch", "phcell", name, "--subresource=status", "--type=merge", f"--patch={patch}")
        check(shop.ask("administrator", "delete", "phcell", name, "--dry-run=server"), refused, reason)
    finally:
        shop.cluster.kubectl("patch", "phcell", name, "--type=merge", '--patch={"spec": {"abandoned": true}}')
        shop.cluster.kubectl("delete", "phcell", name)
