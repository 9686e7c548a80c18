"""The gallery: for authors, in development."""

from __future__ import annotations

import dataclasses

import pytest

from crmhost.site import Site
from crmhost.testing import Host
from crmhost.web.app import base_app
from tests.unit.web.conftest import Reader

pytestmark = pytest.mark.database("sqlite")


def test_gallery_is_there_in_development_alone(site: Host, reader: Reader) -> None:
    """For whoever is signed in, when the operator asked for it or tests run; nothing on other sites."""
    assert reader.get("/dev/gallery/charts").status_code == 200
    assert site.client("").get("/dev/gallery/charts").status_code == 302
    for dev in (True, False):
        served = Site(dataclasses.replace(site.site.config, dev=dev), kind="web")
        try:
            endpoints = base_app(served, site.generation).view_functions
        finally:
            served.close()
        assert ("gallery.charts" in endpoints) is dev
