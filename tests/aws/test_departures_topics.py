"""SNS and the tagging API as their API References have them; each test fails on bare moto."""

from __future__ import annotations

import json
from typing import Any

from tests.aws.comparing import corrects, refused
from tests.aws.departures import tagging, topics
from tests.aws.server import AwsServer

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"
MAIL = {"Protocol": "email", "Endpoint": "ops@example.com"}


def topic(cloud: AwsServer, name: str = "orders", **more: Any) -> str:
    """Create a topic; returns its ARN."""
    arn: str = cloud.client("sns").create_topic(Name=name, **more)["TopicArn"]
    return arn


def subscribe(cloud: AwsServer, arn: str, **more: Any) -> str:
    """Subscribe a queue, unless told otherwise; returns the ARN."""
    given = {"Protocol": "sqs", "Endpoint": QUEUE, **more}
    made: str = cloud.client("sns").subscribe(TopicArn=arn, ReturnSubscriptionArn=True, **given)["SubscriptionArn"]
    return made


@corrects(topics.attributes_are_checked)
def test_unknown_attributes_are_refused(cloud: AwsServer) -> None:
    """A typing error in an attribute's name must not pass."""
    refused("InvalidParameter", cloud.client("sns").create_topic, Name="a", Attributes={"DisplayNam": "1"})


@corrects(topics.attributes_are_checked)
def test_a_topic_cannot_become_fifo(cloud: AwsServer) -> None:
    """The kind of a topic is fixed when it is made: a change is a replacement."""
    change = {"TopicArn": topic(cloud), "AttributeName": "FifoTopic", "AttributeValue": "true"}
    refused("InvalidParameter", cloud.client("sns").set_topic_attributes, **change)


@corrects(topics.attributes_are_checked)
def test_wrong_values_are_refused(cloud: AwsServer) -> None:
    """moto keeps whatever it is given."""
    sns, arn = cloud.client("sns"), topic(cloud)
    too_often = json.dumps({"http": {"defaultHealthyRetryPolicy": {"numRetries": 101}}})
    for name, value in (("DisplayName", "x" * 101), ("DeliveryPolicy", too_often), ("Policy", "[]"), ("Policy", "{")):
        given = {"TopicArn": arn, "AttributeName": name, "AttributeValue": value}
        refused("InvalidParameter", sns.set_topic_attributes, **given)
    for name, value in (("FilterPolicyScope", "Everything"), ("RawMessageDelivery", "perhaps")):
        named = {"TopicArn": arn, "Protocol": "sqs", "Endpoint": QUEUE}
        refused("InvalidParameter", sns.subscribe, **named, Attributes={name: value})


@corrects(topics.attributes_are_checked)
def test_deduplication_by_content_is_for_fifo_topics(cloud: AwsServer) -> None:
    """A standard topic delivers twice whatever one says."""
    sns, given = cloud.client("sns"), {"ContentBasedDeduplication": "true"}
    refused("InvalidParameter", sns.create_topic, Name="a", Attributes=given)
    change = {"TopicArn": topic(cloud), "AttributeName": "ContentBasedDeduplication", "AttributeValue": "true"}
    refused("InvalidParameter", sns.set_topic_attributes, **change)


@corrects(topics.existing_topic_is_left_alone)
def test_creating_a_topic_again_with_other_settings_is_refused(cloud: AwsServer) -> None:
    """Of one of the same name and settings AWS returns the ARN, whoever made it."""
    sns = cloud.client("sns")
    tags = [{"Key": "owner", "Value": "them"}]
    arn = topic(cloud, Attributes={"DisplayName": "Orders"}, Tags=tags)
    assert topic(cloud) == topic(cloud, Tags=tags) == arn
    refused("InvalidParameter", sns.create_topic, Name="orders", Attributes={"DisplayName": "Others"})
    refused("InvalidParameter", sns.create_topic, Name="orders", Tags=[{"Key": "owner", "Value": "us"}])


@corrects(topics.only_what_is_set_is_shown)
def test_a_topic_shows_a_delivery_policy_only_if_it_has_one_and_counts_subscriptions(cloud: AwsServer) -> None:
    """Empty text is no JSON document."""
    arn = topic(cloud, "orders.fifo", Attributes={"FifoTopic": "true", "KmsMasterKeyId": "alias/mine"})
    subscribe(cloud, arn)
    shown = cloud.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    assert "DeliveryPolicy" not in shown
    assert (shown["FifoTopic"], shown["ContentBasedDeduplication"]) == ("true", "false")
    assert (shown["SubscriptionsConfirmed"], shown["KmsMasterKeyId"]) == ("1", "alias/mine")


