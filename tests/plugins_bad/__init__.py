"""Plugins that are faulty on purpose: each is refused with a reason, or harms nothing but itself."""
