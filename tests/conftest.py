"""Which fixtures do all tests share? Those of the Postgres server."""

pytest_plugins = ["tests.postgres_server"]
