"""`import`: reads with the person's own cloud credentials, and prints an Application that takes over what was found.

Nothing is written: the manifest is for Git, or for `kubectl apply`, and its Plan waits for approval.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import Final, TypeVar

import yaml
from pydantic import ValidationError

from pilothouse.api.cell import AwsCell, CellSpec
from pilothouse.catalog.registry import TYPES, AnyType, UnknownTypeError, resource_type
from pilothouse.cli.cluster import Cluster
from pilothouse.cli.errors import ConnectionFailed, NotFound, PluginError, Refused
from pilothouse.cli.flags import Flags
from pilothouse.cli.output import note
from pilothouse.dataplane.errors import DataplaneError, Denied, NotNow
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.types import Flow
from pilothouse.importing import finding, writing
from pilothouse.importing.finding import Found

T = TypeVar("T")

CELLS: Final = "cells"


def import_(flags: Flags, name: str, cell: str, asked: Sequence[str]) -> int:
    """Print an Application that takes over what was asked for: TYPE=ID, tag:KEY=VALUE or vpc=ID each."""
    with Cluster(flags) as cluster:
        namespace, place = cluster.namespace, _place(cluster, cell)
    found: dict[tuple[str, str], Found] = {}
    for one in asked:
        for each in _asked(place, one):
            found[each.type.kind, each.reading.id] = each
    for each in found.values():
        if hidden := writing.left_out(each):
            note(f"{each.reading.id}: {', '.join(hidden)} is sensitive and left out; it stays as it is")
    manifest = writing.application(name, namespace, cell, list(found.values()))
    sys.stdout.write(yaml.safe_dump(manifest, sort_keys=False, default_flow_style=False))
    note(f"{len(found)} found. Apply it, look at the Plan, and approve: kubectl pilothouse plan {name} -n {namespace}")
    return 0


def _place(cluster: Cluster, name: str) -> AwsCell:
    raw = cluster.get(CELLS, "", name)
    try:
        spec = CellSpec.model_validate(raw.get("spec") or {})
    except ValidationError as error:
        raise Refused(f"Cell {name} cannot be read: {error.errors()[0]['msg']}") from None
    if spec.aws is None:
        raise Refused(f"Cell {name} is none of AWS: name one whose cloud has what is to be imported")
    # The person's own credentials: the Secret and the roles of the Cell are the operator's.
    aws = spec.aws
    return AwsCell(account_id=aws.account_id, region=aws.region, endpoint_url=aws.endpoint_url)


def _asked(place: AwsCell, asked: str) -> list[Found]:
    what, _, which = asked.partition("=")
    if not which:
        raise Refused(f"{asked}: say what to import as TYPE=ID, tag:KEY=VALUE or vpc=ID, such as awsQueue=https://...")
    if what.startswith("tag:"):
        found, others = _read(place, finding.by_tag(TYPES, what.removeprefix("tag:"), which))
        for arn in others:
            note(f"{arn} is left out: there is no type for it")
        return found
    flow = finding.by_vpc(TYPES, which) if what == "vpc" else finding.by_id(_type(what), which)
    found = _read(place, flow)
    if not found:
        raise NotFound(f"{which}: there is no such thing in {place.region} of account {place.account_id}")
    return found


def _type(name: str) -> AnyType:
    try:
        return resource_type(name)
    except UnknownTypeError as error:
        raise Refused(str(error.args[0])) from None


def _read(place: AwsCell, flow: Flow[T]) -> T:
    try:
        from pilothouse.dataplane.aws.client import AwsProvider  # noqa: PLC0415 - an extra that not everybody has
    except ImportError as error:
        raise Refused(f"{error}: install pilothouse[aws]") from None
    provider = AwsProvider(place)
    try:
        return asyncio.run(run(flow, provider.send))
    except DataplaneError as error:
        raise _failure(error) from None
    finally:
        provider.close()


def _failure(error: DataplaneError) -> PluginError:
    if isinstance(error, Denied):
        return Refused(f"{error} (credentials: your own, as for the aws command)")
    return ConnectionFailed(str(error)) if isinstance(error, NotNow) else Refused(str(error))
