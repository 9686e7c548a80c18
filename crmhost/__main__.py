"""``python -m crmhost`` is the command line."""

from .cli import main

main()
