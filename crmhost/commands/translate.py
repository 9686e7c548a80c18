"""``plugin translate``."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import CrmError
from ..host import catalogue


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("locales", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; tell what is missing.")
def translate(path: Path, locales: tuple[str, ...], check: bool) -> None:
    """Bring the catalogues of a plugin or theme up to date, and begin those of new LOCALES.

    All texts that people see are found in its code and templates; translate what is empty in the files that are named.
    """
    wanted = sorted({*catalogue.locales(path), *locales})
    if not wanted:
        raise CrmError(f"{path} has no catalogue yet; name a language, such as fr.")
    wrong = 0
    for locale in wanted:
        if check:
            found = catalogue.problems(path, locale)
            wrong += len(found)
            for line in found:
                click.echo(f"{locale}: {line}")
            continue
        made = catalogue.update(path, locale)
        click.echo(f"{made.path}: {made.texts} texts, {made.missing} to translate")
    if wrong:
        raise CrmError(f"{wrong} to mend.")
    if check:
        click.echo("Nothing to mend.")
