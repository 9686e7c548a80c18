"""Who may use each address: one line for each, page or API, of the core and the bundled plugins.

A line is the endpoint and what it takes: a permission, several of which any will do (``a|b``), ``person`` for everybody who
is signed in and sees there only what is their own, ``public`` for everybody.
"""

from __future__ import annotations

PUBLIC, PERSON = "public", "person"

_PAGES = """
dashboard.index person
dashboard.arrange person
dashboard.arrived contacts.view
dashboard.box person
dashboard.hide person
dashboard.move person
dashboard.show person
dashboard.reset person
dashboard.hide_steps settings.edit
dashboard.show_steps settings.edit
frame.search person
frame.keep_order person
frame.keep_columns person
frame.save_view person
frame.line_totals person
notifications.index person
notifications.menu person
notifications.open_one person
notifications.read_all person
storage.download person
hooks.receive public

users.sign_in public
users.sign_out public
users.code public
users.forgotten public
users.reset public
users.openid_leave public
users.openid_back public
users.invitation public
users.account person
users.confirm person
users.choose_language person
users.change_password person
users.second_step person
users.second_begin person
users.second_on person
users.second_off person
users.second_codes person
users.second_distrust person
users.sign_out_elsewhere person
users.sign_out_one person
users.audit audit.view
users.index users.edit
users.new users.edit
users.edit users.edit
users.invite users.edit
users.revoke users.edit
users.reset_second_step users.edit
users.sign_out_user users.edit
users.switch users.edit
users.unlink users.edit
users.roles users.edit
users.role users.edit
users.new_role users.edit
users.delete_role users.edit
users.sign_in_settings users.sign_in
users.try_openid users.sign_in

contacts.index contacts.view
contacts.bin contacts.view
contacts.page contacts.view
contacts.details contacts.view
contacts.reveal fields.reveal
contacts.bulk contacts.view
contacts.new contacts.edit
contacts.edit contacts.edit
contacts.field contacts.edit
contacts.status contacts.edit
contacts.picture contacts.edit
contacts.delete contacts.delete
contacts.restore contacts.delete
contacts.bin_bulk contacts.delete

merging.index contacts.edit
merging.alike contacts.view
merging.tell_apart contacts.edit
merging.forget_apart contacts.edit
merging.choose contacts.delete
merging.compare contacts.delete
merging.merge contacts.delete
merging.shown contacts.view
merging.undo contacts.delete
privacy.erase contacts.erase
privacy.export contacts.export
privacy.receipts audit.view
privacy.receipt audit.view

gallery.index person
gallery.fields person
gallery.wrong person
gallery.full person
gallery.hollow person
gallery.parts person
gallery.record person
gallery.overlays person
gallery.charts person
gallery.done public

records.retag contacts.edit
records.choices contacts.view

rates.index settings.edit
rates.add settings.edit
rates.use settings.edit
records.known_tags contacts.edit|transactions.edit|invoices.edit
records.keep_boxes person
records.choices contacts.view

journal.index journal.view
journal.entries journal.view
journal.add journal.edit
journal.edit journal.edit
journal.pin journal.edit
journal.remove journal.edit
journal.bring_back journal.edit
journal_types.new settings.edit
journal_types.edit settings.edit
journal_types.delete settings.edit
journal_types.order settings.edit

statuses.field_options statuses.edit|tags.edit|settings.edit|fields.manage
statuses.add_status statuses.edit
statuses.edit_status statuses.edit
statuses.delete_status statuses.edit
statuses.order_statuses statuses.edit
statuses.statuses_from_text statuses.edit
statuses.add_tag tags.edit
statuses.edit_tag tags.edit
statuses.delete_tag tags.edit
statuses.merge_tag tags.edit
statuses.bring_back_tag tags.edit
fields.new fields.manage
fields.edit fields.manage
fields.delete fields.manage
fields.erase fields.manage
fields.restore fields.manage
fields.order fields.manage

settings.general settings.edit
settings.change_logo settings.edit
settings.show_logo public
settings.plugin_page settings.edit
health.index health.view
extensions.index extensions.manage
extensions.page extensions.manage
extensions.agree extensions.manage
extensions.consent extensions.manage
extensions.enable extensions.manage
extensions.disable extensions.manage
extensions.export extensions.manage
extensions.ask_uninstall extensions.manage
extensions.uninstall extensions.manage
extensions.review extensions.manage
themes.index themes.manage
themes.activate themes.manage
themes.preview themes.manage
themes.end_preview themes.manage
jobs.index person
jobs.job person
jobs.progress person
jobs.cancel person
jobs.retry person
jobs.dead_letters jobs.view
jobs.retry_delivery jobs.edit
jobs.retry_deliveries jobs.edit

mail.home settings.edit|mail.log
mail.bounces settings.edit
mail.test_default settings.edit
mail.webhook_key mail.accounts
mail.accounts mail.accounts
mail.account mail.accounts
mail.new_account mail.accounts
mail.test_account mail.accounts
mail.delete_account mail.accounts
mail.templates mail.templates
mail.template mail.templates
mail.new_template mail.templates
mail.preview_template mail.templates
mail.test_template mail.templates
mail.copy_template mail.templates
mail.delete_template mail.templates
mail.compose mail.send
mail.preview mail.send
mail.add_picture mail.send
mail.blocks_source mail.send
mail.clear mail.clear
mail.log mail.log
mail.message mail.log|journal.view
mail.html mail.log|journal.view
mail.again mail.send
mail.arrived mail.send
mail.unsubscribe public
mail.picture public

funnel.index funnel.view
funnel.box funnel.view
transactions.index transactions.view
transactions.bin transactions.view
transactions.page transactions.view
transactions.new transactions.edit
transactions.edit transactions.edit
transactions.status transactions.edit
transactions.delete transactions.delete
transactions.restore transactions.delete
transactions.types settings.edit
invoices.index invoices.view
invoices.bin invoices.view
invoices.page invoices.view
invoices.new invoices.edit
invoices.edit invoices.edit
invoices.recurrence invoices.edit
invoices.issue invoices.edit
invoices.duplicate invoices.edit
invoices.credit invoices.edit
invoices.void invoices.void
invoices.delete invoices.delete
invoices.restore invoices.delete
invoices.pay invoices.pay
invoices.paid invoices.pay
invoices.attach invoices.pay
invoices.detach invoices.pay
invoices.numbers settings.edit
invoices.pdf invoices.view
invoices.send invoices.send
invoices.preview invoices.send
invoices.make_link invoices.send
invoices.revoke_link invoices.send
invoices.statement invoices.view
invoices.statement_pdf invoices.view
invoices.send_statement invoices.send
invoices.preview_statement invoices.send
invoices.shared public
invoices.shared_pdf public
invoices.seen public
csv_tools.export contacts.export|transactions.export|invoices.export
csv_tools.write_export contacts.export|transactions.export|invoices.export
csv_tools.imports csv_tools.import
csv_tools.upload csv_tools.import
csv_tools.run csv_tools.import
csv_tools.check csv_tools.import
csv_tools.start csv_tools.import
csv_tools.columns csv_tools.import
csv_tools.choose_columns csv_tools.import
csv_tools.discard csv_tools.import
csv_tools.forget_mapping csv_tools.import
csv_tools.choose_format csv_tools.import
csv_tools.go_on csv_tools.import
csv_tools.matches csv_tools.import
csv_tools.choose_matches csv_tools.import
csv_tools.refused csv_tools.import
csv_tools.undo csv_tools.import
csv_tools.use_mapping csv_tools.import
rest_api.list_tokens person
rest_api.make_token person
rest_api.revoke_token person
rest_api_webhooks.index rest_api.webhooks
rest_api_webhooks.log rest_api.webhooks
rest_api_webhooks.replay rest_api.webhooks
rest_api_webhooks.act rest_api.webhooks
rest_api_webhooks.edit rest_api.webhooks
rest_api_webhooks.new rest_api.webhooks
"""

