"""What the demonstration runs on: a real control plane with fake nodes, an emulated AWS, and the operator."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from pilothouse.api.meta import GROUP, VERSION
from pilothouse.cli import objects
from pilothouse.cli.objects import ApplicationObject, PlanObject
from tests.aws.server import AwsServer
from tests.aws.settings import Settings
from tests.cluster import ApiError, BuiltCluster, Cluster
from tests.cluster.api import Api
from tests.demo.stage import Stage
from tests.operating import NAMESPACE as SYSTEM
from tests.operating import Operator, install_kinds

NAMESPACE: Final = "shop"
SWEEP_SECONDS: Final = 2
PATIENCE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.05
PACE: Final = Settings(transition_seconds=1.5, terminated_visible_seconds=3600)
"""An instance takes a while to start and to end, as it does in AWS, and is shown for an hour when it is gone."""
OURS: Final = f"apis/{GROUP}/{VERSION}"
FOLDER: Final = Path(__file__).parent


class TookTooLongError(Exception):
    """Something that was expected did not come about in time."""


@dataclass(frozen=True)
class World:
    """Everything that runs, and what can be seen of it. `name` is the Application's."""

    name: str
    cluster: BuiltCluster
    api: Api
    aws: AwsServer
    operator: Operator

    @property
    def zones(self) -> list[str]:
        """The names of its Kubernetes Cells, each a zone of the one cluster."""
        cells = yaml.safe_load_all((FOLDER / self.name / "cells.yaml").read_text())
        return [cell["metadata"]["name"] for cell in cells if "kubernetes" in cell["spec"]]

    def get(self, path: str) -> Any:
        """Return what the API server holds at `path`, None when there is nothing."""
        try:
            return self.api.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def items(self, group: str, plural: str) -> list[dict[str, Any]]:
        """Return the objects of a kind in the Application's namespace; group: `api/v1`, or `apis/apps/v1` and so on."""
        found: list[dict[str, Any]] = self.get(f"/{group}/namespaces/{NAMESPACE}/{plural}")["items"]
        return found

    def application(self) -> ApplicationObject | None:
        """Return the Application."""
        raw = self.get(f"/{OURS}/namespaces/{NAMESPACE}/applications/{self.name}")
        return None if raw is None else objects.application(raw)

    def plan(self, name: str) -> PlanObject | None:
        """Return a Plan."""
        raw = self.get(f"/{OURS}/namespaces/{NAMESPACE}/plans/{name}")
        return None if raw is None else objects.plan(raw)

    def plans(self) -> list[PlanObject]:
        """Return every Plan there is, the oldest first."""
        found = [objects.plan(raw) for raw in self.items(OURS, "plans")]
        return sorted(found, key=lambda plan: plan.spec.revision)

    def keep_logs(self) -> Path:
        """Copy the logs of everything to a folder that stays, and return it."""
        folder = Path(tempfile.mkdtemp(prefix="pilothouse-demo-logs-"))
        for source in (self.cluster.folder, self.operator.log.parent):
            for log in source.glob("*.log"):
                shutil.copy(log, folder)
        return folder


def until(done: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Look again and again until `done`. Raises TookTooLongError, which names `what`."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TookTooLongError(f"{what}: not within {seconds:.0f} s")
        time.sleep(LOOK_SECONDS)


@contextmanager
def world(name: str, stage: Stage) -> Iterator[World]:
    """Start everything, with the Cells of the Application `name`; end everything, whatever happens."""
    with ExitStack() as stack:
        with stage.starting("etcd, API server, controller manager, scheduler, fake nodes"):
            cluster = stack.enter_context(Cluster(FOLDER / name / "nodes.yaml"))
        with stage.starting("AWS, emulated"):
            aws = stack.enter_context(AwsServer(settings=PACE))
        api = cluster.api()
        stack.callback(api.close)
        with stage.starting("the operator"):
            _install(cluster, aws, FOLDER / name)
            flags = ("--identity=pilothouse-0", f"--sweep-seconds={SWEEP_SECONDS}")
            operator = stack.enter_context(Operator(cluster, *flags))
        stage.environment = cluster.environment()
        yield World(name, cluster, api, aws, operator)


def _install(cluster: BuiltCluster, aws: AwsServer, folder: Path) -> None:
    """Install the kinds, the namespaces, the credentials and the Cells, and make kubectl begin in our namespace."""
    install_kinds(cluster)
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("label", "namespace", NAMESPACE, f"team={NAMESPACE}")
    keys = aws.credentials()
    literals = {"aws_access_key_id": keys.access_key_id, "aws_secret_access_key": keys.secret_access_key}
    secret = [f"--from-literal={name}={value}" for name, value in literals.items()]
    cluster.kubectl("create", "secret", "generic", "aws", f"--namespace={SYSTEM}", *secret)
    cells = (folder / "cells.yaml").read_text().replace("${AWS_ENDPOINT_URL}", aws.url)
    cluster.kubectl("apply", "--server-side", "--filename=-", stdin=cells)
    cluster.kubectl("config", "set-context", "--current", f"--namespace={NAMESPACE}")
