"""What templates of lists ask the back office for."""
