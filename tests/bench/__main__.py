"""`python -m tests.bench`: create many Applications on a real API server and measure what they cost."""

import argparse
import json
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from typing import Any

from tests.aws.server import AwsServer
from tests.bench import measuring, subjects
from tests.cluster import BuiltCluster, Cluster, Component
from tests.operating import NAMESPACE, Operator, install_kinds

PATH = f"/apis/pilothouse.dev/v1alpha1/namespaces/{subjects.NAMESPACE}/applications"
PATIENCE_SECONDS = 120
"""How long the watch may be silent before the benchmark gives up."""
TELL_SECONDS = 5
SWEEP_SECONDS = 60.0
"""The operator's default."""
READ_SECONDS = 3 * SWEEP_SECONDS
BARE = 200
CONTROLLERS_SECONDS = 10.0
"""Until the controllers of Kubernetes have done what these objects cause."""
CREATORS = 8
"""Threads that create Applications: more than the operator needs to be kept busy."""


def main() -> int:
    """Run the benchmark and print one JSON document."""
    options = _options()
    with Cluster(()) as cluster, AwsServer() as aws:
        install_kinds(cluster)
        cluster.kubectl("create", "namespace", subjects.NAMESPACE)
        cluster.api().create("/apis/pilothouse.dev/v1alpha1/cells", subjects.CELL)
        cluster.api().create(
            f"/api/v1/namespaces/{NAMESPACE}/secrets", subjects.keys(NAMESPACE, aws.credentials().access_key_id)
        )
        floor = bare(cluster)
        with Operator(cluster, "--sweep-seconds", f"{SWEEP_SECONDS:g}", "--log-level", "warning") as operator:
            bench = Bench(cluster, operator)
            result = bench.run(options.applications, options.more, options.idle) | floor | bench.reads(aws)
    json.dump(result, sys.stdout, indent=2)
    print()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--applications", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--more", type=int, default=50, help="how many more, one by one (default: %(default)s)")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds of idleness measured (default: %(default)s)")
    return parser.parse_args()


def bare(cluster: BuiltCluster) -> dict[str, Any]:
    """Return what the API server takes for the objects of an Application when there is neither one nor an operator."""
    api, server = cluster.api(), cluster.processes.states()[Component.API_SERVER].pid
    before = measuring.cpu_seconds(server)
    for number in range(BARE):
        for path, body in subjects.bare(number):
            api.create(path, body)
    time.sleep(CONTROLLERS_SECONDS)
    return {"api_server_cpu_ms_each_bare": round(1000 * (measuring.cpu_seconds(server) - before) / BARE, 2)}


class Bench:
    """One run over a cluster and an operator."""

    def __init__(self, cluster: BuiltCluster, operator: Operator) -> None:
        self.cluster, self.operator = cluster, operator
        self.server_pid = cluster.processes.states()[Component.API_SERVER].pid

    def run(self, count: int, more: int, idle: float) -> dict[str, Any]:
        """Return every figure. Progress goes to standard error."""
        time.sleep(3)
        before, empty = self._state(), measuring.resident_kib(self.operator.pid)
        watched = Watched(self.cluster)
        start = time.monotonic()
        with ThreadPoolExecutor(CREATORS) as pool:
            list(pool.map(self._create, (range(first, count, CREATORS) for first in range(CREATORS))))
        _say(f"{count} created after {time.monotonic() - start:.1f} s")
        watched.wait(count)
        seconds = time.monotonic() - start
        after, full = self._state(), measuring.resident_kib(self.operator.pid)
        cpu, server, written = (now - then for now, then in zip(after, before, strict=True))
        singles = [self._one_more(count + number) for number in range(more)]
        calm = self._state()
        time.sleep(idle)
        quiet = self._state()
        return {
            "applications": count,
            "seconds": round(seconds, 2),
            "applications_per_second": round(count / seconds, 2),
            "operator_cpu_ms_each": round(1000 * cpu / count, 2),
            "api_server_cpu_ms_each": round(1000 * server / count, 2),
            "api_writes_each": round((written - count) / count, 2),
            "resident_kib_each": round((full - empty) / count, 1),
            "resident_mib": round(full / 1024, 1),
            "one_more_seconds": asdict(measuring.quantiles(singles)) if singles else None,
            "idle_cpu_percent": round(100 * (quiet[0] - calm[0]) / idle, 2),
            "idle_writes_per_minute": round(60 * (quiet[2] - calm[2]) / idle, 1),
        }

    def reads(self, aws: AwsServer) -> dict[str, Any]:
        """Return how many reads a minute it takes to watch queues and instances of which nothing changes."""
        self.cluster.api().create("/apis/pilothouse.dev/v1alpha1/cells", subjects.cloud_cell(aws.url))
        watched = Watched(self.cluster)
        self.cluster.api().create(PATH, subjects.clouded())
        watched.wait(1)
        before = sum(aws.counts().values())
        time.sleep(READ_SECONDS)
        calls = sum(aws.counts().values()) - before
        things = subjects.QUEUES + subjects.INSTANCES
        return {"cloud_resources": things, "cloud_calls_per_minute": round(60 * calls / READ_SECONDS, 1)}

    def _state(self) -> tuple[float, float, int]:
        metrics = self.cluster.kubectl("get", "--raw", "/metrics").stdout
        cpu = measuring.cpu_seconds(self.operator.pid), measuring.cpu_seconds(self.server_pid)
        return *cpu, measuring.writes(metrics)

    def _create(self, numbers: Iterable[int]) -> None:
        """Create Applications one after the other over one connection."""
        with closing(self.cluster.api()) as api:
            for number in numbers:
                api.create(PATH, subjects.application(number))

    def _one_more(self, number: int) -> float:
        watched = Watched(self.cluster)
        start = time.monotonic()
        self._create([number])
        watched.wait(1)
        return time.monotonic() - start


class Watched:
    """The Applications that became Ready since it was made, by a watch: to look again and again would be measured."""

    def __init__(self, cluster: BuiltCluster) -> None:
        api = cluster.api()
        version = api.get(f"{PATH}?limit=1")["metadata"]["resourceVersion"]
        self._events = api.watch(PATH, PATIENCE_SECONDS, resourceVersion=version)

    def wait(self, count: int) -> None:
        """Wait until `count` Applications are Ready."""
        ready: set[str] = set()
        told = time.monotonic()
        with closing(self._events):
            for event in self._events:
                if subjects.is_ready(event["object"]):
                    ready.add(event["object"]["metadata"]["name"])
                if len(ready) >= count:
                    return
                if time.monotonic() > told + TELL_SECONDS:
                    told = time.monotonic()
                    _say(f"{len(ready)} of {count} Ready")
        raise ConnectionError(f"the watch ended when {len(ready)} of {count} were Ready")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
