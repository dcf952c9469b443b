"""What people set: live accounts, systems and keys by two persons, products, and what counts now."""
