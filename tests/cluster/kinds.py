"""Which kind of cluster the tests run in: the environment variable CLUSTER says."""

import os
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path

from tests.cluster import nodes
from tests.cluster.built import Cluster
from tests.cluster.errors import ClusterError
from tests.cluster.existing import current_cluster, kind_cluster
from tests.cluster.running import RunningCluster

VARIABLE = "CLUSTER"


class Kind(StrEnum):
    """built: our own processes; current: the kubeconfig's context; kind: a new kind cluster."""

    BUILT = "built"
    CURRENT = "current"
    KIND = "kind"


def wanted() -> Kind:
    """The kind that the environment asks for; built when it asks for none. Raises ClusterError for an unknown one."""
    value = os.environ.get(VARIABLE, "") or Kind.BUILT
    try:
        return Kind(value)
    except ValueError as error:
        raise ClusterError(f"{VARIABLE}={value}: expected one of {', '.join(Kind)}: set it so, or unset it") from error


def cluster_of(kind: Kind, node_file: Path = nodes.DEFAULT_NODES) -> AbstractContextManager[RunningCluster]:
    """A context manager that gives a running cluster of this kind; nothing happens before it is entered."""
    match kind:
        case Kind.BUILT:
            return Cluster(node_file)
        case Kind.CURRENT:
            return current_cluster()
        case Kind.KIND:
            return kind_cluster(nodes.load(node_file))
