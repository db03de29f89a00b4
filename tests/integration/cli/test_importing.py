"""`kubectl pilothouse import`: what exists becomes an Application that changes nothing."""

import pytest
import yaml

from pilothouse.api.application import ApplicationSpec
from pilothouse.dataplane.aws.types.queue import QueueSpec
from tests.aws.server import AwsServer
from tests.cluster.running import RunningCluster
from tests.crds.manifests import AWS, cell
from tests.integration.cli.conftest import Typed

pytestmark = pytest.mark.cluster


@pytest.fixture
def place(kinds: RunningCluster, aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Cell of the emulated AWS, and a person with credentials for it."""
    made = cell("aws-import", aws={**AWS, "endpointURL": aws.url, "credentialsSecretRef": {"name": "not-theirs"}})
    kinds.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(made))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", aws.credentials().access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return "aws-import"


def test_one_thing_by_its_id(typed: Typed, place: str, aws: AwsServer) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "77"})["QueueUrl"]
    ended = typed("import", "checkout", f"awsQueue={url}", f"--cell={place}")
    assert ended.code == 0, ended.err
    (resource,) = yaml.safe_load(ended.out)["spec"]["resources"]
    assert resource["cell"] == place
    assert resource["adopt"] == {"id": url}
    assert resource["awsQueue"]["visibilityTimeoutSeconds"] == 77
    assert QueueSpec.model_validate(resource["awsQueue"]).visibility_timeout_seconds == 77
    assert "1 found. Apply it, look at the Plan, and approve" in ended.err


def test_everything_with_a_tag(typed: Typed, place: str, aws: AwsServer) -> None:
    aws.client("sqs").create_queue(QueueName="orders", tags={"team": "shop"})
    aws.client("sqs").create_queue(QueueName="other")
    key = aws.client("kms").create_key(Tags=[{"TagKey": "team", "TagValue": "shop"}])["KeyMetadata"]["Arn"]
    ended = typed("import", "checkout", "tag:team=shop", f"--cell={place}")
    assert ended.code == 0, ended.err
    spec = ApplicationSpec.model_validate(yaml.safe_load(ended.out)["spec"])
    assert [list(resource.blocks) for resource in spec.resources] == [["awsQueue"]]
    assert f"{key} is left out: there is no type for it" in ended.err


def test_a_whole_vpc(typed: Typed, place: str, aws: AwsServer) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="eu-west-1a")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ended = typed("import", "network", f"vpc={vpc}", f"--cell={place}")
    assert ended.code == 0, ended.err
    resources = {resource["name"]: resource for resource in yaml.safe_load(ended.out)["spec"]["resources"]}
    assert set(resources) == {"vpc", "subnet", "internet-gateway"}, "what AWS makes by itself goes with the VPC"
    assert resources["vpc"]["awsVPC"] == {"cidrBlock": "10.0.0.0/16"}
    assert resources["subnet"]["awsSubnet"]["vpc"] == {"ref": "vpc"}
    assert resources["internet-gateway"]["awsInternetGateway"] == {"vpc": {"ref": "vpc"}}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("https://sqs.example/orders", "say what to import as TYPE=ID, tag:KEY=VALUE or vpc=ID"),
        ("awsQeue=x", "type 'awsQeue' does not exist: use one of"),
        ("vpc=vpc-0123456789abcdef0", "there is no such thing in eu-west-1 of account 123456789012"),
    ],
)
def test_what_cannot_be_imported_is_told_with_its_mend(typed: Typed, place: str, asked: str, says: str) -> None:
    ended = typed("import", "checkout", asked, f"--cell={place}")
    assert (ended.code, ended.out) == (1, "")
    assert says in ended.err


def test_a_cell_of_no_cloud_has_nothing_to_import(typed: Typed, kinds: RunningCluster) -> None:
    kinds.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(cell("kube", kubernetes={})))
    ended = typed("import", "checkout", "vpc=vpc-1", "--cell=kube")
    assert ended.code == 1
    assert "Cell kube is none of AWS" in ended.err
