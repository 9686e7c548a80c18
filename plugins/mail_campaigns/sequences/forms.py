"""The forms of sequences and their steps."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from crmhost.api import CrmError, Invalid, Work, mail
from crmhost.web.api import (
    ChoiceField,
    IntegerField,
    MailContent,
    Section,
    SwitchField,
    TextField,
    VersionedForm,
    lazy_text,
)

from .. import opens, topics
from ..forms import AudienceForm
from ..models import Sequence, Step
from . import cells

_UNITS = (
    ("minutes", lazy_text("minutes")),
    ("hours", lazy_text("hours")),
    ("days", lazy_text("days")),
    ("weeks", lazy_text("weeks")),
)


class SequenceForm(AudienceForm):
    """What a sequence is called, who enters, and who leaves."""

    name = TextField(
        lazy_text("Name of the sequence"),
        description=lazy_text("Only you and your colleagues see it."),
        render_kw={"maxlength": 200, "required": True, "autocomplete": "off"},
    )
    account = ChoiceField(lazy_text("From"))
    track_clicks = SwitchField(
        lazy_text("Count clicks"),
        description=lazy_text("Links then lead over this site. Leave it off where you have no consent for that."),
    )
    topic = ChoiceField(
        lazy_text("Topic"),
        none=lazy_text("None: for everybody of the audience"),
        description=lazy_text("Who does not want this topic leaves before the next mail."),
    )
    track_opens = SwitchField(
        lazy_text("Count openings"),
        description=lazy_text(
            "By a picture that nobody sees. Unreliable: programs load it too. Ask for consent first."
        ),
    )
    joins = ChoiceField(
        lazy_text("When people enter"),
        choices=(
            ("always", lazy_text("Who is in the audience now, and who comes later")),
            ("start", lazy_text("Only who is in the audience when it is switched on")),
        ),
        description=lazy_text("Everybody enters once; by hand, somebody can be taken in again."),
    )
    leave_segment = ChoiceField(
        lazy_text("Leaves who is in the segment"),
        none=lazy_text("Nobody"),
        description=lazy_text("Looked at before each mail, such as people who bought meanwhile."),
    )

    sections: ClassVar[list[Section]] = [
        Section(
            "sequence",
            lazy_text("Sequence"),
            {
                "name": 6,
                "account": 6,
                "topic": 6,
                "joins": 6,
                "leave_segment": 6,
                "track_clicks": 6,
                "track_opens": 6,
            },
        ),
        *(
            dataclasses.replace(part, title=title)
            for part, title in zip(
                AudienceForm.sections, (lazy_text("Who enters"), lazy_text("Who does not enter")), strict=True
            )
        ),
    ]

    def offer_all(self, work: Work, sequence: Sequence) -> None:
        """Fills the choices."""
        self.offer(work, sequence)
        self.account.offer(mail.accounts.choices(work))
        segments = work.service("segments")
        known = list(segments.choices()) if segments is not None and work.can("segments.view") else []
        if sequence.leave_segment is not None and str(sequence.leave_segment) not in {value for value, _ in known}:
            known.append((str(sequence.leave_segment), "–"))
        self.leave_segment.offer(known)
        about = topics.all_topics(work)
        self.topic.offer([(str(topic.id), topic.name) for topic in about])
        if not about:
            del self.topic
        if not opens.allowed(work):
            del self.track_opens
        if not known:
            del self.leave_segment

    @staticmethod
    def shown(work: Work, sequence: Sequence) -> dict[str, Any]:
        """What the form shows."""
        account = sequence.account_id if sequence.account_id is not None else mail.chosen(work).id
        return AudienceForm.stored(sequence) | {
            "name": sequence.name,
            "account": "" if account is None else str(account),
            "topic": "" if sequence.topic_id is None else str(sequence.topic_id),
            "track_clicks": sequence.track_clicks,
            "track_opens": sequence.track_opens,
            "joins": sequence.joins,
            "leave_segment": "" if sequence.leave_segment is None else str(sequence.leave_segment),
        }

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        # Fields that are not offered, such as that of topics while there are none, change nothing.
        offered = [name for name in ("leave_segment", "topic", "track_opens") if name in self._fields]
        return {
            "name": self.name.data,
            "audience": self.audience(),
            "account": self.account.data or None,
            "track_clicks": self.track_clicks.data,
            "joins": self.joins.data,
            **{name: self[name].data or None for name in offered},
        }

    def take(self, error: CrmError) -> None:
        """Shows what is wrong with the audience above all fields: it has several."""
        if isinstance(error, Invalid) and "audience" in error.errors:
            error = Invalid({"" if name == "audience" else name: said for name, said in error.errors.items()})
        super().take(error)


class StepForm(MailContent, VersionedForm):
    """A mail of a sequence, and when it goes out."""

    wait_number = IntegerField(lazy_text("Wait"))
    wait_unit = ChoiceField(lazy_text("Unit"), choices=_UNITS)
    office = SwitchField(
        lazy_text("On weekdays only, between two times of day"),
        description=lazy_text(
            "Monday to Friday, in the time zone of the site. What falls outside waits for the next such time."
        ),
    )
    opens = TextField(lazy_text("From"), render_kw={"maxlength": 5, "autocomplete": "off", "placeholder": "09:00"})
    closes = TextField(lazy_text("To"), render_kw={"maxlength": 5, "autocomplete": "off", "placeholder": "17:00"})
    subject = TextField(lazy_text("Subject"), render_kw={"maxlength": 300, "autocomplete": "off"})

    sections: ClassVar[list[Section]] = [
        Section("wait", lazy_text("When"), {"wait_number": 3, "wait_unit": 3, "office": 6, "opens": 3, "closes": 3}),
        Section("words", lazy_text("Mail"), {"subject": 6, "kind": 3, "blocks": 6, "content": 6, "text": 6}),
    ]

    def offer(self, work: Work) -> None:
        """Gives the editor its placeholders."""
        self.offer_content(work)

    @classmethod
    def stored(cls, step: Step) -> dict[str, Any]:
        """What the form shows."""
        return {
            "wait_number": step.wait_number,
            "wait_unit": step.wait_unit,
            "office": step.office,
            "opens": cells.clock(step.opens),
            "closes": cells.clock(step.closes),
            "subject": step.subject,
            **cls.parted(step.content_kind, step.content),
            "text": step.text,
            "version": str(step.version),
        }

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        names = ("wait_number", "wait_unit", "office", "opens", "closes", "subject", "text")
        return {name: self[name].data for name in names} | {"content_kind": self.kind.data, "content": self.written}

    def take(self, error: CrmError) -> None:
        """Shows what is wrong at the fields as the form has them."""
        if isinstance(error, Invalid):
            error = Invalid({"kind" if name == "content_kind" else name: said for name, said in error.errors.items()})
        super().take(error)
