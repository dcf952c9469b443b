"""What is masked on pages of the admin, and the looks that show it in clear and are recorded."""
