"""Pages on which admins switch plugins on and off and see what each adds, costs and keeps."""


class Plugin:
    """The Extensions pages."""
