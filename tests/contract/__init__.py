"""The contract between host and plugins, tried with the probes."""
