"""The client of the provider Paykassma: plain Python, no Django, no database."""
