"""Which Cells things run in, and why. Nodes stay kube-scheduler's: workloads keep running when this is down."""
