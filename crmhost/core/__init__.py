"""The core: contacts, statuses, journal, settings, users. Each is a built-in plugin, registered through the same hooks."""
