"""Who may do what, as the API server's authorizer answers: SubjectAccessReviews, many in one request to kubectl."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.cluster.fleet import until
from tests.cluster.running import RunningCluster

GRANTED_SECONDS = 30.0
"""How long the authorizer may take to see a binding: it watches, as everybody does."""


@dataclass(frozen=True)
class Right:
    """One thing somebody may do or not. resource: plural[/subresource][.group]; namespace empty: cluster-wide."""

    verb: str
    resource: str
    namespace: str = ""

    def review(self, user: str, groups: Sequence[str]) -> dict[str, object]:
        """The question whether `user` has the right."""
        path, _, group = self.resource.partition(".")
        plural, _, subresource = path.partition("/")
        attributes = {
            "verb": self.verb,
            "group": group,
            "resource": plural,
            "subresource": subresource,
            "namespace": self.namespace,
        }
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "groups": list(groups), "resourceAttributes": attributes},
        }


def allowed(
    cluster: RunningCluster, rights: Iterable[Right], user: str, groups: Sequence[str] = ()
) -> dict[Right, bool]:
    """Ask for each right whether `user` has it."""
    asked = list(rights)
    reviews = "\n---\n".join(json.dumps(right.review(user, groups)) for right in asked)
    done = cluster.kubectl("create", "--filename=-", "--output=jsonpath={.status.allowed} ", stdin=reviews)
    answers = [word == "true" for word in done.stdout.split()]
    assert len(answers) == len(asked), done.stdout
    return dict(zip(asked, answers, strict=True))


def until_allowed(cluster: RunningCluster, rights: Iterable[Right], user: str, groups: Sequence[str] = ()) -> None:
    """Wait until `user` has all of these rights, which were given just now."""
    asked = list(rights)
    until(lambda: all(allowed(cluster, asked, user, groups).values()), f"{user} has {asked}", GRANTED_SECONDS)
