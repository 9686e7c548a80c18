"""Tables with every type of column, a computed one, a trigger, and two tables that refer to each other."""


class Plugin:
    """Has tables and nothing else."""
