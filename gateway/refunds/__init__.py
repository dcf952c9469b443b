"""Money of a deposit that goes back to who paid it: above both, for money in and money out know nothing of each other."""
