"""What the core consists of: plugins that are always there, made of the same hooks as all others."""

from __future__ import annotations

from ..messages import Message

#: Built-in plugins: id -> (module, name). They come first, in this order.
BUILTIN: dict[str, tuple[str, str]] = {
    "settings": ("crmhost.core.settings", Message("Settings")),
    "users": ("crmhost.core.users", Message("Users")),
    "statuses": ("crmhost.core.statuses", Message("Statuses")),
    "fields": ("crmhost.core.fields", Message("Custom fields")),
    "contacts": ("crmhost.core.contacts", Message("Contacts")),
    "journal": ("crmhost.core.journal", Message("Journal")),
    "mail": ("crmhost.core.mail", Message("Mail")),
    "notifications": ("crmhost.core.notifications", Message("Notifications")),
    "storage": ("crmhost.core.files", Message("File storage")),
    "records": ("crmhost.core.records", Message("Records")),
    "numbering": ("crmhost.core.numbering", Message("Numbering")),
    "rates": ("crmhost.core.rates", Message("Currencies")),
    "links": ("crmhost.core.links", Message("Easy-access links")),
    "merging": ("crmhost.core.merging", Message("Merging")),
    "privacy": ("crmhost.core.privacy", Message("Privacy")),
    "lists": ("crmhost.core.lists", Message("Lists")),
    "jobs": ("crmhost.core.jobs", Message("Jobs")),
    "dashboard": ("crmhost.web.dashboard", Message("Dashboard")),
    "extensions": ("crmhost.web.extensions", Message("Extensions")),
    "themes": ("crmhost.web.themes", Message("Themes")),
    "health": ("crmhost.web.health", Message("Health")),
}
