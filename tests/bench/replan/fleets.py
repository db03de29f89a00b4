"""Tight fleets, made up by seed: Cells of different shapes, nearly full, and many workloads that may not go anywhere.

Nothing makes sure that everything fits: what can not be placed by anybody is found by the bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from pilothouse.desired.placement.fleet.values import Cell, Fleet, Key, NodeClass, Workload

GIB: Final = 1 << 30
GPU: Final = "nvidia.com/gpu"
REGIONS: Final = ("ap", "eu", "us")
ZONES: Final = 3
SHAPES: Final = ((16_000, 32), (16_000, 64), (16_000, 128), (32_000, 128))
"""Nodes without accelerators: millicores and GiB."""
ACCELERATED: Final = NodeClass(1, {"cpu": 64_000, "memory": 256 * GIB, "pods": 110, GPU: 8})
LOWEST_USE, HIGHEST_USE = 0.85, 0.95
"""How much of each resource is asked for."""
LEAST_PLAIN: Final = 0.05
"""At least so much of it is on nodes without accelerators."""
CPU: Final = (100, 250, 500, 1000, 2000, 4000)
CPU_CHANCES: Final = (20, 25, 25, 15, 10, 5)
GIB_A_CORE: Final = (1.0, 2.0, 4.0, 6.0, 8.0)
PRICES: Final = {"cpu": 0.00004, "memory": 0.005 / GIB, GPU: 2.5}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a Cell is, and how large its share of the fleet."""

    name: str
    region: str
    domain: str
    size: float
    accelerated: bool


def fleet(applications: int, cells: int, seed: int) -> Fleet:
    """Return a fleet of so many Applications, 1.35 workloads and about 6.7 replicas each, and so many Cells."""
    chance = Random(f"{applications}/{cells}/{seed}")
    sites = [_site(number, chance) for number in range(cells)]
    workloads = [work for number in range(applications) for work in _application(number, sites, chance)]
    return Fleet(tuple(_cells(sites, workloads, chance)), tuple(workloads))


def _site(number: int, chance: Random) -> Site:
    region = REGIONS[number % len(REGIONS)]
    domain = f"{region}-{number // len(REGIONS) % ZONES + 1}"
    return Site(f"{domain}-{number:02}", region, domain, chance.uniform(0.5, 2.0), number % 4 == 0)


def _application(number: int, sites: Sequence[Site], chance: Random) -> list[Workload]:
    home = chance.choice(REGIONS)
    resident = chance.random() < 0.25
    group = f"group-{number}" if chance.random() < 0.03 else ""
    priority = chance.choices((0, 1, 3), (60, 30, 10))[0]
    return [
        _workload(Key(f"shop/app-{number:05}", name), home, sites, chance, (resident, group, priority))
        for name in ("web", "worker", "batch")[: chance.choices((1, 2, 3), (70, 25, 5))[0]]
    ]


def _workload(key: Key, home: str, sites: Sequence[Site], chance: Random, shared: tuple[bool, str, int]) -> Workload:
    resident, group, priority = shared
    requests = _requests(chance)
    allowed = _allowed(home, sites, chance, resident=resident, accelerated=GPU in requests)
    domains = len({site.domain for site in sites if site.name in allowed})
    return Workload(
        key=key,
        replicas=min(40, 1 + int(chance.expovariate(1 / 4.5))),
        requests=requests,
        allowed=allowed,
        priority=priority,
        min_domains=min(domains, chance.choices((1, 2, 3), (60, 30, 10))[0]),
        closeness={site.name: round(chance.uniform(0.5, 1.0), 3) for site in sites if site.region == home},
        group=group,
    )


def _requests(chance: Random) -> Mapping[str, int]:
    if chance.random() < 0.06:
        gpus = chance.choices((1, 2, 4, 8), (60, 20, 15, 5))[0]
        return {"cpu": 4000 * gpus, "memory": 16 * GIB * gpus, "pods": 1, GPU: gpus}
    cpu = chance.choices(CPU, CPU_CHANCES)[0]
    memory = int(cpu * chance.choice(GIB_A_CORE) / 1000 * 1024) << 20
    return {"cpu": cpu, "memory": memory, "pods": 1}


def _allowed(home: str, sites: Sequence[Site], chance: Random, *, resident: bool, accelerated: bool) -> tuple[str, ...]:
    """Return the Cells that residency and a selector leave, those with accelerators for what asks for them."""
    fit = [site for site in sites if site.accelerated or not accelerated]
    near = [site for site in fit if site.region == home] if resident else fit
    if chance.random() < 0.2:
        near = [site for site in near if chance.random() < 0.5] or near
    return tuple(site.name for site in near or fit)


def _cells(sites: Sequence[Site], workloads: Sequence[Workload], chance: Random) -> list[Cell]:
    """Give each site nodes until the fleet has as much of everything as its use says."""
    asked = {r: sum(work.replicas * work.requests.get(r, 0) for work in workloads) for r in ("cpu", "memory", GPU)}
    wanted = {resource: total / chance.uniform(LOWEST_USE, HIGHEST_USE) for resource, total in asked.items()}
    gpu_nodes = _shares(sites, wanted[GPU] / 8, chance, accelerated=True)
    by_gpu_nodes = {r: sum(gpu_nodes.values()) * ACCELERATED.allocatable[r] for r in ("cpu", "memory")}
    left = {r: max(LEAST_PLAIN * wanted[r], wanted[r] - have) for r, have in by_gpu_nodes.items()}
    shapes = {site.name: chance.choice(SHAPES) for site in sites}
    plain = _plain_nodes(sites, shapes, left)
    return [_cell(site, shapes[site.name], plain[site.name], gpu_nodes.get(site.name, 0), chance) for site in sites]


def _shares(sites: Sequence[Site], nodes: float, chance: Random, *, accelerated: bool) -> dict[str, int]:
    have = [site for site in sites if site.accelerated == accelerated]
    total = sum(site.size for site in have)
    return {site.name: max(1, round(nodes * site.size / total * chance.uniform(0.9, 1.1))) for site in have}


def _plain_nodes(
    sites: Sequence[Site], shapes: Mapping[str, tuple[int, int]], left: Mapping[str, float]
) -> dict[str, tuple[int, int, int]]:
    """Return nodes by site: how many, with how many millicores and GiB each, so that both sums are as wanted."""
    size = {site.name: site.size for site in sites}
    by_cpu = left["cpu"] / sum(size.values())
    counts = {name: max(2, round(share * by_cpu / shapes[name][0])) for name, share in size.items()}
    cpu = sum(count * shapes[name][0] for name, count in counts.items()) / left["cpu"]
    memory = sum(count * shapes[name][1] for name, count in counts.items()) * GIB / left["memory"]
    return {
        name: (count, int(shapes[name][0] / cpu), max(4, int(shapes[name][1] / memory)))
        for name, count in counts.items()
    }


def _cell(site: Site, shape: tuple[int, int], plain: tuple[int, int, int], gpu_nodes: int, chance: Random) -> Cell:
    del shape
    count, cpu, gib = plain
    nodes = [NodeClass(count, {"cpu": cpu, "memory": gib * GIB, "pods": 110})]
    if gpu_nodes:
        nodes.append(NodeClass(gpu_nodes, ACCELERATED.allocatable))
    factor = chance.uniform(0.7, 1.3)
    return Cell(site.name, site.domain, tuple(nodes), {name: price * factor for name, price in PRICES.items()})
