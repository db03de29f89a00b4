"""Figures of running processes and of the API server, taken from /proc and /metrics."""

import os
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE = re.compile(r"^apiserver_request_total\{(?P<labels>[^}]*)\} (?P<value>\S+)", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
WRITES = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE"})
OURS = frozenset({"applications", "plans", "deployments", "services", "configmaps", "secrets"})
"""Resources that only the operator and the benchmark itself write, `deployments/status` excepted."""


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process has used, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kib(pid: int) -> int:
    """Return the resident memory of a process, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None, "every process has resident memory"
    return int(found.group(1))


def writes(metrics: str) -> int:
    """Return the writes to our resources that an API server counts, dry runs and other controllers' left out."""
    total = 0.0
    for sample in _SAMPLE.finditer(metrics):
        labels = dict(_LABEL.findall(sample["labels"]))
        foreign = labels.get("group") == "apps" and labels.get("subresource")
        if labels["verb"] in WRITES and labels["resource"] in OURS and not labels.get("dry_run") and not foreign:
            total += float(sample["value"])
    return int(total)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of durations, in seconds."""

    p50: float
    p99: float
    worst: float


def quantiles(durations: Sequence[float]) -> Quantiles:
    """Return the median, the 99th percentile (nearest rank) and the longest of `durations`."""
    ordered = sorted(durations)
    rank = min(len(ordered) - 1, -(-99 * len(ordered) // 100) - 1)
    return Quantiles(round(statistics.median(ordered), 3), round(ordered[rank], 3), round(ordered[-1], 3))
