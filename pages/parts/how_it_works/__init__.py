"""What only the page How it works needs."""
