"""Mail without a site: rendering, bodies, messages, signatures, bounces."""
