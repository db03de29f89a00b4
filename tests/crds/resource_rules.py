"""What a resource and the block of its type must be."""

from tests.crds.case import Rule
from tests.crds.manifests import (
    INSTANCE,
    Manifest,
    application,
    of_instance,
    of_queue,
    of_resource,
)

RESOURCES: dict[str, Rule] = {
    "a type block": Rule(
        of_resource("awsQueue"),
        ("spec.resources[0]", "give exactly one type block: one of", "awsInstance", "awsQueue"),
        of_resource(),
        "nothing says what it is",
    ),
    "one type block": Rule(
        of_resource(awsInstance=INSTANCE),
        ("spec.resources[0]", "give exactly one type block: one of"),
        of_instance(),
        "a resource is one thing",
    ),
    "a Cell": Rule(
        of_resource("cell"),
        ("spec.resources[0]", "give exactly one of cell and cellSelector"),
        of_resource("cell", cellSelector={"matchLabels": {"tier": "prod"}}),
        "nothing says where it lives",
    ),
    "one way to choose a Cell": Rule(
        of_resource(cellSelector={}),
        ("spec.resources[0]", "give exactly one of cell and cellSelector"),
        of_resource(),
        "the two could disagree",
    ),
    "outputs go somewhere": Rule(
        of_resource(writeOutputsTo={}),
        ("spec.resources[0].writeOutputsTo", "give exactly one of configMap and secret"),
        of_resource(writeOutputsTo={"configMap": "orders"}),
        "an empty block would write nothing, silently",
    ),
    "outputs go to one place": Rule(
        of_resource(writeOutputsTo={"configMap": "orders", "secret": "orders"}),
        ("spec.resources[0].writeOutputsTo", "give exactly one of configMap and secret"),
        of_resource(writeOutputsTo={"secret": "orders"}),
        "consumers need to know where",
    ),
    "a resource does not wait for itself": Rule(
        of_resource(dependsOn=["orders"]),
        ("spec.resources[0]", "dependsOn: remove its own name: nothing can wait for itself"),
        of_resource(dependsOn=["web"]),
        "the shortest cycle is seen at once",
    ),
    "what becomes of it": Rule(
        of_resource(deletionPolicy="Keep"),
        ("spec.resources[0].deletionPolicy: Unsupported value", '"Delete", "Retain", "Snapshot"'),
        of_resource(deletionPolicy="Retain"),
        "a typo must not destroy data",
    ),
    "a name that fits": Rule(
        application(resources=[{"name": "Orders", "cell": "c", "awsQueue": {}}]),
        ("spec.resources[0].name: Invalid value", "should match"),
        of_resource(),
        "names of clouds are derived from it",
    ),
}

FIFO: Manifest = {"fifo": True}
DEAD = "arn:aws:sqs:eu-west-1:123456789012:dead"

QUEUES: dict[str, Rule] = {
    "settings of FIFO queues": Rule(
        of_queue(contentBasedDeduplication=True),
        ("awsQueue", "contentBasedDeduplication, deduplicationScope, fifoThroughputLimit: set fifo, or leave them out"),
        of_queue(**FIFO, contentBasedDeduplication=True),
        "SQS refuses them of a standard queue",
    ),
    "throughput by message group": Rule(
        of_queue(**FIFO, fifoThroughputLimit="perMessageGroupId"),
        ("awsQueue", "fifoThroughputLimit: perMessageGroupId needs deduplicationScope messageGroup"),
        of_queue(**FIFO, fifoThroughputLimit="perMessageGroupId", deduplicationScope="messageGroup"),
        "SQS refuses the one without the other",
    ),
    "one encryption": Rule(
        of_queue(kmsMasterKeyID="alias/orders", sqsManagedSSEEnabled=True),
        ("awsQueue", "sqsManagedSSEEnabled: leave it out beside kmsMasterKeyID"),
        of_queue(kmsMasterKeyID="alias/orders"),
        "SQS would keep one of them and show drift for ever",
    ),
    "the reuse of a key": Rule(
        of_queue(kmsDataKeyReusePeriodSeconds=300),
        ("awsQueue", "kmsDataKeyReusePeriodSeconds: set kmsMasterKeyID, or leave it out"),
        of_queue(kmsMasterKeyID="alias/orders", kmsDataKeyReusePeriodSeconds=300),
        "there is no key to reuse",
    ),
    "dead letters of the same sort": Rule(
        of_queue(**FIFO, redrivePolicy={"deadLetterTargetARN": DEAD}),
        ("awsQueue", "redrivePolicy.deadLetterTargetARN: name a FIFO queue for a FIFO queue"),
        of_queue(redrivePolicy={"deadLetterTargetARN": DEAD}),
        "SQS refuses to mix them",
    ),
    "whose dead letters it takes": Rule(
        of_queue(redriveAllowPolicy={"redrivePermission": "byQueue"}),
        ("awsQueue.redriveAllowPolicy", "sourceQueueARNs: give them with redrivePermission byQueue, and only then"),
        of_queue(redriveAllowPolicy={"redrivePermission": "byQueue", "sourceQueueARNs": [DEAD]}),
        "an empty list would allow nobody, silently",
    ),
    "seconds within their range": Rule(
        of_queue(visibilityTimeoutSeconds=43_201),
        ("awsQueue.visibilityTimeoutSeconds: Invalid value: 43201", "less than or equal to 43200"),
        of_queue(visibilityTimeoutSeconds=43_200),
        "SQS's own bounds, told at once",
    ),
    "tags of a queue": Rule(
        of_queue(tags={"pilothouse.dev/owner": "me"}),
        ("awsQueue", "tags: remove empty keys and those that begin with aws: or pilothouse.dev/"),
        of_queue(tags={"team": "checkout"}),
        "the mark says whose a thing is and nobody else may write it",
    ),
}

INSTANCES: dict[str, Rule] = {
    "an image": Rule(
        of_instance(imageID="ubuntu"),
        ("awsInstance.imageID: Invalid value", "should match"),
        of_instance(),
        "EC2 knows images by id",
    ),
    "one way to name a subnet": Rule(
        of_instance(subnet={"ref": "private-a", "id": "subnet-1"}),
        ("spec.resources[0].awsInstance.subnet", "give exactly one of ref and id"),
        of_instance(subnet={"id": "subnet-1"}),
        "the two could name different ones",
    ),
    "tags of an instance": Rule(
        of_instance(tags={"aws:owner": "me"}),
        ("awsInstance", "tags: remove empty keys and those that begin with aws: or pilothouse.dev/"),
        of_instance(tags={"Name": "cache"}),
        "AWS keeps these to itself",
    ),
}
