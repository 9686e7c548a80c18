"""The host's commands, by theme."""
