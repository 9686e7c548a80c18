"""Conditions on contacts: types that plugins add, operators by kind, groups, and all of it as SQL."""
