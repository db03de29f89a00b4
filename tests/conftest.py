"""The parts that tests share: a real cluster and an AWS that behaves as documented. Each starts with its first user."""

pytest_plugins = ["tests.cluster.fixtures", "tests.aws.fixtures", "tests.chart.fixtures"]
