"""The page after sign-in: totals, boxes and the set-up list, all contributed by the core and the plugins."""


class Plugin:
    """The dashboard."""
