"""The pods of a workload run as a ServiceAccount of its own, with the role that it says."""

from tests.e2e import manifests
from tests.e2e.stage import Stage

ROLE = "arn:aws:iam::123456789012:role/{}"


def test_an_account_is_made_bound_to_its_role_and_removed(stage: Stage) -> None:
    one = manifests.web(serviceAccount={"awsRole": {"arn": ROLE.format("reader")}})
    stage.apply(manifests.application(workloads=[one]))
    stage.ready()
    account = stage.one("serviceaccounts", "web")
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == ROLE.format("reader")
    assert {pod["spec"]["serviceAccountName"] for pod in stage.items("pods")} == {"web"}

    stage.patch("serviceaccount", "web", {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "stolen"}}})

    def bound() -> bool:
        found = stage.one("serviceaccounts", "web")["metadata"]["annotations"]
        return bool(found["eks.amazonaws.com/role-arn"] == ROLE.format("reader"))

    stage.until("the role is its own again", bound)
    stage.spec("checkout", workloads=[manifests.web()])
    stage.gone("serviceaccounts", "web")
    stage.ready()
