"""The registered resource types, and the custom resource definitions written from the models."""
