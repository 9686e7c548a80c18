"""What ``crmhost plugin check`` looks at, by theme. A plugin's files are read and parsed, its code is never run."""
