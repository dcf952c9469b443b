"""Hosted checkout: a product asks for a session, and its customer pays on our pages."""
