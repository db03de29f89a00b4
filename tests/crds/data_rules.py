"""What the settings of topics, tables and buckets must be."""

from typing import Any

from tests.crds.case import Rule
from tests.crds.manifests import Manifest, of_resource

QUEUE: Manifest = {"protocol": "sqs", "queue": {"ref": "orders"}}
ID: Manifest = {"attributeName": "id", "attributeType": "S"}
DAY: Manifest = {"attributeName": "day", "attributeType": "S"}
ALL: Manifest = {"projectionType": "ALL"}
PAID: Manifest = {"readCapacityUnits": 1, "writeCapacityUnits": 1}
PROVISIONED: Manifest = {"billingMode": "PROVISIONED", "provisionedThroughput": PAID}


def of(kind: str, **settings: Any) -> Manifest:
    """An Application of one thing that holds or carries data."""
    return of_resource("awsQueue", **{kind: settings})


def of_subscription(**subscription: Any) -> Manifest:
    """An Application of one topic with one subscription."""
    return of("awsTopic", subscriptions=[subscription])


def of_table(**settings: Any) -> Manifest:
    """An Application of one table."""
    return of("awsTable", hashKey=ID, **settings)


def of_rule(**rule: Any) -> Manifest:
    """An Application of one bucket with one lifecycle rule."""
    return of("awsBucket", lifecycleRules=[{"id": "old", **rule}])


TOPICS: dict[str, Rule] = {
    "deduplication is for FIFO topics": Rule(
        of("awsTopic", contentBasedDeduplication=True),
        ("awsTopic", "contentBasedDeduplication: set fifo, or leave it out"),
        of("awsTopic", contentBasedDeduplication=True, fifo=True),
        "SNS refuses it",
    ),
    "a subscription has one endpoint": Rule(
        of_subscription(**QUEUE, endpoint="arn:aws:sqs:eu-west-1:123456789012:orders"),
        ("awsTopic.subscriptions[0]", "give exactly one of endpoint and queue"),
        of_subscription(**QUEUE),
        "nobody could say which of two is meant",
    ),
    "queues are sent to as queues": Rule(
        of_subscription(protocol="lambda", queue={"ref": "orders"}),
        ("awsTopic.subscriptions[0]", "queue: give it with protocol sqs, else endpoint"),
        of_subscription(protocol="lambda", endpoint="arn:aws:lambda:eu-west-1:123456789012:function:one"),
        "SNS refuses the ARN of a queue with any other protocol",
    ),
    "a delivery stream needs a role": Rule(
        of_subscription(protocol="firehose", endpoint="arn:aws:firehose:eu-west-1:123456789012:deliverystream/a"),
        ("awsTopic.subscriptions[0]", "subscriptionRole: give it with protocol firehose"),
        of_subscription(
            protocol="firehose",
            endpoint="arn:aws:firehose:eu-west-1:123456789012:deliverystream/a",
            subscriptionRole={"id": "arn:aws:iam::123456789012:role/a"},
        ),
        "SNS could not write to it",
    ),
    "mails are not raw": Rule(
        of_subscription(protocol="email", endpoint="ops@example.com", rawMessageDelivery=True),
        ("awsTopic.subscriptions[0]", "rawMessageDelivery: only with protocol sqs, http"),
        of_subscription(**QUEUE, rawMessageDelivery=True),
        "SNS refuses it",
    ),
    "a scope needs a policy": Rule(
        of_subscription(**QUEUE, filterPolicyScope="MessageBody"),
        ("awsTopic.subscriptions[0]", "filterPolicyScope: give filterPolicy too"),
        of_subscription(**QUEUE, filterPolicyScope="MessageBody", filterPolicy='{"paid": [true]}'),
        "SNS forgets the scope of no policy, which would be drift for ever",
    ),
    "passwords stay out of URLs": Rule(
        of_subscription(protocol="https", endpoint="https://me:secret@example.com/"),
        ("awsTopic.subscriptions[0].endpoint", "should match"),
        of_subscription(protocol="https", endpoint="https://example.com/@me"),
        "SNS does not show them again, and Plans would",
    ),
}

