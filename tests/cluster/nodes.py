"""Fake nodes from a small YAML file: any number, size, zone, labels and accelerator; kwok keeps them alive."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tests.cluster.errors import NodesError

DEFAULT_NODES = Path(__file__).with_name("nodes.yaml")
FAKE = {"kwok.x-k8s.io/node": "fake"}  # kwok leaves every other node alone

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=50)]
Quantity = Annotated[str, Field(pattern=r"^\d+(\.\d+)?(m|[kMGTP]|[KMGTP]i)?$", coerce_numbers_to_str=True)]


class Strict(BaseModel):
    """A part of the node file, where an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Taint(Strict):
    """A taint as Kubernetes has it."""

    key: str
    value: str = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class Accelerator(Strict):
    """Devices on each node: an extended resource, and the label `<resource>.product` that names the model."""

    resource: Annotated[str, Field(pattern=r"^[a-z0-9.-]+/[a-zA-Z0-9._-]+$")] = "nvidia.com/gpu"
    count: Annotated[int, Field(ge=1)]
    model: str = ""


class NodePool(Strict):
    """`count` equal nodes named `<name>-0`, `<name>-1` and so on, dealt out over `zones` in turn."""

    name: Name
    count: Annotated[int, Field(ge=1)] = 1
    zones: Annotated[tuple[str, ...], Field(min_length=1)] = ("zone-a",)
    region: str = "region-1"
    instance_type: Annotated[str, Field(alias="instanceType")] = "fake"
    cpu: Quantity = "8"
    memory: Quantity = "32Gi"
    pods: Annotated[int, Field(ge=1)] = 110
    labels: dict[str, str] = Field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    accelerator: Accelerator | None = None

    def manifests(self, address_offset: int = 0) -> Iterator[dict[str, Any]]:
        """The Node objects; addresses count up from 10.64.0.1 + `address_offset`."""
        for index in range(self.count):
            name = f"{self.name}-{index}"
            yield {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": self._labels(name, index), "annotations": dict(FAKE)},
                "spec": {"taints": [taint.model_dump(exclude_defaults=True) for taint in self.taints]},
                "status": {
                    "capacity": self._capacity(),
                    "allocatable": self._capacity(),
                    "addresses": [{"type": "InternalIP", "address": address(address_offset + index)}],
                },
            }

    def _labels(self, name: str, index: int) -> dict[str, str]:
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "node.kubernetes.io/instance-type": self.instance_type,
            "topology.kubernetes.io/region": self.region,
            "topology.kubernetes.io/zone": self.zones[index % len(self.zones)],
        }
        if self.accelerator and self.accelerator.model:
            labels[f"{self.accelerator.resource}.product"] = self.accelerator.model
        return labels | self.labels

    def _capacity(self) -> dict[str, str]:
        capacity = {"cpu": self.cpu, "memory": self.memory, "pods": str(self.pods)}
        if self.accelerator:
            capacity[self.accelerator.resource] = str(self.accelerator.count)
        return capacity


def address(index: int) -> str:
    """The IPv4 address of node number `index`, in 10.64.0.0/10."""
    number = index + 1
    return f"10.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def load(path: Path = DEFAULT_NODES) -> tuple[NodePool, ...]:
    """The pools of a node file. Raises NodesError with the file, the field, what was found and what was expected."""
    return parse(path.read_text(), source=str(path))


def parse(text: str, source: str = "nodes") -> tuple[NodePool, ...]:
    """The pools in a YAML list. Raises NodesError."""
    try:
        pools = TypeAdapter(tuple[NodePool, ...]).validate_python(yaml.safe_load(text) or ())
    except yaml.YAMLError as error:
        raise NodesError(f"{source}: is not YAML: {error}") from error
    except ValidationError as error:
        raise NodesError(f"{source}: " + "; ".join(explain(error))) from error
    names = [pool.name for pool in pools]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise NodesError(f"{source}: name {', '.join(twice)} is used by more than one pool: give each its own")
    return pools


def explain(error: ValidationError) -> Iterator[str]:
    """One sentence for each wrong field."""
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"]) or "the file"
        yield f"{field}: {problem['msg']} (found {problem['input']!r})"


def manifests(pools: Sequence[NodePool]) -> Iterator[dict[str, Any]]:
    """The Node objects of all pools, each with an address of its own."""
    offset = 0
    for pool in pools:
        yield from pool.manifests(offset)
        offset += pool.count
