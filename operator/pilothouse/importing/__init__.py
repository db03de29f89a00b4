"""From what exists in a cloud to an Application that takes it over as it is. Pure: flows and values, no network."""
