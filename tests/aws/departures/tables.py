"""DynamoDB: tables and indexes that take their time, and one change after the other. moto does all at once.

A table's state is kept on moto's own table, so that a photo of the past shows the state of then.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import GlobalSecondaryIndex, StreamShard, Table

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, NotEmulatedError
from tests.aws.world import World

CREATE = {
    "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "GlobalSecondaryIndexes", "KeySchema",
    "LocalSecondaryIndexes", "ProvisionedThroughput", "SSESpecification", "StreamSpecification", "TableClass",
    "TableName", "Tags",
}  # fmt: skip
UPDATE = {
    "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "GlobalSecondaryIndexUpdates",
    "ProvisionedThroughput", "SSESpecification", "StreamSpecification", "TableClass", "TableName",
}  # fmt: skip
BUSY = ("CREATING", "UPDATING", "DELETING")


def invalid(message: str) -> AwsError:
    """DynamoDB's one answer to whatever is wrong."""
    return AwsError("ValidationException", message)


@departure("dynamodb", "CreateTable", "UpdateTable")
def unknown_parameters_are_refused(call: Call, _world: World, proceed: Proceed) -> object:
    """moto ignores parameters that it does not know."""
    unknown = sorted(set(call.parameters) - (CREATE if call.operation == "CreateTable" else UPDATE))
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    return proceed()


@departure("dynamodb", "CreateTable")
def a_table_is_created_over_time(call: Call, world: World, proceed: Proceed) -> object:
    """A table is CREATING first, then ACTIVE, and an index name is taken once; its class is kept."""
    names = [each["IndexName"] for each in _indexes_of(call)]
    if len(set(names)) < len(names):
        raise invalid(f"One or more parameter values were invalid: Duplicate index name: {names[0]}")
    reply = proceed()
    if not reply.ok:
        return reply
    table = _table(call)
    table.table_class = call.parameters.get("TableClass", "STANDARD")
    table.table_id = str(uuid.uuid4())
    _move(world, table, "CREATING", lambda: None)
    return {"TableDescription": described(table)}


def _indexes_of(call: Call) -> list[dict[str, Any]]:
    return [*call.parameters.get("GlobalSecondaryIndexes", ()), *call.parameters.get("LocalSecondaryIndexes", ())]


@departure("dynamodb", "DescribeTable")
def a_table_shows_its_state(call: Call, _world: World, _proceed: Proceed) -> object:
    """State, class and encryption are shown, and only what there is; moto shows every table as ACTIVE."""
    return {"Table": described(_table(call))}


@departure("dynamodb", "DeleteTable")
def a_table_is_deleted_over_time(call: Call, world: World, proceed: Proceed) -> object:
    """A table in motion is not deleted, any other is DELETING for a while; moto forgets it at once."""
    table = _table(call)
    _refuse_busy(table)
    if table.deletion_protection_enabled:
        return proceed()
    tables = backend(call).tables
    _move(world, table, "DELETING", lambda: tables.pop(table.name, None))
    return {"TableDescription": described(table)}


@departure("dynamodb", "UpdateTable")
def one_change_after_the_other(call: Call, world: World, _proceed: Proceed) -> object:
    """While a table is UPDATING it takes no change, and one call makes one kind of change, or is refused whole.

    moto takes all of them at once, leaves out encryption and class, and can have a stream only once.
    """
    table, given = _table(call), call.parameters
    _refuse_busy(table)
    updates = given.get("GlobalSecondaryIndexUpdates", [])
    built = [each for each in updates if "Update" not in each]
    capacity = "BillingMode" in given or "ProvisionedThroughput" in given or len(built) < len(updates)
    if len(built) > 1 or (built and capacity):
        raise invalid("Only 1 online index can be created or deleted simultaneously per table")
    changes: list[Callable[[], object]] = [
        *([_capacity(table, given, updates)] if capacity else []),
        *(_index(table, given, each) for each in built),
        *([_stream(table, given["StreamSpecification"])] if "StreamSpecification" in given else []),
        *([_encryption(table, given["SSESpecification"])] if "SSESpecification" in given else []),
        *([partial(setattr, table, "table_class", given["TableClass"])] if "TableClass" in given else []),
    ]
    if "DeletionProtectionEnabled" in given:
        table.deletion_protection_enabled = given["DeletionProtectionEnabled"]
    for change in changes:
        change()
    if changes:
        _move(world, table, "UPDATING", lambda: _at_rest(table))
    return {"TableDescription": described(table)}


def _capacity(table: Any, given: dict[str, Any], updates: list[dict[str, Any]]) -> Callable[[], None]:
    """Check the capacity of a table and its indexes; the change is what is returned."""
    mode = given.get("BillingMode", table.billing_mode)
    asked = {
        each["Update"]["IndexName"]: each["Update"]["ProvisionedThroughput"] for each in updates if "Update" in each
    }
    paid = given.get("ProvisionedThroughput")
    indexes = {index.name: index for index in table.global_indexes}
    if asked.keys() - indexes.keys():
        raise AwsError("ResourceNotFoundException", "Requested resource not found")
    if mode == "PAY_PER_REQUEST":
        if paid or asked:
            raise invalid("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified with PAY_PER_REQUEST")
        return lambda: _set_capacity(table, mode, {}, {name: {} for name in indexes})
    switched = table.billing_mode != "PROVISIONED"
    if switched and (not paid or asked.keys() != indexes.keys()):
        raise invalid("ProvisionedThroughput must be specified for the table and each index")
    kept = {name: index.throughput for name, index in indexes.items()}
    if _units(paid or table.throughput) == _units(table.throughput) and not switched and not _differ(asked, kept):
        raise invalid("The provisioned throughput for the table will not change.")
    return lambda: _set_capacity(table, mode, paid or table.throughput, kept | asked)


