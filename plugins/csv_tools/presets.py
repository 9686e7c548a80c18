"""The exports of other programs: how they are recognised, and where their columns go when the names alone don't say it."""

from __future__ import annotations

from crmhost.api import ImportPreset


def _program(name: str, source: str, signs: tuple[str, ...], **columns: str) -> ImportPreset:
    """A program; ``source`` is the name under which the ids of its records are kept."""
    named = {heading.replace("__", " "): field for heading, field in columns.items()}
    return ImportPreset(name=name, signs=signs, columns=named, values={"external_source": source})


#: The headings are those that each program writes in English, whichever fields were chosen for the export.
PRESETS = (
    _program(
        "Jetpack CRM", "jetpack_crm", ("Home Telephone", "Mobile Telephone", "Post Code"),
        ID="external_id", Owner="", WordPress__ID="", Avatar="avatar", County="address1_county",
    ),
    _program(
        "HubSpot", "hubspot", ("Record ID", "Lifecycle Stage"),
        Record__ID="external_id", Contact__owner="", Lifecycle__Stage="status", Lead__Status="",
        Street__Address="address1_line1", Mobile__Phone__Number="mobile_phone", Phone__Number="work_phone",
    ),
    _program(
        "Mailchimp", "mailchimp", ("Email Address", "MEMBER_RATING", "OPTIN_TIME"),
        EUID="external_id", LEID="", OPTIN_TIME="created_at", CC="", REGION="", TIMEZONE="", LAST_CHANGED="",
    ),
    _program(
        "Google Contacts", "google_contacts", ("E-mail 1 - Value", "Name Prefix"),
        **{"Phone 1 - Value": "mobile_phone", "Phone 2 - Value": "work_phone", "Phone 3 - Value": "home_phone", "Name": "",
           "Subject": "", "Location": "", "Address 1 - Formatted": "", "Address 2 - Formatted": ""},
    ),
    _program(
        "Outlook", "outlook", ("E-mail Address", "Business Street"),
        Title="prefix", Company="company", Business__Phone="work_phone", Home__Phone="home_phone", Mobile__Phone="mobile_phone",
        Location="", Keywords="", Business__Address="", Home__Address="",
    ),
    _program(
        "Salesforce", "salesforce", ("OwnerId", "CreatedDate"),
        Id="external_id", Lead__ID="external_id", Contact__ID="external_id", OwnerId="", Title="", MobilePhone="mobile_phone",
    ),
    _program(
        "Zoho CRM", "zoho_crm", ("Email Opt Out", "Created Time"),
        Record__Id="external_id", Lead__Id="external_id", Contact__Id="external_id", Lead__Owner="", Contact__Owner="",
        Lead__Status="status", Lead__Name="full_name", Contact__Name="full_name",
    ),
)  # fmt: skip
