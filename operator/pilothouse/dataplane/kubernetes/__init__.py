"""Kubernetes clusters: objects by server-side apply, watched by list and watch, judged by kstatus."""
