"""What the definitions say beyond the fields of their models."""

import json
import re
import subprocess
import sys

import pytest

from pilothouse.api.application import Resource
from pilothouse.catalog import crds
from pilothouse.catalog.registry import TYPES, registry
from pilothouse.catalog.schema import Schema
from pilothouse.dataplane.aws.types.queue import Queue

APPLICATION, PLAN, CELL, FLEET = crds.KINDS


def root(kind: crds.Kind) -> Schema:
    schema: Schema = crds.definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def resource(*types: Queue) -> Schema:
    spec = crds.definition(APPLICATION, registry(types or TYPES.values()))["spec"]["versions"][0]["schema"]
    items: Schema = spec["openAPIV3Schema"]["properties"]["spec"]["properties"]["resources"]["items"]
    return items


@pytest.mark.parametrize(
    ("kind", "plural", "short", "scope"),
    [
        (APPLICATION, "applications", "phapp", "Namespaced"),
        (PLAN, "plans", "phplan", "Namespaced"),
        (CELL, "cells", "phcell", "Cluster"),
        (FLEET, "fleetpolicies", "phfleet", "Cluster"),
    ],
    ids=["Application", "Plan", "Cell", "FleetPolicy"],
)
def test_a_kinds_names_are_those_of_the_design(kind: crds.Kind, plural: str, short: str, scope: str) -> None:
    definition = crds.definition(kind)
    names = definition["spec"]["names"]
    assert definition["metadata"]["name"] == f"{plural}.pilothouse.dev"
    assert (names["plural"], names["shortNames"], names["categories"]) == (plural, [short], ["pilothouse"])
    assert definition["spec"]["scope"] == scope
    assert definition["spec"]["versions"][0]["subresources"] == {"status": {}}


def test_a_resource_knows_its_fields_and_every_type_block_and_nothing_else() -> None:
    fields = {info.alias or name for name, info in Resource.model_fields.items()}
    assert resource()["properties"].keys() == fields | TYPES.keys()
    assert "x-kubernetes-preserve-unknown-fields" not in resource()


def test_a_new_type_is_in_the_rule_and_in_its_message() -> None:
    class Topic(Queue):
        kind = "awsTopic"

    *_, rule = resource(Queue(), Topic())["x-kubernetes-validations"]
    assert rule == {
        "rule": "[has(self.awsQueue), has(self.awsTopic)].exists_one(given, given)",
        "message": "give exactly one type block: one of awsQueue, awsTopic",
    }


def test_a_status_has_no_defaults() -> None:
    """The status is what was observed: the API server must not add to it."""
    for kind in crds.KINDS:
        assert '"default":' not in json.dumps(root(kind)["properties"]["status"]), kind.name


def test_wide_columns_are_the_last() -> None:
    """kubectl shows columns in order: the short form must be the beginning of the wide one."""
    for kind in crds.KINDS:
        wide = [column.wide for column in kind.columns]
        assert wide == sorted(wide), kind.name


def test_files_spell_everything_out() -> None:
    """An alias would save bytes and cost every reader; some tools cannot follow one."""
    lines = crds.files()["applications.yaml"].splitlines()
    assert lines[0].startswith("# Generated")
    assert not [line for line in lines if re.search(r" [&*]\w+$", line)]


def test_files_are_the_same_bytes_in_every_process() -> None:
    program = (
        "import hashlib, pilothouse.catalog.crds as c; print(hashlib.sha256(repr(c.files()).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
