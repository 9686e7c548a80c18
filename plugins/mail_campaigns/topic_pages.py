"""Topics for staff: the list, one of them, and what a contact gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint

from crmhost.api import Contact, CrmError, Invalid, NotFound, Read, Stale, Work, contacts, keyset, mail
from crmhost.web.api import (
    both_versions,
    current_work,
    gettext,
    redirect,
    render_template,
    requires,
    toast,
    url_for,
    writing,
)

from . import choices, choosing, topics
from .forms import TopicForm
from .models import Topic


def add_topics(blueprint: Blueprint) -> None:
    """Adds the pages."""
    changes = requires("mail_campaigns.topics")
    add = blueprint.add_url_rule
    add("/topics/", "topics", changes(index))
    add("/topics/new", "new_topic", changes(topic), methods=["GET", "POST"])
    add("/topics/<int:topic_id>", "topic", changes(topic), methods=["GET", "POST"])
    add("/topics/<int:topic_id>/delete", "delete_topic", changes(delete), methods=["POST"])
    add("/topics/of/<int:contact_id>", "topics_of", requires("mail_campaigns.edit")(store_for), methods=["POST"])


def index() -> Any:
    """All topics."""
    return render_template("mail_campaigns/topics.html", topics=topics.all_topics(current_work()))


def topic(topic_id: int | None = None) -> Any:
    """One topic, or a new one."""
    found = topics.get(current_work(), topic_id) if topic_id is not None else None
    form = TopicForm(data=_stored(found))
    if found is not None:
        form.remember(_stored(found))
    if form.validate_on_submit():
        try:
            with writing() as work:
                saved = topics.save(work, topic_id, form.values(), version=keyset.valid_id(form.version.data))
                name = saved.name
        except Stale:
            now = topics.get(current_work(), topic_id or 0)
            back = url_for("mail_campaigns.topic", topic_id=now.id)
            return both_versions(form, _stored(now), name=now.name, back=back)
        except CrmError as error:
            form.take(error)
            found = topics.get(current_work(), topic_id) if topic_id is not None else None
        else:
            toast(gettext("The topic “%(name)s” was saved.", name=name))
            return redirect(url_for("mail_campaigns.topics"), 303)
    html = render_template("mail_campaigns/topic.html", form=form, topic=found)
    return html, 422 if form.is_submitted() else 200


def _stored(found: Topic | None) -> dict[str, Any]:
    return {**topics.snapshot(found), "version": str(found.version)} if found is not None else {"chosen": True}


def delete(topic_id: int) -> Any:
    """Delete a topic."""
    try:
        with writing() as work:
            name = topics.delete(work, topic_id)
    except NotFound:
        raise
    except CrmError as error:
        toast(gettext(error.message), category="bad")
        return redirect(url_for("mail_campaigns.topic", topic_id=topic_id), 303)
    toast(gettext("The topic “%(name)s” was deleted.", name=name))
    return redirect(url_for("mail_campaigns.topics"), 303)


# --- a contact's page -------------------------------------------------------------------------------------------------


def box_reads(work: Work, contact: Contact) -> Sequence[Read]:
    """What the box is read by, together with the other parts of the page."""
    return [choices.wishes_read(mail.address_hash(work, contact.email))] if contact.email else []


def box(work: Work, contact: Contact) -> str:
    """What a contact gets; nothing while the site has no topics."""
    wishes = choices.of_contact(work, contact)
    if not wishes:
        return ""
    may = work.can("mail_campaigns.edit") and work.can("contacts.edit", contact)
    return render_template("mail_campaigns/contact_box.html", wishes=wishes, contact=contact, may=may)


def store_for(contact_id: int) -> Any:
    """Store what a contact wants."""
    try:
        with writing() as work:
            name = contacts.get(work, contact_id).name
            changed = choices.choose_for(work, contact_id, choosing.chosen())
    except Invalid as error:
        toast(gettext(error.message), category="bad")
    else:
        toast(gettext("What %(name)s gets was changed.", name=name) if changed else gettext("Nothing was changed."))
    return redirect(url_for("contacts.page", contact_id=contact_id), 303)
