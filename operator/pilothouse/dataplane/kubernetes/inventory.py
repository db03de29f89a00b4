"""The informers that a cluster needs whatever Applications are in it, put together with what they keep current."""

from pilothouse.dataplane.kubernetes import capacity
from pilothouse.dataplane.kubernetes.watching import Informers


def follow_capacity(informers: Informers) -> capacity.Capacity:
    """Return the capacity of a cluster, kept current by informers of its Nodes and Pods; complete once these synced."""
    followed = capacity.Capacity()
    informers.want(capacity.NODES, capacity.node_facts, followed.node_changed)
    informers.want(capacity.PODS, capacity.pod_use, followed.pod_changed)
    return followed
