"""Measurements, each a ratio within one run: ``./crm bench`` runs all, ``./crm bench host`` one."""
