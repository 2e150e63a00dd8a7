"""The suites, one module a table."""
