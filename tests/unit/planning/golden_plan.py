"""One Application, and the Plan that it gets: what people see of a release, kept in golden/ for them to review.

`python -m tests.unit.planning.golden_plan` writes it anew; the difference belongs in the same commit as its cause.
"""

import json
from pathlib import Path

from pilothouse.api.application import ApplicationSpec
from pilothouse.api.cell import Allow
from pilothouse.api.plan import PlanSpec
from pilothouse.catalog.kinds import Catalog
from pilothouse.dataplane.aws.types.queue import QueueSpec
from pilothouse.dataplane.types import Reading, TargetKey
from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.resolve import World, resolve
from pilothouse.observed.snapshot import Presence, Sighting, Snapshot
from pilothouse.planning.plan import Policy, make_plan
from tests.unit.planning.things import NOW, OWNER, SUBJECT, UID, entry, ledger, mark, present

GOLDEN = Path(__file__).parent / "golden"
AWS = "aws-eu-west-1"
ROOM = (NodeFree("n", free={"cpu": 8_000, "memory": 32 * 1024**3, "pods": 110}),)
CELLS = (
    CellView("eu-1-a", "kubernetes", failure_domain="a", allowed=(Allow(),), nodes=ROOM),
    CellView("eu-1-b", "kubernetes", failure_domain="b", allowed=(Allow(),), nodes=ROOM),
    CellView(AWS, "aws", allowed=(Allow(),)),
)
LEDGER = ledger(
    entry("orders", cell=AWS, kind="awsQueue", id="https://sqs/orders"),
    entry("jobs", cell=AWS, kind="awsQueue", id="https://sqs/jobs"),
)


def queue(name: str) -> Sighting:
    """A queue with the settings that SQS gives by itself."""
    outputs = {"url": f"https://sqs/{name}", "arn": f"arn:aws:sqs:eu-west-1:123456789012:{name}", "name": name}
    return present(Reading(outputs["url"], mark(name), QueueSpec(), outputs))


def golden_plan() -> PlanSpec:
    """The first Plan after `orders` got another timeout, `jobs` left the spec and everything else came."""
    spec = ApplicationSpec.model_validate_json((GOLDEN / "application.json").read_text())
    catalog = Catalog()
    desired = resolve(spec, World(OWNER, CELLS, catalog, LEDGER))
    assert not desired.problems, desired.problems
    sightings = dict.fromkeys(desired.targets, Sighting(Presence.ABSENT, looked_at=NOW))
    sightings |= {TargetKey(AWS, "awsQueue", name): queue(name) for name in ("orders", "jobs")}
    proposal = make_plan(SUBJECT, desired, LEDGER, Snapshot(NOW, sightings), Policy(), catalog.of)
    return proposal.spec(OWNER.application, UID, 12)


def rendered(spec: PlanSpec) -> str:
    """The Plan as it is kept."""
    return json.dumps(spec.model_dump(mode="json", by_alias=True, exclude_defaults=True), indent=2) + "\n"


if __name__ == "__main__":
    (GOLDEN / "plan.json").write_text(rendered(golden_plan()))