_API = """
rest_api_docs.page public
rest_api_docs.openapi public
rest_api_contacts.list_contacts contacts.view
rest_api_contacts.add_contact contacts.edit
rest_api_contacts.read_contact contacts.view
rest_api_contacts.change_contact contacts.edit
rest_api_contacts.remove_contact contacts.delete
rest_api_contacts.reveal_custom_field fields.reveal
rest_api_contacts.save_contacts contacts.edit
rest_api_contacts.merge_contacts contacts.delete
rest_api_merges.undo_merge contacts.delete
rest_api_contacts.read_personal_data contacts.export
rest_api_contacts.list_entries journal.view
rest_api_contacts.add_entry journal.edit
rest_api_custom_fields.list_custom_fields person
rest_api_custom_fields.read_custom_field person
rest_api_custom_fields.add_custom_field fields.manage
rest_api_custom_fields.change_custom_field fields.manage
rest_api_custom_fields.remove_custom_field fields.manage
rest_api_custom_fields.restore_custom_field fields.manage
rest_api_statuses.list_statuses person
rest_api_statuses.read_status person
rest_api_statuses.add_status statuses.edit
rest_api_statuses.change_status statuses.edit
rest_api_statuses.remove_status statuses.edit
rest_api_tags.list_tags person
rest_api_tags.get_tag person
rest_api_tags.add_tag tags.edit
rest_api_tags.change_tag tags.edit
rest_api_tags.remove_tag tags.edit
rest_api_users.list_users contacts.view|users.edit
rest_api_settings.list_settings settings.edit
rest_api_settings.change_settings settings.edit
rest_api_plugins.list_plugins extensions.manage
rest_api_plugins.enable_plugin extensions.manage
rest_api_plugins.disable_plugin extensions.manage
rest_api_journal.list_feed journal.view
rest_api_journal.list_types journal.view
rest_api_journal.add_type settings.edit
rest_api_journal.change_type settings.edit
rest_api_journal.remove_type settings.edit
rest_api_audit.list_audit audit.view
rest_api_jobs.list_jobs person
rest_api_jobs.get_job person
rest_api_jobs.retry_job person
rest_api_jobs.cancel_job person
rest_api_hooks.list_webhooks rest_api.webhooks
rest_api_hooks.add_webhook rest_api.webhooks
rest_api_hooks.read_webhook rest_api.webhooks
rest_api_hooks.change_webhook rest_api.webhooks
rest_api_hooks.remove_webhook rest_api.webhooks
rest_api_hooks.list_deliveries rest_api.webhooks
rest_api_hooks.replay rest_api.webhooks
rest_api_hooks.replay_failed rest_api.webhooks
rest_api_hooks.send_test rest_api.webhooks
funnel_api.read_funnel funnel.view
transactions_api.list_transactions transactions.view
transactions_api.add_transaction transactions.edit
transactions_api.read_transaction transactions.view
transactions_api.change_transaction transactions.edit
transactions_api.remove_transaction transactions.delete
invoices_api.list_invoices invoices.view
invoices_api.add_invoice invoices.edit
invoices_api.read_statement invoices.view
invoices_api.read_invoice invoices.view
invoices_api.change_invoice invoices.edit
invoices_api.remove_invoice invoices.delete
invoices_api.list_payments invoices.view
invoices_api.add_payment invoices.pay
"""

