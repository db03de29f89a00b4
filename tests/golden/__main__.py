"""`python -m tests.golden`: bring a fleet to rest in a cluster of its own, and keep its state as this version's."""

import asyncio
import base64
import json
from contextlib import closing
from importlib.metadata import version
from typing import Final

from pilothouse.api.cell import AwsCell
from pilothouse.dataplane.aws.client import AwsProvider
from pilothouse.dataplane.aws.credentials import AccessKey
from pilothouse.dataplane.kubernetes.types import marks
from pilothouse.dataplane.kubernetes.types.identity import ObjectID
from pilothouse.dataplane.types import Sensitive
from pilothouse.runtime.home import HASH_KEY_SECRET
from tests.aws.server import DEFAULT_ACCOUNT, DEFAULT_REGION, AwsServer
from tests.cluster import Cluster
from tests.crds.manifests import fleet_policy
from tests.e2e import manifests
from tests.e2e.seen import Object
from tests.e2e.stage import Stage
from tests.golden import schemas
from tests.golden.answers import Noted
from tests.golden.applications import applications
from tests.golden.standing import standing
from tests.golden.state import RELEASED, State
from tests.operating import NAMESPACE, Operator, install_kinds

SHOP: Final = "shop"
CONTROL_PLANE: Final = "golden"
AT_REST_SECONDS: Final = 300.0
_BUDGETS: Final = {"callsPerSecondPerCell": 1_000}
"""A state of which much is read is read at once."""


def main() -> None:
    """Write the state."""
    operator_flags = (f"--control-plane-id={CONTROL_PLANE}", "--sweep-seconds=2")
    with Cluster() as cluster, AwsServer() as aws, closing(cluster.api()) as api:
        install_kinds(cluster)
        operator = Operator(cluster, *operator_flags)
        stage = Stage(cluster, aws, operator, api, SHOP)
        keys = manifests.aws_keys(NAMESPACE, aws.credentials().access_key_id)
        cells = [manifests.kubernetes_cell(name, zone) for name, zone in manifests.ZONES.items()]
        stage.apply(keys, *cells, manifests.aws_cell(manifests.CLOUD, aws.url), fleet_policy(budgets=_BUDGETS))
        cluster.kubectl("create", "namespace", SHOP, "--save-config")
        with operator:
            wanted = applications(aws)
            stage.apply(*wanted)
            for one in wanted:
                name = one["metadata"]["name"]
                _approved(stage, name)
                print(f"{name}: {stage.ready(name, AT_REST_SECONDS).status.resources_ready} Ready", flush=True)
            operator.stop()
        state = _taken(stage)
        state = asyncio.run(_answered(state, aws))
    folder = RELEASED / state.version
    state.write(folder)
    schemas.write(folder)
    print(f"{folder}: {len(state.kinds)} of our kinds, {len(state.objects)} objects, {len(state.answers)} answers")


def _approved(stage: Stage, name: str) -> None:
    """Approve what is taken over."""

    def decided() -> bool:
        ready = stage.seen(name).condition("Ready")
        return ready.status == "True" or ready.reason == "ApprovalNeeded"

    stage.until(f"{name} is Ready or waits for approval", decided, AT_REST_SECONDS)
    if stage.seen(name).condition("Ready").reason == "ApprovalNeeded":
        stage.plugin("approve", name, "--yes")


def _taken(stage: Stage) -> State:
    """Read everything that the API server has of it."""
    key = stage.api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/{HASH_KEY_SECRET}")["data"]["key"]
    kinds = [_plain(raw) for raw in _all(stage, "applications,plans,cells,fleetpolicies")]
    entries = [entry for raw in kinds if raw["kind"] == "Application" for entry in raw["status"]["resources"]]
    ids = [ObjectID.parse(entry["id"]) for entry in entries if not entry["type"].startswith("aws") and entry.get("id")]
    plurals = sorted({f"{one.kind}.{one.api_version.rpartition('/')[0]}".rstrip(".").lower() for one in ids})
    ours = _all(stage, ",".join(plurals), f"--selector={marks.selector(CONTROL_PLANE)}")
    around = [_plain(raw) for raw in _all(stage, "nodes,pods")]
    labels = {raw["metadata"]["name"]: raw["metadata"].get("labels", {}) for raw in _all(stage, "namespaces")}
    return State(version("pilothouse"), CONTROL_PLANE, base64.b64decode(key), labels, kinds, [*ours, *around])


def _all(stage: Stage, what: str, *flags: str) -> list[Object]:
    words = ("get", what, "--all-namespaces", "--output=json", "--show-managed-fields", *flags)
    found: list[Object] = json.loads(stage.cluster.kubectl(*words).stdout)["items"]
    return found


def _plain(raw: Object) -> Object:
    """Leave out what nobody reads of what is not ours."""
    return {**raw, "metadata": {name: value for name, value in raw["metadata"].items() if name != "managedFields"}}


async def _answered(state: State, aws: AwsServer) -> State:
    """Start the operator over the state, and take down what the cloud answers it."""
    place = AwsCell(account_id=DEFAULT_ACCOUNT, region=DEFAULT_REGION, endpoint_url=aws.url)
    keys = aws.credentials()
    with closing(AwsProvider(place, AccessKey(keys.access_key_id, Sensitive(keys.secret_access_key)))) as provider:
        noted = Noted(provider)
        async with standing(state, noted) as everything:
            for key in state.applications():
                await everything.reconciler.reconcile(key)
    return State(**{**vars(state), "answers": list(noted.answers.values())})


if __name__ == "__main__":
    main()
