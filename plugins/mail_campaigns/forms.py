"""The forms of the steps of a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crmhost.api import CrmError, Invalid, Work, mail, statuses, tags
from crmhost.web.api import (
    ChoiceField,
    ChoicesField,
    Form,
    IntegerField,
    MailContent,
    MomentField,
    Section,
    SwitchField,
    TextField,
    VersionedForm,
    gettext,
    lasting,
    lazy_text,
)

from . import of_companies, opens, subjects, topics
from .models import Campaign, Sequence

_PARTS = ("tag", "status", "segment", "company_tag", "company_status")
_WIDTHS = {"tag": 3, "status": 3, "company_tag": 3, "company_status": 3, "segment": 6}
#: Parts of other extensions: without them, and nothing chosen of them, they are not offered.
_FURTHER = ("segment", "company_tag", "company_status")
_OTHERS = ("subject_b", "subject_c", "subject_d")
_SUBJECT = {"maxlength": 300, "autocomplete": "off"}
#: Minutes that are offered to wait for the best of several subjects.
_WAITS = (30, 60, 120, 240, 480, 720, 1_440, 2_880, 4_320)


class SubjectForm(VersionedForm):
    """What a campaign is called, its subject, and who it comes from."""

    name = TextField(
        lazy_text("Name of the campaign"),
        description=lazy_text("Only you and your colleagues see it."),
        render_kw={"maxlength": 200, "required": True, "autocomplete": "off"},
    )
    subject = TextField(
        lazy_text("Subject"),
        description=lazy_text("The first thing that people read of the mail."),
        render_kw={"maxlength": 300, "autocomplete": "off"},
    )
    account = ChoiceField(lazy_text("From"))
    topic = ChoiceField(
        lazy_text("Topic"),
        none=lazy_text("None: for everybody of the audience"),
        description=lazy_text("Who does not want this topic is left out."),
    )
    track_clicks = SwitchField(
        lazy_text("Count clicks"),
        description=lazy_text("Links then lead over this site. Leave it off where you have no consent for that."),
    )
    track_opens = SwitchField(
        lazy_text("Count openings"),
        description=lazy_text(
            "By a picture that nobody sees. Unreliable: programs load it too. Ask for consent first."
        ),
    )

    subject_b = TextField(lazy_text("Second subject"), render_kw=_SUBJECT)
    subject_c = TextField(lazy_text("Third subject"), render_kw=_SUBJECT)
    subject_d = TextField(lazy_text("Fourth subject"), render_kw=_SUBJECT)
    test_share = IntegerField(
        lazy_text("Percent of the audience"),
        description=lazy_text("Gets them, split evenly. The rest waits, and gets the best subject."),
    )
    test_figure = ChoiceField(
        lazy_text("What decides"),
        choices=(
            ("clicked", lazy_text("Most people who click")),
            ("opened", lazy_text("Most people who open it (unreliable)")),
            (subjects.HAND, lazy_text("I choose myself")),
        ),
        description=lazy_text("Clicks and openings decide only when they are counted."),
    )
    test_wait = ChoiceField(lazy_text("After"), description=lazy_text("From when the last of the first mails is out."))

    sections: ClassVar[list[Section]] = [
        Section(
            "subject",
            "",
            {"name": 6, "account": 6, "subject": 6, "topic": 6, "track_clicks": 6, "track_opens": 6},
        ),
        Section(
            "several",
            lazy_text("Try several subjects"),
            {"subject_b": 6, "subject_c": 6, "subject_d": 6, "test_share": 2, "test_figure": 2, "test_wait": 2},
        ),
    ]

    def offer(self, work: Work, campaign: Campaign) -> None:
        """Fills the choices."""
        self.account.offer(mail.accounts.choices(work))
        known = topics.all_topics(work)
        self.topic.offer([(str(topic.id), topic.name) for topic in known])
        if not known:
            del self.topic
        if not opens.allowed(work):
            del self.track_opens
            offered = [pair for pair in self.test_figure.pairs if pair[0] != "opened"]
            self.test_figure.offer(offered)
        minutes = sorted({*_WAITS, campaign.test_wait})
        self.test_wait.offer([(str(number), lasting(number * 60)) for number in minutes])

    @property
    def several(self) -> bool:
        """Whether several subjects are tried, or were to be."""
        return any(self[name].data or self[name].errors for name in _OTHERS) or bool(
            self.test_share.errors or self.test_figure.errors
        )

    @staticmethod
    def stored(work: Work, campaign: Campaign) -> dict[str, Any]:
        """What the form shows."""
        account = campaign.account_id if campaign.account_id is not None else mail.chosen(work).id
        return {
            "name": campaign.name,
            "subject": campaign.subject,
            "account": "" if account is None else str(account),
            "topic": "" if campaign.topic_id is None else str(campaign.topic_id),
            "track_clicks": campaign.track_clicks,
            "track_opens": campaign.track_opens,
            **dict(zip(_OTHERS, [*campaign.subjects, "", "", ""], strict=False)),
            "test_share": campaign.test_share,
            "test_figure": campaign.test_figure,
            "test_wait": str(campaign.test_wait),
            "version": str(campaign.version),
        }

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        found = {
            "name": self.name.data,
            "subject": self.subject.data,
            "account": self.account.data or None,
            "track_clicks": self.track_clicks.data,
            "subjects": [self[name].data for name in _OTHERS],
            **({"test_share": self.test_share.data} if self.test_share.raw_data else {}),
            "test_figure": self.test_figure.data,
            "test_wait": int(self.test_wait.data),
        }
        more: dict[str, Any] = {"topic": self.topic, "track_opens": self.track_opens}
        return found | {name: field.data or None for name, field in more.items() if field is not None}

    def take(self, error: CrmError) -> None:
        """Shows what is wrong with the further subjects at the first of them."""
        if isinstance(error, Invalid):
            error = Invalid({_OTHERS[0] if name == "subjects" else name: some for name, some in error.errors.items()})
        super().take(error)


class AudienceForm(VersionedForm):
    """Who gets a campaign, and who of them does not."""

    everybody = SwitchField(lazy_text("Everybody"), description=lazy_text("All contacts that you may see."))
    include_tag = ChoicesField(lazy_text("Who has one of the tags"))
    include_status = ChoicesField(lazy_text("Who has one of the statuses"))
    include_segment = ChoicesField(lazy_text("Who is in one of the segments"))
    include_company_tag = ChoicesField(lazy_text("Whose company has one of the tags"))
    include_company_status = ChoicesField(lazy_text("Whose company has one of the statuses"))
    companies = ChoiceField(
        lazy_text("For companies, send to"),
        choices=(
            (of_companies.PEOPLE, lazy_text("Their people")),
            (of_companies.ADDRESS, lazy_text("The company’s own address")),
            (of_companies.BOTH, lazy_text("Both")),
        ),
        description=lazy_text(
            "Each address gets it once; one that a person and a company share counts as the person’s."
        ),
    )
    exclude_tag = ChoicesField(lazy_text("Not who has one of the tags"))
    exclude_status = ChoicesField(lazy_text("Not who has one of the statuses"))
    exclude_segment = ChoicesField(lazy_text("Not who is in one of the segments"))
    exclude_company_tag = ChoicesField(lazy_text("Not whose company has one of the tags"))
    exclude_company_status = ChoicesField(lazy_text("Not whose company has one of the statuses"))

    sections: ClassVar[list[Section]] = [
        Section(
            "include",
            lazy_text("Who gets it"),
            {"everybody": 6}
            | {f"include_{kind}": width for kind, width in _WIDTHS.items() if kind != "segment"}
            | {"companies": 6, "include_segment": 6},
        ),
        Section("exclude", lazy_text("Who does not"), {f"exclude_{kind}": width for kind, width in _WIDTHS.items()}),
    ]

    def offer(self, work: Work, campaign: Campaign | Sequence) -> bool:
        """Fills the choices, those included that were chosen and are gone; gives whether there is a segment to choose."""
        segments = work.service("segments")
        known = {
            "tag": [(tag.name, tag.name) for tag in tags.all_tags(work)],
            "status": [(status.name, status.name) for status in statuses.all_statuses(work)],
            "segment": list(segments.choices()) if segments is not None and work.can("segments.view") else [],
            **_of_companies(work),
        }
        stored = self.stored(campaign)
        for side in ("include", "exclude"):
            for kind in _PARTS:
                there = {value for value, _label in known[kind]}
                gone = [value for value in stored[f"{side}_{kind}"] if value not in there]
                lost = [(value, gettext("%(name)s (gone)", name=value)) for value in gone]
                self[f"{side}_{kind}"].offer([*known[kind], *lost])
                if kind in _FURTHER and not known[kind] and not lost:
                    del self[f"{side}_{kind}"]
        # Who enters a sequence is a person.
        if isinstance(campaign, Sequence) or not {f"include_{kind}" for kind in of_companies.PARTS} & set(self._fields):
            del self.companies
        return bool(known["segment"])

    @staticmethod
    def stored(campaign: Campaign | Sequence) -> dict[str, Any]:
        """What the form shows."""
        found: dict[str, Any] = {f"{side}_{kind}": [] for side in ("include", "exclude") for kind in _PARTS}
        found |= {
            "everybody": False,
            "version": str(campaign.version),
            "companies": of_companies.way(campaign.audience),
        }
        for side in ("include", "exclude"):
            for part in campaign.audience.get(side) or ():
                ((kind, value),) = part.items()
                if kind == "all":
                    found["everybody"] = found["everybody"] or side == "include"
                else:
                    found[f"{side}_{kind}"].append(str(value))
        return found

    def audience(self) -> Mapping[str, Any]:
        """What was chosen, as the service takes it."""
        found: dict[str, Any] = {"include": [], "exclude": []}
        if self.everybody.data:
            found["include"].append({"all": True})
        for side, parts in list(found.items()):
            for kind in _PARTS:
                field = self._fields.get(f"{side}_{kind}")
                parts += [{kind: value} for value in (field.data if field is not None else None) or ()]
        if self.companies is not None:
            found["companies"] = self.companies.data
        return found


def _of_companies(work: Work) -> dict[str, list[tuple[str, str]]]:
    """Tags and statuses of companies to choose from."""
    companies = work.service("companies") if work.can("companies.view") else None
    if companies is None:
        return {"company_tag": [], "company_status": []}
    return {
        "company_tag": [(tag.name, tag.name) for tag in tags.all_tags(work)],
        "company_status": [(name, name) for name in companies.statuses()],
    }


class ContentForm(MailContent, VersionedForm):
    """What a campaign says."""

    sections: ClassVar[list[Section]] = [Section("content", "", {"kind": 2, "blocks": 6, "content": 6, "text": 6})]

    @classmethod
    def stored(cls, campaign: Campaign) -> dict[str, Any]:
        """What the form shows."""
        words = cls.parted(campaign.content_kind, campaign.content)
        return {**words, "text": campaign.text, "version": str(campaign.version)}

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {"content_kind": self.kind.data, "content": self.written, "text": self.text.data}


class TopicForm(VersionedForm):
    """A topic that readers choose from."""

    name = TextField(
        lazy_text("Name of the topic"),
        description=lazy_text("Readers see it, such as “Workshops and courses”."),
        render_kw={"maxlength": 80, "required": True, "autocomplete": "off"},
    )
    description = TextField(
        lazy_text("Description"),
        description=lazy_text("What they get, and how often."),
        render_kw={"maxlength": 300, "autocomplete": "off"},
    )
    chosen = SwitchField(
        lazy_text("Who said nothing gets it"),
        description=lazy_text("Off: only who chose it. Changing this changes nothing for those who chose."),
    )

    sections: ClassVar[list[Section]] = [Section("topic", "", {"name": 6, "description": 6, "chosen": 6})]

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {name: self[name].data for name in ("name", "description", "chosen")}


class WhenForm(Form):
    """When a campaign is sent by itself."""

    at = MomentField(lazy_text("Day and time"))
