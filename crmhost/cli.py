"""The command line. Plugins add their own commands; the host's win over theirs.

Exit status: 0 done, 1 refused or failed with one line on standard error, 2 wrong usage.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click
from sqlalchemy.exc import OperationalError

from . import __version__
from .commands import backup, bench, common, database, plugins, records, serve, work
from .errors import CrmError
from .host.generation import Generation


class Commands(click.Group):
    """The host's commands, and those of the plugins that are on."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_plugin_commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or _plugin_commands().get(cmd_name)


def _plugin_commands() -> dict[str, click.Command]:
    """Commands of the plugins in force; none while the site is not set up or can't be reached."""
    site = common.try_site()
    if site is None:
        return {}
    try:
        if not site.ready:
            return {}
        return commands_of(site.runtime.current())
    except Exception as error:
        click.echo(f"Plugins' commands are not available: {error}", err=True)
        return {}


def commands_of(generation: Generation) -> dict[str, click.Command]:
    """Name -> command of the plugins; a command must bear one of the names that its plugin owns."""
    found: dict[str, click.Command] = {}
    for plugin_id, command in generation.contributions("cli_commands"):
        owned = generation.by_id[plugin_id].manifest.names.cli
        if command.name in owned and command.name not in cli.commands:
            found.setdefault(command.name, command)
    return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="crmhost")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """crmhost: a CRM whose every feature is a plugin."""
    ctx.obj = common.LazySite()


for _module in (serve, work, plugins, database, backup, records, bench):
    for _command in _module.COMMANDS:
        cli.add_command(_command)


def main(arguments: list[str] | None = None) -> Any:
    """Runs the command line and ends the process."""
    try:
        cli.main(args=arguments, prog_name="crmhost", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except CrmError as error:
        if os.environ.get("CRMHOST_TRACEBACK") and getattr(error, "traceback", ""):
            click.echo(error.traceback, err=True)  # type: ignore[attr-defined]
        culprit = f"{error.plugin}: " if error.plugin else ""
        click.echo(f"crmhost: {culprit}{' '.join(str(error).split())}", err=True)
        sys.exit(1)
    except OperationalError as error:
        click.echo(f"crmhost: The database refused: {' '.join(str(error.orig).split())}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    finally:
        common.close_site()


if __name__ == "__main__":
    main()
