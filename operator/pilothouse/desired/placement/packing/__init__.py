"""Packing pods with whole and shared accelerators onto nodes, so that what is left free stays of use.

The measure is fragmentation: free accelerators that the pods likely to come cannot use. Source: Weng et al., "Beware of
Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC '23, sections 3 and 4.

- `fragmentation.fragmentation`, `fragmentation.Growth`: how fragmented nodes are, and how much more with each pod more.
- `whatif.fits`: which of these pods fit, one after the other.
- `engine.Engine`: decide pod by pod, and remember.

Amounts are whole numbers: CPU in millicores, memory in one unit throughout (bytes for nodes of Kubernetes), and
accelerators in thousandths of one (`shapes.WHOLE`). Nothing depends on the order in which nodes or shapes are given:
nodes are taken in the order of their names, and where nodes are equally good the first is chosen.
"""
