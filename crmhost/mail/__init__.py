"""Mail without a site: rendering, building, signing and reading messages. No database, no Flask, no network."""
