"""The client portal: accounts of clients, the pages they see, and what the site arranges of them."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from crmhost.api import (
    Box,
    BulkAction,
    Column,
    ConditionType,
    Filter,
    Job,
    JournalType,
    MenuItem,
    PageMount,
    Permission,
    Schedule,
    Service,
    Setting,
    SlotItem,
    Work,
)
from crmhost.hooks import hookimpl

if TYPE_CHECKING:
    from .api import PortalPage

_MANAGERS = ("CRM manager", "Contacts manager")


class Plugin:
    """Declares what there is; the rules stand in the modules."""

    # --- who may do what, and what is set -----------------------------------------------------------------------------

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="portal.manage", label="Give and take access to the client portal", roles=_MANAGERS),
            Permission(name="portal.preview", label="See the client portal as a client does", roles=_MANAGERS),
            Permission(name="portal.review", label="Approve what clients want changed", roles=_MANAGERS),
            Permission(name="portal.settings", label="Arrange the client portal", roles=("CRM manager",)),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .settings import declared

        return declared()

    @hookimpl
    def hookspecs(self) -> Sequence[ModuleType]:
        from . import hooks

        return [hooks]

    # --- the clients' pages -------------------------------------------------------------------------------------------

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint
        from .staff_pages import blueprint as staff

        return [staff, blueprint]

    @hookimpl
    def page_mounts(self) -> Sequence[PageMount]:
        from .frame import around, problem

        return [PageMount(hook="portal_pages", around=around, problem=problem)]

    @hookimpl
    def portal_pages(self) -> Sequence[PortalPage]:
        from .api import PortalPage
        from .detail_pages import blueprint

        return [
            PortalPage(id="home", label="Home", endpoint="portal.home", icon="home", order=0),
            PortalPage(
                id="details",
                label="My details",
                endpoint="portal_details.show",
                blueprint=blueprint,
                icon="user",
                order=900,
            ),
        ]

    # --- the pages of staff -------------------------------------------------------------------------------------------

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        from .details import number_waiting

        return [
            MenuItem(
                place="Contacts",
                label="Changes by clients",
                endpoint="portal_staff.changes",
                permission="portal.review",
                count=number_waiting,
                order=800,
            ),
        ]

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from .arranging_pages import overview

        return [SlotItem(slot="settings.page", render=overview, permission="portal.settings")]

    # --- the pages of contacts ----------------------------------------------------------------------------------------

    @hookimpl
    def contact_boxes(self) -> Sequence[Box]:
        from .parts import box

        return [Box(id="portal", title="Client portal", render=box, permission="contacts.view", order=60)]

    @hookimpl
    def contact_conditions(self) -> Sequence[ConditionType]:
        from .conditions import types

        return types("contacts.view")

    @hookimpl
    def contact_columns(self) -> Sequence[Column]:
        from .parts import cells

        return [Column(id="portal", label="Portal access", values=cells)]

    @hookimpl
    def contact_filters(self) -> Sequence[Filter]:
        from .parts import choices, condition

        return [Filter(id="portal", label="Portal access", condition=condition, choices=choices)]

    @hookimpl
    def contact_bulk_actions(self) -> Sequence[BulkAction]:
        from . import parts

        return [
            BulkAction(
                id="portal.give",
                label="Give portal access",
                run=parts.give,
                permission="portal.manage",
                icon="door-enter",
                order=300,
            ),
            BulkAction(
                id="portal.take", label="Take portal access", run=parts.take, permission="portal.manage", order=310
            ),
        ]

    @hookimpl
    def journal_types(self) -> Sequence[JournalType]:
        return [
            JournalType(name="portal.access_given", label="Portal access given", icon="door-enter"),
            JournalType(name="portal.access_taken", label="Portal access taken", icon="door-enter"),
            JournalType(name="portal.details", label="Details changed in the portal", icon="pencil"),
        ]

    @hookimpl
    def services(self) -> Sequence[Service]:
        from .offered import PortalService

        return [Service(name="portal", factory=PortalService)]

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint

        return [blueprint]

    # --- people -------------------------------------------------------------------------------------------------------

    @hookimpl
    def contact_personal_data(self, work: Work, contact_id: int) -> Any:
        from .privacy import told_of

        return told_of(work, contact_id)

    # --- work by the clock --------------------------------------------------------------------------------------------

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs, mails

        return [
            Job(kind="portal.mail", handler=mails.send, label="Mail access to the client portal", attempts=4),
            Job(kind="portal.forget", handler=jobs.forget, label="Forget old visits of the client portal"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="portal.forget", cron="17 4 * * *")]
