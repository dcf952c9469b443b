"""The Django side of Paykassma: accounts, payment systems, pauses, calls and their evidence."""
