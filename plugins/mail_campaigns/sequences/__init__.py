"""Sequences: a series of mails with waits, each to each contact once."""
