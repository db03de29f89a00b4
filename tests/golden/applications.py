"""The Applications whose state is kept: one thing of every type as little as it can be told of, and whole systems."""

from pathlib import Path
from typing import Any, Final

import yaml

from pilothouse.catalog.registry import TYPES
from tests.applications import told
from tests.aws.server import AwsServer
from tests.contract.aws.example import placed
from tests.contract.aws.examples import EXAMPLES
from tests.contract.aws.stage import Stage, vpc
from tests.e2e import manifests
from tests.e2e.seen import Object

SYSTEMS: Final = ("retail-store", "three-tier")
REST: Final = Path(__file__).parent / "rest.yaml"

_APART: Final[dict[str, Object]] = {"awsSubnet": {"cidrBlock": "10.1.77.0/24"}}
"""What examples that share a VPC must not have in common."""


def defaults(aws: AwsServer) -> Object:
    """One resource of every type of a cloud, all left out that may be: what a version fills in must stay the same."""
    resources = [
        {
            "name": kind.lower(),
            "cell": manifests.CLOUD,
            kind: placed(EXAMPLES[kind].minimal, Stage(aws, EXAMPLES[kind].stage)) | _APART.get(kind, {}),
            "deletionPolicy": "Delete",
        }
        for kind, one in TYPES.items()
        if one.provider == "aws"
    ]
    return manifests.application("defaults", resources=resources)


def rest(aws: AwsServer) -> Object:
    """What none of the others has, in which `$` stands for what exists already."""
    given: Any = yaml.safe_load(REST.read_text())
    whole: Object = placed(given, {"$vpc": vpc("10.9.0.0/16")(aws), "$read": vpc("10.8.0.0/16")(aws)})
    return whole


def applications(aws: AwsServer) -> list[Object]:
    """All of them, so that whoever refers to another one comes after it."""
    return [*(told.application(name) for name in SYSTEMS), defaults(aws), rest(aws)]