TABLES: dict[str, Rule] = {
    "capacity is for those who pay for it": Rule(
        of_table(billingMode="PROVISIONED"),
        ("awsTable", "provisionedThroughput: give it with billingMode PROVISIONED"),
        of_table(**PROVISIONED),
        "DynamoDB refuses the one without the other",
    ),
    "indexes are paid for like their table": Rule(
        of_table(**PROVISIONED, globalSecondaryIndexes=[{"indexName": "by-day", "hashKey": DAY, "projection": ALL}]),
        ("awsTable", "globalSecondaryIndexes: give each provisionedThroughput"),
        of_table(globalSecondaryIndexes=[{"indexName": "by-day", "hashKey": DAY, "projection": ALL}]),
        "DynamoDB refuses the one without the other",
    ),
    "local indexes sort differently": Rule(
        of_table(localSecondaryIndexes=[{"indexName": "by-day", "rangeKey": DAY, "projection": ALL}]),
        ("awsTable", "localSecondaryIndexes: give the table a rangeKey too"),
        of_table(rangeKey=DAY, localSecondaryIndexes=[{"indexName": "by-day", "rangeKey": DAY, "projection": ALL}]),
        "a table without a sort key has nothing to sort",
    ),
    "attributes are named where some are held": Rule(
        of_table(
            globalSecondaryIndexes=[
                {"indexName": "by-day", "hashKey": DAY, "projection": {"projectionType": "INCLUDE"}}
            ]
        ),
        ("awsTable.globalSecondaryIndexes[0].projection", "nonKeyAttributes: give them with projectionType INCLUDE"),
        of_table(globalSecondaryIndexes=[{"indexName": "by-day", "hashKey": DAY, "projection": ALL}]),
        "DynamoDB refuses it",
    ),
    "days of a recovery that is on": Rule(
        of_table(recoveryPeriodInDays=7),
        ("awsTable", "recoveryPeriodInDays: set pointInTimeRecoveryEnabled, or leave it out"),
        of_table(recoveryPeriodInDays=7, pointInTimeRecoveryEnabled=True),
        "somebody would believe that they can go back",
    ),
    "a key that encrypts": Rule(
        of_table(kmsMasterKeyARN="arn:aws:kms:eu-west-1:123456789012:key/one"),
        ("awsTable", "kmsMasterKeyARN: set sseEnabled, or leave it out"),
        of_table(kmsMasterKeyARN="arn:aws:kms:eu-west-1:123456789012:key/one", sseEnabled=True),
        "somebody would believe that it does",
    ),
}

BUCKETS: dict[str, Rule] = {
    "a key for an encryption with keys": Rule(
        of("awsBucket", encryption={"kmsMasterKeyID": "alias/one"}),
        ("awsBucket.encryption", "kmsMasterKeyID: give it with sseAlgorithm aws:kms"),
        of("awsBucket", encryption={"kmsMasterKeyID": "alias/one", "sseAlgorithm": "aws:kms"}),
        "somebody would believe that it does",
    ),
    "a rule does something": Rule(
        of_rule(),
        ("awsBucket.lifecycleRules[0]", "give at least one of expiration, transitions"),
        of_rule(abortIncompleteMultipartUploadDays=7),
        "S3 refuses it",
    ),
    "objects expire once": Rule(
        of_rule(expiration={"days": 1, "expiredObjectDeleteMarker": True}),
        ("awsBucket.lifecycleRules[0].expiration", "give exactly one of days, date and expiredObjectDeleteMarker"),
        of_rule(expiration={"expiredObjectDeleteMarker": True}),
        "S3 refuses it",
    ),
    "objects move at one moment": Rule(
        of_rule(transitions=[{"storageClass": "GLACIER"}]),
        ("awsBucket.lifecycleRules[0].transitions[0]", "give exactly one of days and date"),
        of_rule(transitions=[{"storageClass": "GLACIER", "date": "2027-01-31"}]),
        "S3 refuses it",
    ),
}
