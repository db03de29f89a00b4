"""What only the Cell knows, put into calls on their way out."""

from __future__ import annotations

from pilothouse.dataplane.aws.places import ACCOUNT, LOCATION, REGION, Place, arn, located

IRELAND = Place("123456789012", "eu-west-1", "aws")
VIRGINIA = Place("123456789012", "us-east-1", "aws")
PEKING = Place("123456789012", "cn-north-1", "aws-cn")


def test_account_and_region_stand_anywhere_in_a_calls_parameters() -> None:
    given = {"Owner": ACCOUNT, "Filters": [{"Region": REGION}, ("a", arn("sns", "orders"))]}
    assert located(given, PEKING) == {
        "Owner": "123456789012",
        "Filters": [{"Region": "cn-north-1"}, ["a", "arn:aws-cn:sns:cn-north-1:123456789012:orders"]],
    }


def test_what_ends_empty_is_left_out_and_what_people_left_empty_is_sent() -> None:
    """S3 refuses the location us-east-1; an empty tag is a tag."""
    given = {"LocationConstraint": LOCATION, "Value": "", "Count": 0}
    assert located(given, IRELAND) == {"LocationConstraint": "eu-west-1", "Value": "", "Count": 0}
    assert located(given, VIRGINIA) == {"Value": "", "Count": 0}


def test_text_of_people_that_looks_the_same_is_not_touched() -> None:
    assert located({"Value": "${account}"}, IRELAND) == {"Value": "${account}"}
