"""Demo data: invented files of invented people. Bytes go over a network, so a job brings them, after the people."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence

from crmhost.api import CrmError, JobContext, Work

from . import services

#: One in so many people has files.
_EVERY = 40
_MOST = 10
_NOTES = b"Demo: notes of a call that never took place.\n\n- wants the offer by Friday\n- asks for two references\n"
_PRICES = b"item,price\nWorkshop,620.00\nSupport,240.00\n"
#: Name, kind, what is said of it.
_FILES = (
    ("Demo contract.pdf", "Contract", "Demo: nobody is bound by it"),
    ("Demo site photo.png", "Photo", "Demo: a drawing, no photo"),
    ("Demo notes.txt", "", "Demo: of a call"),
    ("Demo prices.csv", "Report", "Demo: what was talked about"),
)


def ask_for(work: Work, contact_ids: Sequence[int], seed: int) -> None:
    """Wants files for some of the people."""
    chosen = list(contact_ids)[5::_EVERY][:_MOST]
    if chosen:
        work.enqueue("files.demo", contact_ids=chosen, seed=seed)


def bring(job: JobContext, contact_ids: Sequence[int], seed: int = 1) -> None:
    """The job ``files.demo``. The same people and seed give the same files; who has some by now is left alone."""
    from .api import FilesService

    dice = random.Random(f"files {seed}")  # noqa: S311  # invented files, no secrets
    for contact_id in contact_ids:
        chosen = sorted(dice.sample(range(len(_FILES)), dice.choice((1, 2, 3))))
        try:
            if FilesService(job.work).of("contact", contact_id, 1):
                continue
            for place in chosen:
                name, kind, said = _FILES[place]
                prepared = services.stage(job.work, "contact", contact_id, _bytes(name), name=name)
                with job.work.begin():
                    services.add(job.work, prepared, kind=_known(job.work, kind), description=said, portal=place == 0)
        except CrmError:
            # The person is gone, or the site takes no such files: demo data must not stand in the way.
            continue
        job.check()


def _known(work: Work, kind: str) -> str:
    from .limits import kinds

    return kind if kind in kinds(work) else ""


def _bytes(name: str) -> bytes:
    if name.endswith(".txt"):
        return _NOTES
    return _PRICES if name.endswith(".csv") else _drawn(name)


def _drawn(name: str) -> bytes:
    """A page or picture on which stands that it is demo."""
    from PIL import Image, ImageDraw

    page = name.endswith(".pdf")
    sheet = Image.new("RGB", (620, 877) if page else (640, 400), "white" if page else "skyblue")
    pen = ImageDraw.Draw(sheet)
    if page:
        pen.rectangle((40, 130, 580, 133), "teal")
    else:
        pen.rectangle((0, 300, 640, 400), "olivedrab")
        pen.polygon(((180, 200), (320, 100), (460, 200)), "firebrick")
        pen.rectangle((210, 200, 430, 310), "wheat")
    pen.text((40, 90), "Demo: invented, for trying out", "black", font_size=24)
    out = io.BytesIO()
    sheet.save(out, "PDF" if page else "PNG")
    return out.getvalue()
