"""One room a page: what only that page needs."""
