"""A life in which secrets pass through everything that is told. That none is told is what `stage` looks at, always."""

import base64
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import cast

import pytest

from tests.crds.manifests import fleet_policy
from tests.e2e import manifests, secrecy
from tests.e2e.stage import Stage

SIGNING = base64.b64encode(secrecy.planted("the secret that notices are signed with").encode()).decode()
IN_THE_URL = secrecy.planted("a token in the address of a receiver")
USER_DATA = secrecy.planted("user data of an instance")
KEY = secrecy.planted("data of a Secret among the manifests")


class Receiver(ThreadingHTTPServer):
    """Takes every notice, and keeps what it was sent."""

    def __init__(self) -> None:
        self.told: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{IN_THE_URL}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        cast(Receiver, self.server).told.append(f"{self.headers} {body}")
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of its parent's
        pass


@pytest.fixture
def receiver(stage: Stage) -> Iterator[Receiver]:
    """A receiver of every notice of the fleet."""
    home = stage.within(stage.operator.namespace)
    with Receiver() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        hooks = [{"name": "all", "url": server.url, "secretRef": {"name": "hooks"}}]
        home.apply(manifests.secret("hooks", {"secret": f"whsec_{SIGNING}"}), fleet_policy(notifications=hooks))
        yield server
        home.kubectl("delete", "phfleet", "default")
        home.kubectl("delete", "secret", "hooks")
        server.shutdown()


def test_a_life_full_of_secrets(stage: Stage, receiver: Receiver) -> None:
    template = manifests.pods(
        env=[{"name": "PASSWORD", "value": manifests.LITERAL}], envFrom=[{"secretRef": {"name": "orders"}}]
    )
    application = manifests.application(
        workloads=[manifests.worker(template=template)],
        resources=[
            manifests.queue(writeOutputsTo={"secret": "orders"}),
            manifests.instance(settings={**manifests.INSTANCE, "userData": USER_DATA}),
        ],
        manifests=[manifests.secret("keys", {"key": KEY})],
        changePolicy={"approval": "Always"},
    )
    stage.apply(application)
    stage.stalled("ApprovalNeeded")
    stage.plugin("approve", "checkout", "--yes")
    seen = stage.ready()
    data = stage.one("secrets", "orders")["data"]
    assert base64.b64decode(data["ORDERS_URL"]).decode() == seen.queue.id
    assert KEY not in stage.plugin("plan", "checkout") + stage.plugin("status", "checkout")

    stage.spec("checkout", changePolicy={"approval": "Automatic"})
    stage.kubectl("set", "env", "deployment/checkout-worker-eu-1-a", f"PASSWORD={USER_DATA}")
    stage.until("drift of a secret is put right", lambda: "Drift" in stage.reasons())
    stage.ready()
    # What an API server refuses, it quotes.
    wrong = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"key": f"%{KEY}"}}
    stage.spec("checkout", manifests=[wrong])
    stage.until("it is told", lambda: "keys" in stage.seen().condition("Stalled").message)

    assert receiver.told, "else this says nothing about what receivers are told"
    assert [what for value, what in secrecy.KNOWN.items() if value in " ".join(receiver.told)] == []


def test_what_is_told_is_found(stage: Stage) -> None:
    """Else the others would pass whatever they tell."""
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "told", "namespace": stage.namespace},
        "involvedObject": {"namespace": stage.namespace},
        "message": f"the password is {secrecy.encoded(manifests.SECRET_KEY)}",
    }
    stage.apply(event)
    found = secrecy.leaks(stage)
    stage.kubectl("delete", "event", "told")
    assert found == ["the secret access key of Cells is in events/told"]