@corrects(
    topics.an_endpoint_is_asked_first,
    topics.an_unconfirmed_subscription_shows_no_arn,
    topics.an_endpoint_confirms,
)
def test_a_mailbox_is_subscribed_when_its_owner_confirms(cloud: AwsServer) -> None:
    """Until then nobody can change it: whoever manages the topic must wait, and not ask again."""
    sns, arn = cloud.client("sns"), topic(cloud)
    assert sns.subscribe(TopicArn=arn, **MAIL)["SubscriptionArn"] == "pending confirmation"
    (line,) = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert line["SubscriptionArn"] == "PendingConfirmation"
    refused("InvalidParameter", sns.confirm_subscription, TopicArn=arn, Token="somebody@example.com")
    confirmed = sns.confirm_subscription(TopicArn=arn, Token=MAIL["Endpoint"])["SubscriptionArn"]
    (line,) = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert line["SubscriptionArn"] == confirmed == subscribe(cloud, arn, **MAIL)


@corrects(topics.an_unconfirmed_subscription_cannot_be_removed)
def test_what_has_no_arn_cannot_be_unsubscribed(cloud: AwsServer) -> None:
    """A controller that tried would believe it was done."""
    refused("InvalidParameter", cloud.client("sns").unsubscribe, SubscriptionArn="PendingConfirmation")


@corrects(topics.an_existing_subscription_is_left_alone)
def test_subscribing_again_with_other_attributes_is_refused(cloud: AwsServer) -> None:
    """Only SetSubscriptionAttributes changes one that is there."""
    sns, arn = cloud.client("sns"), topic(cloud)
    raw, wrapped = {"RawMessageDelivery": "true"}, {"RawMessageDelivery": "false"}
    made = subscribe(cloud, arn, Attributes=raw)
    assert subscribe(cloud, arn) == subscribe(cloud, arn, Attributes=raw) == made
    given = {"TopicArn": arn, "Protocol": "sqs", "Endpoint": QUEUE}
    refused("InvalidParameter", sns.subscribe, **given, Attributes=wrapped)
    assert sns.get_subscription_attributes(SubscriptionArn=made)["Attributes"]["RawMessageDelivery"] == "true"


@corrects(topics.a_redrive_policy_is_taken_away_by_no_value)
def test_a_redrive_policy_goes_when_no_value_is_given(cloud: AwsServer) -> None:
    """Terraform learned that empty text is refused."""
    sns, policy = cloud.client("sns"), json.dumps({"deadLetterTargetArn": QUEUE})
    made = subscribe(cloud, topic(cloud), Attributes={"RedrivePolicy": policy})
    named = {"SubscriptionArn": made, "AttributeName": "RedrivePolicy"}
    refused("InvalidParameter", sns.set_subscription_attributes, **named, AttributeValue="")
    assert sns.get_subscription_attributes(SubscriptionArn=made)["Attributes"]["RedrivePolicy"] == policy
    sns.set_subscription_attributes(**named)
    assert "RedrivePolicy" not in sns.get_subscription_attributes(SubscriptionArn=made)["Attributes"]


@corrects(topics.every_subscription_shows_what_it_has)
def test_an_empty_filter_policy_is_none(cloud: AwsServer) -> None:
    """That is how one is taken away."""
    sns = cloud.client("sns")
    made = subscribe(cloud, topic(cloud), Attributes={"FilterPolicy": '{"a": ["b"]}'})
    shown = sns.get_subscription_attributes(SubscriptionArn=made)["Attributes"]
    assert (shown["FilterPolicyScope"], shown["PendingConfirmation"]) == ("MessageAttributes", "false")
    sns.set_subscription_attributes(SubscriptionArn=made, AttributeName="FilterPolicy", AttributeValue="{}")
    assert not {"FilterPolicy", "FilterPolicyScope"} & set(
        sns.get_subscription_attributes(SubscriptionArn=made)["Attributes"]
    )
    sns.unsubscribe(SubscriptionArn=made)
    refused("NotFound", sns.get_subscription_attributes, SubscriptionArn=made)


@corrects(tagging.pages_stay_true)
def test_a_page_token_survives_the_deletion_of_the_next_thing(cloud: AwsServer) -> None:
    """A sweep that pages while topics are deleted must see all the others exactly once."""
    tags = [{"Key": f"key-{number}", "Value": "x"} for number in range(30)]
    arns = [topic(cloud, f"t{number}", Tags=tags) for number in range(8)]
    api, asked = cloud.client("resourcegroupstaggingapi"), {"ResourceTypeFilters": ["sns:topic"], "ResourcesPerPage": 4}
    first = api.get_resources(**asked)
    seen = [each["ResourceARN"] for each in first["ResourceTagMappingList"]]
    assert len(seen) == 4
    cloud.client("sns").delete_topic(TopicArn=arns[5])
    rest = api.get_resources(**asked, PaginationToken=first["PaginationToken"])
    seen += [each["ResourceARN"] for each in rest["ResourceTagMappingList"]]
    assert (seen, rest["PaginationToken"]) == ([arn for arn in arns if arn != arns[5]], "")
    refused("PaginationTokenExpiredException", api.get_resources, **asked, PaginationToken="?")
