"""The models speak Kubernetes' spelling, refuse what they do not know, and cannot be changed."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from pilothouse.api import application, cell, conditions, fleetpolicy, plan, selectors
from pilothouse.api.meta import Record, Wire, wire_name

SPELLINGS = {
    "name": "name",
    "min_domains": "minDomains",
    "image_id": "imageID",
    "cell_api_url": "cellAPIURL",
    "security_group_ids": "securityGroupIDs",
    "id": "id",
    "_private": "private",
}


@pytest.mark.parametrize(("field", "wire"), SPELLINGS.items())
def test_fields_are_spelled_as_kubernetes_spells_them(field: str, wire: str) -> None:
    assert wire_name(field) == wire


MODULES = (application, cell, conditions, fleetpolicy, plan, selectors)
MODELS = sorted(
    {
        model
        for module in MODULES
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, Wire) and model not in {Wire, Record}
    },
    key=lambda model: model.__qualname__,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_has_a_spelling_of_its_own_and_tells_what_it_is(model: type[BaseModel]) -> None:
    spellings = [info.alias for info in model.model_fields.values()]
    assert len(set(spellings)) == len(spellings)
    assert all((info.description or "").endswith(".") for info in model.model_fields.values())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_people_write_is_closed_and_what_we_write_is_open(model: type[BaseModel]) -> None:
    """A typo in a spec is an error; a field that a newer operator wrote into a status is none."""
    reads = issubclass(model, Record)
    expected = "ignore" if reads else "allow" if model is application.Resource else "forbid"
    assert model.model_config.get("extra") == expected
    assert model.model_config.get("frozen") is True


SPEC = {
    "suspend": True,
    "workloads": [
        {
            "name": "web",
            "template": {"spec": {}},
            "replicas": 3,
            "service": {"name": "web", "ports": [{"port": 80, "targetPort": 8080}]},
            "placement": {"cellSelector": {"matchLabels": {"tier": "prod"}}, "spread": {"minDomains": 2}},
        }
    ],
    "resources": [{"name": "orders", "cell": "aws", "awsQueue": {"delaySeconds": 1}, "dependsOn": ["web"]}],
    "changePolicy": {"approval": "Always", "approvedPlan": "checkout-12"},
}


def test_a_spec_reads_back_as_it_was_written() -> None:
    spec = application.ApplicationSpec.model_validate(SPEC)
    again = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert again == SPEC
    assert spec.workloads[0].placement.spread.min_domains == 2


def test_a_resource_has_its_type_block_beside_its_own_fields() -> None:
    resource = application.ApplicationSpec.model_validate(SPEC).resources[0]
    assert resource.blocks == {"awsQueue": {"delaySeconds": 1}}
    assert application.Resource(name="empty").blocks == {}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": ({"suspended": True}, "suspended"),
    "wrong type": ({"workloads": [{"name": "web", "template": {}, "replicas": "many"}]}, "workloads.0.replicas"),
    "not a name": ({"resources": [{"name": "Orders!"}]}, "resources.0.name"),
    "out of range": ({"workloads": [{"name": "web", "template": {}, "replicas": -1}]}, "workloads.0.replicas"),
    "not a choice": ({"changePolicy": {"drift": "Undo"}}, "changePolicy.drift"),
}


@pytest.mark.parametrize(("spec", "path"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_by_its_path(spec: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        application.ApplicationSpec.model_validate(spec)
    assert [".".join(map(str, error["loc"])) for error in refusal.value.errors()] == [path]


def test_a_status_of_a_newer_operator_is_read() -> None:
    status = application.ApplicationStatus.model_validate({"planRevision": 3, "resources": [], "invented": {"a": 1}})
    assert status == application.ApplicationStatus(plan_revision=3)


def test_a_spec_cannot_be_changed_by_those_who_read_it() -> None:
    spec = application.ApplicationSpec()
    with pytest.raises(ValidationError, match="frozen"):
        spec.suspend = True  # type: ignore[misc]


def test_a_change_is_spelled_from_and_to() -> None:
    """`from` is no name in Python, so the model has others."""
    change = plan.Change.model_validate({"path": "size", "from": 1, "to": 2})
    assert (change.old, change.new) == (1, 2)
    assert json.loads(change.model_dump_json(by_alias=True, exclude={"by"})) == {"path": "size", "from": 1, "to": 2}
