<<<<<<< HEAD
"""The hosted payment pages: a customer pays there by hand."""
=======
"""Hosted checkout: a product asks for a session, and its customer pays on our pages."""
>>>>>>> main
