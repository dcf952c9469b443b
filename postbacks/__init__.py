"""The provider's letters to us: kept first, understood second."""
