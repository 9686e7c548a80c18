"""The plugin host: finds, orders, tries, builds, switches and watches plugins."""