#: Endpoint -> what it takes.
DECISIONS: dict[str, str] = dict(
    line.split(" ", 1) for line in (*_PAGES.splitlines(), *_API.splitlines()) if line.strip()
)

#: Bodies that the schema of an operation takes, so that what refuses is the permission.
BODIES: dict[str, object] = {
    "rest_api_contacts.add_contact": {"first_name": "B"},
    "rest_api_contacts.save_contacts": {"contacts": [{"first_name": "B"}]},
    "rest_api_contacts.merge_contacts": {"from": [2]},
    "rest_api_contacts.add_entry": {"type": "note", "summary": "x"},
    "rest_api_custom_fields.add_custom_field": {"object": "contact", "key": "k", "label": "K", "kind": "text"},
    "rest_api_statuses.add_status": {"name": "New"},
    "rest_api_tags.change_tag": {"name": "new"},
    "rest_api_tags.add_tag": {"name": "made"},
    "rest_api_journal.add_type": {"label": "Visit"},
    "rest_api_journal.change_type": {"label": "Visit"},
    "rest_api_settings.change_settings": {"site.name": "New"},
    "transactions_api.add_transaction": {"ref": "R", "name": "N"},
    "rest_api_hooks.add_webhook": {"url": "https://example.com/", "events": ["contact.created"]},
}

#: Arguments of addresses that name something of a contact, or of one user.
PERSONAL = ("contact_id", "object_id", "entry_id", "message_id", "job_id", "notification_id", "run_id", "merge_id")
