"""Money of a deposit that goes back: above both, for money in and money out know nothing of each other."""
