"""The kinds people write and read: Application, Plan, Cell and FleetPolicy, as pydantic models."""
