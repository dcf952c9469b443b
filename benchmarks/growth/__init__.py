"""Whether what is asked takes longer the more rows there are."""
