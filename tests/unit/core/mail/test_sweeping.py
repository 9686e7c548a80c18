"""Pictures that nothing shows any more."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import delete, select, update

from crmhost.core.files import services as files
from crmhost.core.files.models import File
from crmhost.core.mail import accounts, patterns
from crmhost.core.mail.models import MailMessage
from crmhost.core.settings import services as settings
from crmhost.host.tables import PluginState
from crmhost.testing import Clock, Host
from tests.probes import ONLY
from tests.unit.core.mail.conftest import write
from tests.unit.core.mail.test_accounts import FIELDS

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def taken(site: Host, contact_id: int | None = None) -> int:
    """Takes a picture in, as the editor does, or a file to go with a mail to somebody; gives its number."""
    with site.work("Admin") as work:
        staged = files.stage(work, PNG, name="a.png", owner="mail", contact_id=contact_id)
        with work.begin():
            return files.store(work, staged).id


def shown(number: int) -> str:
    return f'<p>See</p><img src="/storage/{number}?show=1" alt="A house">'


def swept(site: Host) -> set[int]:
    """Sweeps; gives the numbers of the files that are left."""
    with site.work() as work, work.begin():
        work.enqueue("mail.sweep")
    site.run_jobs()
    assert {job.state for job in site.jobs("mail.sweep")} == {"done"}
    with site.site.sessions() as session:
        return set(session.scalars(select(File.id)))


def test_pictures_that_nothing_shows_are_removed(host: Callable[..., Host], clock: Clock) -> None:
    """After a day, those of no mail, template, signature, setting or text of a plugin; other files stay. While a plugin that
    sends mail is off, nobody knows what it shows, and all stay.
    """
    clock.freeze()
    site = host("probe_one", **ONLY)
    ann = site.make.contact(email="ann@example.org")
    unused, template, letter, signed, layout, remark, attached = (
        *(taken(site) for _ in range(6)),
        taken(site, ann),
    )
    mail = write(site, to="ann@example.org", html=shown(letter))
    with site.work("Admin") as work, work.begin():
        accounts.save(work, None, {**FIELDS, "signature": shown(signed)})
        row = patterns.save(work, None, {"name": "One", "kind": "rich", "subject": "Hi", "content": shown(template)})
        settings.set_many(work, {"mail.layout": f"<div>##MSG-CONTENT##</div>{shown(layout)}"})
        work.service("probe_one").give(ann, 5, shown(remark))
    clock.move(days=2)
    young = taken(site)
    everything = {unused, template, letter, signed, layout, remark, attached, young}
    with site.work() as work, work.begin():
        work.session.execute(update(PluginState).values(grants=["mail:send"]))
    site.disable("probe_one")
    assert swept(site) == everything
    site.enable("probe_one")
    assert swept(site) == everything - {unused}
    with site.work("Admin") as work, work.begin():
        patterns.remove(work, row.id)
        work.session.execute(delete(MailMessage).where(MailMessage.id == mail))
    assert swept(site) == everything - {unused, template, letter}
