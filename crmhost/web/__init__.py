"""Pages shared by all: frame, menus, slots, tables, forms, themes, sign-in gate. Plugins import :mod:`crmhost.web.api`."""
