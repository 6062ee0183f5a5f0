"""What a file says is what is meant."""
