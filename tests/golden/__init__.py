"""What released versions of Pilothouse left behind, held against the present code: an upgrade changes nothing.

released/<version> has the whole state of a fleet that had come to rest: our kinds with their ledgers, the objects in
the cluster, every answer of the cloud, and the key of the hashes. `make golden` writes it from a real run. The folder
of a version that is not released yet is written anew whenever types or kinds change; that of a released one never is.
"""
