"""The hosted payment pages: a customer pays there by hand."""
