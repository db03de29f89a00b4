"""What the roles of the chart give to the operator."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from tests.chart.installing import Rendered


@dataclass(frozen=True)
class Grant:
    """One verb on one resource (plural[/subresource][.group]) that a role gives. namespace: empty for everywhere."""

    role: str
    namespace: str
    verb: str
    resource: str


def grants(rendered: Rendered) -> Iterator[Grant]:
    """What the roles give that are bound to the operator."""
    bound = {each["roleRef"]["name"] for kind in ("RoleBinding", "ClusterRoleBinding") for each in rendered.all(kind)}
    for role in [*rendered.all("ClusterRole"), *rendered.all("Role")]:
        metadata = role["metadata"]
        for rule in role["rules"] if metadata["name"] in bound else ():
            for group, resource, verb in itertools.product(rule["apiGroups"], rule["resources"], rule["verbs"]):
                named = f"{resource}.{group}" if group else resource
                yield Grant(metadata["name"], metadata.get("namespace", ""), verb, named)
