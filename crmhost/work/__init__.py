"""Unit of work, events, jobs."""
