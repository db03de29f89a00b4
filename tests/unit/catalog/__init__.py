"""The catalog: schemas and definitions written from models."""
