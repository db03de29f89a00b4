"""Real users with the chart's roles, and a namespace in which they do what the admission policies are about."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.chart.fixtures import InstalledChart
from tests.cluster import RunningCluster, User
from tests.cluster.rights import Right, until_allowed
from tests.crds.manifests import Manifest, application, plan

POLICY: Final = "ValidatingAdmissionPolicy"
RBAC: Final = "cannot"
"""Words of a refusal: by our policy, or by RBAC before it is asked."""
BIND: Final = "have an administrator bind the ClusterRole pilothouse-approver there"

PATCHER: Final = "pilothouse-patcher-of-tests"
ADMINISTRATORS: Final = "pilothouse-administrators-of-tests"
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "editor": ("pilothouse-editor",),
    "approver": ("pilothouse-approver",),
    "lead": ("pilothouse-editor", "pilothouse-approver"),
    "owner": ("pilothouse-owner-of-tests",),
    "patcher": (PATCHER,),
}
"""ClusterRoles that people have in the shop. An owner has all verbs, a patcher may `patch` Plans but not `approve`."""
OWN_ROLES: Final[Mapping[str, tuple[list[str], list[str]]]] = {
    "pilothouse-owner-of-tests": (["*"], ["*"]),
    PATCHER: (["get", "patch"], ["plans"]),
}
"""Roles that somebody might write, by verbs and resources."""

GIVES: Final[Mapping[str, tuple[str, str]]] = {
    "pilothouse-editor": ("create", "applications.pilothouse.dev"),
    "pilothouse-approver": ("approve", "plans.pilothouse.dev"),
    "pilothouse-owner-of-tests": ("delete", "applications.pilothouse.dev"),
    PATCHER: ("patch", "plans.pilothouse.dev"),
}
"""A verb and a resource that each role gives: who has it is bound."""

Words = tuple[str, ...]
Patch = dict[str, Any]


def spec(**fields: Any) -> Patch:
    """A patch of the spec."""
    return {"spec": fields}


def metadata(**fields: Any) -> Patch:
    """A patch of the metadata."""
    return {"metadata": fields}


def policy(**fields: Any) -> Patch:
    """The part of an Application's spec that says what waits for approval."""
    return {"changePolicy": fields}


@dataclass(frozen=True)
class Change:
    """Somebody merges `patch` into an object that was `before`. refused: words of the message; nothing: it is done."""

    who: str
    before: Patch
    patch: Patch
    refused: Words = ()
    subresource: str = ""
    reason: str = field(kw_only=True)


@dataclass(frozen=True)
class Shop:
    """A namespace whose people are bound to ROLES. Nothing that they ask is stored unless a test says so."""

    cluster: RunningCluster
    chart: InstalledChart
    namespace: str
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def open(self) -> None:
        """Bind everybody."""
        manifests = [role(name, *given) for name, given in OWN_ROLES.items()]
        manifests += [binding(who, name, self.namespace) for who, names in ROLES.items() for name in names]
        manifests.append(binding(ADMINISTRATORS, "cluster-admin", kind="Group"))
        listed = {"apiVersion": "v1", "kind": "List", "items": manifests}
        self.cluster.kubectl("apply", "--filename=-", stdin=json.dumps(listed))
        for who, names in ROLES.items():
            until_allowed(self.cluster, [Right(*GIVES[name], self.namespace) for name in names], who)
        until_allowed(self.cluster, [Right("delete", "nodes")], "administrator", [ADMINISTRATORS])

    def ask(self, who: str, *words: str, manifest: Manifest | None = None, namespace: str = "") -> str:
        """Run kubectl as somebody; what it said when it was refused, else nothing."""
        where = f"--namespace={namespace or self.namespace}"
        text = json.dumps(manifest) if manifest else ""
        done = self.cluster.kubectl(*words, where, stdin=text, as_=self._kubeconfig(who), check=False)
        return done.stderr.strip() if done.returncode else ""

    def create(self, who: str, manifest: Manifest) -> str:
        """Let somebody try to create an object."""
        return self.ask(who, "create", "--dry-run=server", "--filename=-", manifest=manifest)

    def change(self, stored: Manifest, change: Change) -> str:
        """Let somebody try a change of an object that exists."""
        if change.who == "operator" and change.subresource:
            return self._applied(stored, change)
        words = [stored["kind"].lower() + ".pilothouse.dev", stored["metadata"]["name"], "--dry-run=server"]
        words += [f"--subresource={change.subresource}"] if change.subresource else []
        return self.ask(change.who, "patch", *words, "--type=merge", f"--patch={json.dumps(change.patch)}")

    def _applied(self, stored: Manifest, change: Change) -> str:
        """Let somebody patch who may not read: kubectl patch would read first, a server-side apply does not."""
        named = {key: stored["metadata"][key] for key in ("name", "namespace")}
        manifest = {"apiVersion": stored["apiVersion"], "kind": stored["kind"], "metadata": named, **change.patch}
        how = ("--server-side", f"--subresource={change.subresource}", "--dry-run=server", "--filename=-")
        return self.ask(change.who, "apply", *how, manifest=manifest)

    def application(self, **fields: Any) -> Manifest:
        """A new Application, not stored."""
        return application(name=f"checkout-{next(self._numbers)}", namespace=self.namespace, **fields)

    def plan(self, **metadata: Any) -> Manifest:
        """A new Plan, not stored."""
        manifest = plan(name=f"checkout-{next(self._numbers)}", namespace=self.namespace)
        return manifest | {"metadata": manifest["metadata"] | metadata}

    def stored(self, manifest: Manifest, who: str = "") -> Manifest:
        """Store an object as the cluster's own user, whom the policies do not bind, or as somebody."""
        as_ = self._kubeconfig(who) if who else None
        done = self.cluster.kubectl("create", "--filename=-", "--output=json", stdin=json.dumps(manifest), as_=as_)
        created: Manifest = json.loads(done.stdout)
        return created

    def _kubeconfig(self, who: str) -> Path:
        return self.chart.kubeconfig if who == "operator" else kubeconfig_of(self.cluster, who)


@cache
def kubeconfig_of(cluster: RunningCluster, who: str) -> Path:
    """A kubeconfig of one of the people; `administrator` has all rights everywhere and is not exempt."""
    return cluster.kubeconfig_for(User(who, (ADMINISTRATORS,) if who == "administrator" else ()))


def role(name: str, verbs: list[str], resources: list[str]) -> Manifest:
    """A ClusterRole over our kinds."""
    rules = [{"apiGroups": ["pilothouse.dev"], "resources": resources, "verbs": verbs}]
    return rbac("ClusterRole", name) | {"rules": rules}


def binding(who: str, name: str, namespace: str = "", kind: str = "User") -> Manifest:
    """A binding of a ClusterRole, in a namespace or everywhere."""
    return rbac("RoleBinding" if namespace else "ClusterRoleBinding", f"{who}-{name}", namespace) | {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": who}],
    }


def rbac(kind: str, name: str, namespace: str = "") -> Manifest:
    """The beginning of an object of RBAC."""
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name, **where}}


def check(said: str, refused: Words, reason: str) -> None:
    """Check that somebody was refused with all of these words, or not at all."""
    assert bool(said) == bool(refused), f"{reason}: {said}"
    assert [words for words in refused if words not in said] == [], f"{reason}: {said}"
