"""What helps with every list: views that people save, and one search for everything."""
