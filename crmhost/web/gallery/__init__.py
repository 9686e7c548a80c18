"""``/dev/gallery``: all components in all states, by the same macros as real pages. For authors; only in development."""

from .routes import blueprint

__all__ = ["blueprint"]
