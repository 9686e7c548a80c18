"""A self-hosted CRM: a small core and a host for plugins."""

__version__ = "0.1.0"
