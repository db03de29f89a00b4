"""Keys and indexes of a DynamoDB table. Each key says its attribute's type, so that nothing is defined apart from use.

Source: the Amazon DynamoDB API Reference, CreateTable, GlobalSecondaryIndex, LocalSecondaryIndex.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from pilothouse.api.merging import keyed_by, set_of
from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check

_INDEX_NAME: Final = r"^[a-zA-Z0-9_.-]{3,255}$"
_MOST_UNITS: Final = 2_147_483_647


class Key(Wire):
    """An attribute that items are found by."""

    attribute_name: str = Field(min_length=1, max_length=255, description="Name of the attribute.")
    attribute_type: Literal["S", "N", "B"] = Field(description="String, number or binary.")


class Throughput(Wire):
    """Capacity that is paid for whether it is used or not."""

    read_capacity_units: int = Field(ge=1, le=_MOST_UNITS, description="Strongly consistent reads a second, of 4 KB.")
    write_capacity_units: int = Field(ge=1, le=_MOST_UNITS, description="Writes a second, of 1 KB.")

    def parameters(self) -> dict[str, int]:
        """Return it as DynamoDB takes it."""
        return {"ReadCapacityUnits": self.read_capacity_units, "WriteCapacityUnits": self.write_capacity_units}


class Projection(Wire):
    """What of an item an index holds beside its keys."""

    rules: ClassVar[Rules] = (
        (
            "(self.projectionType == 'INCLUDE') == (has(self.nonKeyAttributes) && self.nonKeyAttributes.size() > 0)",
            "nonKeyAttributes: give them with projectionType INCLUDE, and only then",
        ),
    )

    projection_type: Literal["ALL", "KEYS_ONLY", "INCLUDE"] = Field(description="All, nothing, or nonKeyAttributes.")
    non_key_attributes: Annotated[tuple[str, ...], AfterValidator(lambda names: tuple(sorted(names)))] = Field(
        (), max_length=20, description="Attributes that it holds. Only with INCLUDE.", json_schema_extra=set_of(255)
    )

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, (self.projection_type == "INCLUDE") == bool(self.non_key_attributes))
        return self

    def parameters(self) -> dict[str, Any]:
        """Return it as DynamoDB takes it."""
        more = {"NonKeyAttributes": list(self.non_key_attributes)} if self.non_key_attributes else {}
        return {"ProjectionType": self.projection_type, **more}


class GlobalIndex(Wire):
    """An index with keys of its own."""

    index_name: str = Field(pattern=_INDEX_NAME, max_length=255, description="Name of the index.")
    hash_key: Key = Field(description="Partition key.")
    range_key: Key | None = Field(None, description="Sort key.")
    projection: Projection = Field(description="What it holds beside keys. A change of this or a key builds it anew.")
    provisioned_throughput: Throughput | None = Field(
        None, description="Capacity. With billingMode PROVISIONED, and only then."
    )

    def parameters(self) -> dict[str, Any]:
        """Return it as DynamoDB takes it."""
        paid = self.provisioned_throughput
        return {
            "IndexName": self.index_name,
            "KeySchema": key_schema(self.hash_key, self.range_key),
            "Projection": self.projection.parameters(),
            **({"ProvisionedThroughput": paid.parameters()} if paid else {}),
        }

    def rebuilt(self, other: "GlobalIndex") -> bool:
        """Tell whether only building it anew turns one into the other."""
        return self.model_copy(update={"provisioned_throughput": other.provisioned_throughput}) != other


class LocalIndex(Wire):
    """An index that sorts the items of a partition differently."""

    index_name: str = Field(pattern=_INDEX_NAME, max_length=255, description="Name of the index.")
    range_key: Key = Field(description="Sort key.")
    projection: Projection = Field(description="What it holds beside keys.")

    def parameters(self, hash_key: Key) -> dict[str, Any]:
        """Return it as DynamoDB takes it. hash_key: the table's."""
        schema, projection = key_schema(hash_key, self.range_key), self.projection.parameters()
        return {"IndexName": self.index_name, "KeySchema": schema, "Projection": projection}


I = TypeVar("I", GlobalIndex, LocalIndex)  # noqa: E741 - for index


def by_name(indexes: Iterable[I]) -> tuple[I, ...]:
    """Return indexes in the order of their names: DynamoDB's own is by chance."""
    return tuple(sorted(indexes, key=lambda index: index.index_name))


BY_NAME: Final[dict[str, Any]] = keyed_by("indexName")
GlobalIndexes = Annotated[tuple[GlobalIndex, ...], AfterValidator(by_name)]
LocalIndexes = Annotated[tuple[LocalIndex, ...], AfterValidator(by_name)]


def key_schema(hash_key: Key, range_key: Key | None) -> list[dict[str, str]]:
    """Return keys as DynamoDB takes them."""
    keys = [("HASH", hash_key), *([("RANGE", range_key)] if range_key else [])]
    return [{"AttributeName": key.attribute_name, "KeyType": kind} for kind, key in keys]


def read_keys(schema: Iterable[Mapping[str, str]], types: Mapping[str, str]) -> dict[str, Key | None]:
    """Read keys. types: of attributes, by name."""
    found = {
        each["KeyType"]: Key.model_construct(
            attribute_name=each["AttributeName"],
            attribute_type=types[each["AttributeName"]],  # type: ignore[arg-type]
        )
        for each in schema
    }
    return {"hash_key": found.get("HASH"), "range_key": found.get("RANGE")}


def read_throughput(described: Mapping[str, Any]) -> Throughput | None:
    """Read capacity; None where what is used is paid for."""
    paid = described.get("ProvisionedThroughput", {})
    if not paid.get("ReadCapacityUnits"):
        return None
    return Throughput.model_construct(
        read_capacity_units=paid["ReadCapacityUnits"], write_capacity_units=paid["WriteCapacityUnits"]
    )


def read_global(described: Mapping[str, Any], types: Mapping[str, str]) -> GlobalIndex:
    """Read an index."""
    return GlobalIndex.model_construct(
        index_name=described["IndexName"],
        **read_keys(described["KeySchema"], types),  # type: ignore[arg-type]
        projection=_read_projection(described),
        provisioned_throughput=read_throughput(described),
    )


def read_local(described: Mapping[str, Any], types: Mapping[str, str]) -> LocalIndex:
    """Read an index."""
    return LocalIndex.model_construct(
        index_name=described["IndexName"],
        range_key=read_keys(described["KeySchema"], types)["range_key"],  # type: ignore[arg-type]
        projection=_read_projection(described),
    )


def _read_projection(described: Mapping[str, Any]) -> Projection:
    given = described["Projection"]
    return Projection.model_construct(
        projection_type=given["ProjectionType"], non_key_attributes=tuple(sorted(given.get("NonKeyAttributes", ())))
    )
