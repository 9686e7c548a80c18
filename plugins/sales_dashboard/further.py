"""The further pages: cohorts, customers, tags, subscriptions, reports by mail."""

from __future__ import annotations

from flask import Blueprint

from . import cohort_pages, customer_pages, report_pages, subscription_pages


def add_further(blueprint: Blueprint) -> None:
    """Adds them to the blueprint of the plugin."""
    for pages in (cohort_pages, customer_pages, subscription_pages, report_pages):
        pages.add_to(blueprint)
