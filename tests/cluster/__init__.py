"""A real Kubernetes control plane for tests and the demo, without Docker.

`Cluster` is a context manager; `fixtures` is the pytest plugin; `python -m tests.cluster` is the command.
"""

from tests.cluster.built import BuiltCluster, Cluster
from tests.cluster.components import Component
from tests.cluster.errors import ApiError, ClusterError, CommandError
from tests.cluster.nodes import Accelerator, NodePool, Taint
from tests.cluster.running import RunningCluster, ServiceAccount, User

__all__ = [
    "Accelerator",
    "ApiError",
    "BuiltCluster",
    "Cluster",
    "ClusterError",
    "CommandError",
    "Component",
    "NodePool",
    "RunningCluster",
    "ServiceAccount",
    "Taint",
    "User",
]
