"""Commands: ``crmhost mail bounce [FILE]``."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import click

from .intake import LARGEST, receive

if TYPE_CHECKING:
    from ...site import Site


@click.group("mail")
def mail() -> None:
    """Mail: hand in what came back."""


@mail.command("bounce")
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--recipient", default="", help="Envelope address at which it arrived, when the mail server knows it.")
@click.pass_obj
def bounce(site: Site, file: IO[bytes], recipient: str) -> None:
    """Takes a returned e-mail (bounce, complaint) from FILE or standard input, as a mail server pipes it in.

    It ends with 0 for any e-mail, also for one that changes nothing, so that the mail server does not send a bounce in turn.
    """
    raw = file.read(LARGEST + 1)
    with site.work() as work, work.begin():
        found = receive(work, raw, recipient=recipient)
    if found.message_id is None:
        click.echo("Nothing changed: this is no report on a mail of this site.")
    elif found.known:
        click.echo(f"Nothing changed: this report on mail {found.message_id} was taken before.")
    elif found.blocked:
        click.echo(f"Mail {found.message_id}: {found.kind}. The address gets no more campaigns ({found.blocked}).")
    else:
        click.echo(f"Mail {found.message_id}: {found.kind}, noted.")
