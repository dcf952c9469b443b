"""How pages for people write times: one way, in UTC, and saying so (`settings.FORMAT_MODULE_PATH`)."""
