"""What operators see of a running site."""
