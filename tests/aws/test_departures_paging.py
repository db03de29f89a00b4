"""Pages: those that moto does not cut, against AWS's documentation of each operation."""

from __future__ import annotations

from tests.aws.comparing import corrects
from tests.aws.departures import paging
from tests.aws.server import AwsServer


@corrects(paging.every_listing_has_pages)
def test_a_page_is_as_long_as_was_asked_for_and_the_next_one_goes_on_although_things_went(cloud: AwsServer) -> None:
    """A sweep that reads pages must see everything, and one that is told of one page would never ask for the next."""
    ec2 = cloud.client("ec2")
    made = sorted(ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"] for number in range(12))
    first = ec2.describe_vpcs(MaxResults=5)
    seen = [each["VpcId"] for each in first["Vpcs"]]
    assert len(seen) == 5
    ec2.delete_vpc(VpcId=next(each for each in made if each in seen))
    second = ec2.describe_vpcs(MaxResults=20, NextToken=first["NextToken"])
    assert "NextToken" not in second
    assert set(made) <= {*seen, *(each["VpcId"] for each in second["Vpcs"])}
