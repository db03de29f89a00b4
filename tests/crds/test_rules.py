"""Bad input is refused where it is made, by the API server itself, with words that name the field and the mend."""

import json
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

import tests.crds
from pilothouse.catalog import crds
from pilothouse.catalog.schema import RULES as CEL
from tests.cluster import RunningCluster
from tests.crds.case import Change, Rule
from tests.crds.fleet_rules import CHANGES
from tests.crds.manifests import Manifest, application, config_map, workload


def _rules() -> Iterator[tuple[str, Rule]]:
    """Every case of every module called *_rules."""
    for found in iter_modules(tests.crds.__path__):
        if found.name.endswith("_rules") and found.name != "test_rules":
            for cases in vars(import_module(f"tests.crds.{found.name}")).values():
                if isinstance(cases, dict):
                    yield from (
                        (f"{found.name}: {name}", case) for name, case in cases.items() if isinstance(case, Rule)
                    )


RULES: dict[str, Rule] = dict(_rules())
SAID = [*(rule.says for rule in RULES.values()), *(change.says for change in CHANGES.values())]
DRY = ("apply", "--dry-run=server", "--validate=strict", "-f", "-")


def messages(schema: dict[str, Any] | list[Any]) -> Iterator[str]:
    """Every CEL message in a definition."""
    if isinstance(schema, dict):
        yield from (rule["message"] for rule in schema.get(CEL, ()))
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, dict | list):
            yield from messages(part)


def test_every_cel_rule_has_a_case() -> None:
    stated = {message for kind in crds.KINDS for message in messages(crds.definition(kind))}
    asserted = {words for says in SAID for words in says}
    untested = {message for message in stated if not any(words in message for words in asserted)}
    assert not untested, "add a case to tests/crds/*_rules.py for each"


@pytest.mark.cluster
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_refuses_what_it_must(kinds: RunningCluster, rule: Rule) -> None:
    done = kinds.kubectl(*DRY, stdin=json.dumps(rule.bad), check=False)
    assert done.returncode != 0, f"accepted, although {rule.reason}"
    for words in rule.says:
        assert words in done.stderr, rule.reason


@pytest.mark.cluster
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_accepts_the_nearest_thing(kinds: RunningCluster, rule: Rule) -> None:
    done = kinds.kubectl(*DRY, stdin=json.dumps(rule.good), check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.cluster
def test_the_rules_of_a_very_large_application_stay_within_the_api_servers_budget(kinds: RunningCluster) -> None:
    """CEL rules have a budget when they run as well: a large Application must not be refused for their cost."""
    ports = [{"port": number, "name": f"p{number}"} for number in range(1, 21)]
    names = [f"thing-{number:033}" for number in range(400)]
    spec: dict[str, Any] = {
        "workloads": [workload(name, service={"name": name, "ports": ports}) for name in names[:50]],
        "resources": [{"name": name, "cell": "c", "awsQueue": {}, "dependsOn": names[:50]} for name in names[200:]],
        "manifests": [config_map(metadata={"name": name}, data={"text": "x" * 500}) for name in names[:100]],
    }
    text = json.dumps(application(**spec))
    assert len(text) > 300_000
    done = kinds.kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=text, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def existing(kinds: RunningCluster, request: pytest.FixtureRequest) -> Iterator[Change]:
    """The change that the test is about, when what is to be changed exists."""
    change: Change = request.param
    apply(kinds, change.before)
    yield change
    kinds.kubectl("delete", "--wait=false", "-f", "-", stdin=json.dumps(change.before))


def apply(cluster: RunningCluster, manifest: Manifest) -> str:
    """Apply a manifest; returns the refusal, empty when there is none."""
    done = cluster.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest), check=False)
    return done.stderr if done.returncode else ""


@pytest.mark.cluster
@pytest.mark.parametrize("existing", CHANGES.values(), ids=CHANGES, indirect=True)
def test_what_must_not_change_does_not_and_the_rest_may(kinds: RunningCluster, existing: Change) -> None:
    refusal = apply(kinds, existing.bad)
    assert refusal, f"accepted, although {existing.reason}"
    for words in existing.says:
        assert words in refusal, existing.reason
    assert apply(kinds, existing.good) == ""
