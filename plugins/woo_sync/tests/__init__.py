"""Tests of the WooCommerce sync."""