def _differ(asked: dict[str, Any], kept: dict[str, Any]) -> bool:
    return any(_units(units) != _units(kept[name]) for name, units in asked.items())


def _units(throughput: dict[str, Any]) -> tuple[int, int]:
    return throughput.get("ReadCapacityUnits", 0), throughput.get("WriteCapacityUnits", 0)


def _set_capacity(table: Any, mode: str, paid: dict[str, Any], by_index: dict[str, Any]) -> None:
    nothing = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    table.billing_mode, table.throughput = mode, {**nothing, **paid, "NumberOfDecreasesToday": 0}
    for index in table.global_indexes:
        index.throughput = {**nothing, **by_index[index.name]}


def _index(table: Any, given: dict[str, Any], update: dict[str, Any]) -> Callable[[], None]:
    """Check an index that comes or goes; the change is what is returned."""
    names = {index.name: index for index in [*table.global_indexes, *table.indexes]}
    if "Delete" in update:
        index = names.get(update["Delete"]["IndexName"])
        if index is None:
            raise AwsError("ResourceNotFoundException", "Requested resource not found")
        return lambda: setattr(index, "status", "DELETING")
    asked = update["Create"]
    defined = {each["AttributeName"] for each in given.get("AttributeDefinitions", ())}
    if asked["IndexName"] in names or not defined.issuperset(each["AttributeName"] for each in asked["KeySchema"]):
        raise invalid(f"One or more parameter values were invalid: index {asked['IndexName']}")
    if (table.billing_mode == "PROVISIONED") != ("ProvisionedThroughput" in asked):
        raise invalid("ProvisionedThroughput of an index goes with that of its table")

    def create() -> None:
        index = GlobalSecondaryIndex.create(asked, table.table_key_attrs)
        index.status = "CREATING"
        table.global_indexes.append(index)
        types = {each["AttributeName"]: each for each in [*table.attr, *given["AttributeDefinitions"]]}
        table.attr = list(types.values())

    return create


def _stream(table: Any, asked: dict[str, Any]) -> Callable[[], None]:
    """Check a stream that begins or ends; the change is what is returned."""
    if asked["StreamEnabled"] == table.stream_specification["StreamEnabled"]:
        raise invalid(f"Table is already {'enabled' if asked['StreamEnabled'] else 'disabled'} for its stream")

    def change() -> None:
        table.stream_specification = dict(asked)
        if asked["StreamEnabled"]:
            table.latest_stream_label = uuid.uuid4().hex
            table.stream_shard = StreamShard(table.account_id, table)

    return change


def _encryption(table: Any, asked: dict[str, Any]) -> Callable[[], None]:
    default = table._get_default_encryption_key(table.account_id, table.region_name)
    wanted = {**asked, "KMSMasterKeyId": asked.get("KMSMasterKeyId", default)} if asked.get("Enabled") else None
    if wanted == table.sse_specification:
        raise invalid("One or more parameter values were invalid: Table is already encrypted by given KMSMasterKeyId")
    return lambda: setattr(table, "sse_specification", wanted)


def _at_rest(table: Any) -> None:
    """Indexes that were built are there, those that were removed are gone, with the attributes that only they used."""
    table.global_indexes = [index for index in table.global_indexes if index.status != "DELETING"]
    for index in table.global_indexes:
        index.status = "ACTIVE"
    table.attr = [each for each in table.attr if each["AttributeName"] in table.attribute_keys]


def described(table: Any) -> dict[str, Any]:
    """A table as DescribeTable writes it."""
    shown: dict[str, Any] = dict(Table.describe(table)["TableDescription"])
    shown |= {"TableStatus": status(table), "TableId": table.table_id}
    shown["BillingModeSummary"] = {"BillingMode": table.billing_mode}
    shown["TableClassSummary"] = {"TableClass": table.table_class}
    if table.billing_mode == "PROVISIONED":
        del shown["BillingModeSummary"]
    if table.table_class == "STANDARD":
        del shown["TableClassSummary"]
    return {name: value for name, value in shown.items() if value != []}


def status(table: Any) -> str:
    """What the table is doing."""
    return str(getattr(table, "table_status", "ACTIVE"))


def _move(world: World, table: Any, through: str, arrive: Callable[[], object]) -> None:
    table.table_status = through

    def act() -> None:
        table.table_status = "ACTIVE"
        arrive()

    world.later(table, act)


def _refuse_busy(table: Any) -> None:
    if status(table) in BUSY:
        message = f"Attempt to change a resource which is still in use: Table is being {status(table).lower()}"
        raise AwsError("ResourceInUseException", f"{message}: {table.name}")


def backend(call: Call) -> Any:
    """moto's DynamoDB backend for the call's account and region."""
    return dynamodb_backends[call.account][call.region]


def _table(call: Call) -> Any:
    name = call.parameters["TableName"].rpartition("/")[2]
    table = backend(call).tables.get(name)
    if table is None:
        raise AwsError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
    return table


def rest(call: Call) -> Any:
    """The table that a call names, which must be at rest."""
    table = _table(call)
    _refuse_busy(table)
    return table
