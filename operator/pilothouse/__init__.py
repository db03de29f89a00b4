"""Pilothouse: a control plane for applications that span Kubernetes clusters and clouds."""
