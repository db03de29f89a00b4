"""The AWS retail store sample on managed services, from its Plan to its end."""

import base64
from typing import Final

import pytest

from tests.applications import told
from tests.applications.life import approved, at_rest, deleted, made_once, planned, trusted
from tests.e2e import secrecy
from tests.e2e.seen import Object, Seen
from tests.e2e.stage import Stage

NAME: Final = "retail-store"
SERVICES: Final = 6
MANAGED: Final = {
    "awsVPC": 1,
    "awsSubnet": 2,
    "awsSecurityGroup": 1,
    "awsDatabaseSubnetGroup": 1,
    "awsDatabase": 2,
    "awsTable": 1,
    "awsCacheSubnetGroup": 1,
    "awsCache": 1,
    "awsQueue": 1,
}
DATABASES: Final = ("catalog-db", "orders-db")
WITH_PASSWORD: Final = (*DATABASES, "checkout-cache")


@pytest.mark.timeout(600)
def test_the_retail_store_is_planned_applied_drifted_changed_and_deleted(stage: Stage) -> None:
    store = told.application(NAME)
    made = told.steps(planned(stage, store))
    assert set(made) == {"Create"}
    assert {kind: count for kind, count in made["Create"].items() if kind.startswith("aws")} == MANAGED
    assert made["Create"]["Service"] == SERVICES

    seen = approved(stage, NAME)
    made_once(stage, NAME)
    services_find_what_keeps_their_data(stage, seen)
    at_rest(stage, NAME)
    passwords = [_secret(stage, name)[_variable(name, "PASSWORD")] for name in WITH_PASSWORD]
    assert len({*passwords}) == len(WITH_PASSWORD)
    assert {*passwords} <= secrecy.KNOWN.keys(), "else nobody looks whether they are told elsewhere"

    trusted(stage, store)
    what_others_changed_is_put_right(stage)
    a_change_is_made_in_place(stage, store)
    assert [_secret(stage, name)[_variable(name, "PASSWORD")] for name in WITH_PASSWORD] == passwords

    ids = told.ids(stage.ready(NAME))
    deleted(stage, NAME)
    left = stage.aws.live_resources()
    assert [each.type for each in left] == ["database-snapshot"] * 2, "what they held is kept, and nothing else"
    assert {each.id.partition("-final-")[0] for each in left} == {ids[name] for name in DATABASES}


def services_find_what_keeps_their_data(stage: Stage, seen: Seen) -> None:
    """The outputs are where the services read them."""
    ids = told.ids(seen)
    for database in stage.aws.client("rds").describe_db_instances()["DBInstances"]:
        name = next(each for each in DATABASES if ids[each] == database["DBInstanceIdentifier"])
        found = {key.removeprefix(_variable(name, "")): value for key, value in _secret(stage, name).items()}
        assert found["ADDRESS"] == database["Endpoint"]["Address"]
        assert found["PORT"] == str(database["Endpoint"]["Port"])
        assert (found["DBNAME"], found["MASTERUSERNAME"]) == (database["DBName"], database["MasterUsername"])
    assert stage.one("configmaps", "cart-items")["data"]["CART_ITEMS_NAME"] == ids["cart-items"]
    assert stage.one("configmaps", "order-events")["data"]["ORDER_EVENTS_URL"] == ids["order-events"]
    cache = _secret(stage, "checkout-cache")
    groups = stage.aws.client("elasticache").describe_replication_groups(ReplicationGroupId=ids["checkout-cache"])
    primary = groups["ReplicationGroups"][0]["NodeGroups"][0]["PrimaryEndpoint"]
    assert (cache["CHECKOUT_CACHE_ADDRESS"], cache["CHECKOUT_CACHE_PORT"]) == (primary["Address"], str(primary["Port"]))


def what_others_changed_is_put_right(stage: Stage) -> None:
    """Somebody gives the orders to the internet, and lets the events be kept for a minute only."""
    ids, rds, sqs = told.ids(stage.ready(NAME)), stage.aws.client("rds"), stage.aws.client("sqs")
    rds.modify_db_instance(DBInstanceIdentifier=ids["orders-db"], PubliclyAccessible=True, ApplyImmediately=True)
    sqs.set_queue_attributes(QueueUrl=ids["order-events"], Attributes={"MessageRetentionPeriod": "60"})

    def is_private() -> bool:
        (database,) = rds.describe_db_instances(DBInstanceIdentifier=ids["orders-db"])["DBInstances"]
        return not database["PubliclyAccessible"]

    def keeps() -> bool:
        asked = sqs.get_queue_attributes(QueueUrl=ids["order-events"], AttributeNames=["MessageRetentionPeriod"])
        return asked["Attributes"]["MessageRetentionPeriod"] == "345600"

    stage.until("the orders are private again", is_private)
    stage.until("events are kept again", keeps)
    assert told.ids(stage.ready(NAME)) == ids, "nothing was made anew"
    assert stage.reasons(NAME)[-1] == "Drift"


def a_change_is_made_in_place(stage: Stage, store: Object) -> None:
    """A larger database for the catalog, more of the shop window, and a new release of the checkout."""
    before = told.ids(stage.ready(NAME))
    workloads, resources = told.workloads(store), told.resources(store)
    resources["catalog-db"]["awsDatabase"] = {**resources["catalog-db"]["awsDatabase"], "allocatedStorage": 40}
    workloads["ui"]["replicas"] = 3
    (container,) = workloads["checkout"]["template"]["spec"]["containers"]
    container["image"] = "retail-store-sample-checkout:0.8.0"
    stage.apply(store)
    seen = stage.ready(NAME)
    assert told.ids(seen) == before
    assert stage.reasons(NAME)[-1] == "SpecChanged"
    (grown,) = stage.aws.client("rds").describe_db_instances(DBInstanceIdentifier=before["catalog-db"])["DBInstances"]
    assert grown["AllocatedStorage"] == 40
    assert sum(each.replicas for each in seen.status.placements if each.workload == "ui") == 3


def _secret(stage: Stage, name: str) -> dict[str, str]:
    data = stage.one("secrets", name)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def _variable(resource: str, output: str) -> str:
    return f"{resource.upper().replace('-', '_')}_{output}"
