"""The packing engine against published figures, on traces of the cluster-trace-gpu-v2023 family."""
