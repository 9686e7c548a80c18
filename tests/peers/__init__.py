"""The real programs that tests talk to, brought by packages: a PostgreSQL server, a browser."""
