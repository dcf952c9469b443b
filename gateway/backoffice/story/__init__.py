"""The whole story of one order, in the order in which it happened."""
