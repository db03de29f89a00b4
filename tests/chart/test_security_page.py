"""docs/security.md lists every right that the chart gives the operator, and none that it does not."""

from collections.abc import Iterator

import pytest

from tests.chart.granting import grants
from tests.chart.installing import NAMESPACE, render
from tests.cluster import RunningCluster
from tests.docs.reading import DOCS

PAGE = DOCS / "security.md"
PLACES = {"all": "", "own": NAMESPACE}


def listed() -> Iterator[tuple[str, str, str]]:
    """Namespace, resource and verb of every right in the table."""
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## Rights of the operator")
    for line in section.partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in PLACES:
            place, resources, verbs, why = cells
            assert why, line
            yield from ((PLACES[place], resource, verb) for resource in resources.split() for verb in verbs.split())


@pytest.mark.cluster
def test_the_page_lists_the_rights_of_the_chart(cluster: RunningCluster) -> None:
    told, given = list(listed()), {(each.namespace, each.resource, each.verb) for each in grants(render(cluster))}
    assert sorted(told) == sorted(given)
