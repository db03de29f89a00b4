"""RDS: parameters that moto would ignore without a word; for these operations, one nobody honours is an error."""

from __future__ import annotations

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call, NotEmulatedError
from tests.aws.world import World, ec2, rds

_BOTH = {
    "AllocatedStorage", "AutoMinorVersionUpgrade", "BackupRetentionPeriod", "CopyTagsToSnapshot", "DBInstanceClass",
    "DBInstanceIdentifier", "DBParameterGroupName", "DBSubnetGroupName", "DeletionProtection",
    "EnableIAMDatabaseAuthentication", "EnablePerformanceInsights", "EngineVersion", "Iops", "MasterUserPassword",
    "MaxAllocatedStorage", "MultiAZ", "PerformanceInsightsRetentionPeriod", "PreferredBackupWindow",
    "PreferredMaintenanceWindow", "PromotionTier", "PubliclyAccessible", "StorageThroughput", "StorageType",
    "VpcSecurityGroupIds",
}  # fmt: skip
_CLUSTERS = {
    "BackupRetentionPeriod", "CopyTagsToSnapshot", "DBClusterIdentifier", "DBClusterParameterGroupName",
    "DeletionProtection", "EnableIAMDatabaseAuthentication", "EngineVersion", "MasterUserPassword", "Port",
    "PreferredBackupWindow", "PreferredMaintenanceWindow", "ServerlessV2ScalingConfiguration", "StorageType",
    "VpcSecurityGroupIds",
}  # fmt: skip
_GROUP = {"DBSubnetGroupName", "DBSubnetGroupDescription", "SubnetIds"}
_ON_CREATE = {"EnableCloudwatchLogsExports", "Engine", "KmsKeyId", "MasterUsername", "StorageEncrypted", "Tags"}
_ON_MODIFY = {"AllowMajorVersionUpgrade", "ApplyImmediately", "CloudwatchLogsExportConfiguration"}

HONOURED = {
    "CreateDBCluster": _CLUSTERS | _ON_CREATE | {"DatabaseName", "DBSubnetGroupName"},
    "CreateDBInstance": _BOTH | _ON_CREATE | {"AvailabilityZone", "DBClusterIdentifier", "DBName", "Port"},
    "CreateDBSubnetGroup": _GROUP | {"Tags"},
    "DeleteDBCluster": {"DBClusterIdentifier", "FinalDBSnapshotIdentifier", "SkipFinalSnapshot"},
    "DeleteDBInstance": {"DBInstanceIdentifier", "FinalDBSnapshotIdentifier", "SkipFinalSnapshot"},
    "ModifyDBCluster": _CLUSTERS | _ON_MODIFY,
    "ModifyDBInstance": _BOTH | _ON_MODIFY | {"DBPortNumber"},
    "ModifyDBSubnetGroup": _GROUP,
}


@departure("rds", *HONOURED)
def no_parameter_of_rds_is_ignored(call: Call, _world: World, proceed: Proceed) -> object:
    """A parameter that is ignored would be drift that can never be mended."""
    unknown = sorted(set(call.parameters) - HONOURED[call.operation])
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    return proceed()


@departure("rds", "CreateDBCluster", "CreateDBInstance", "ModifyDBCluster", "ModifyDBInstance")
def what_rds_refers_to_must_exist(call: Call, _world: World, proceed: Proceed) -> object:
    """Security groups and subnet groups that do not exist are refused; moto takes security groups without a look."""
    for group in call.parameters.get("VpcSecurityGroupIds", ()):
        if ec2(call).get_security_group_from_id(group) is None:
            raise AwsError("InvalidParameterValue", f"Invalid security group, groupId= {group}, groupName=.")
    settings = call.parameters.get("DBClusterParameterGroupName", "default.")
    if not settings.startswith("default.") and settings not in rds(call).db_cluster_parameter_groups:
        message = f"DBClusterParameterGroup not found: {settings}"
        raise AwsError("DBClusterParameterGroupNotFound", message, 404)
    name = call.parameters.get("DBSubnetGroupName")
    if name is not None and name not in rds(call).subnet_groups:
        raise AwsError("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.", 404)
    return proceed()
