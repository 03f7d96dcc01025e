"""The pages of the web app: one thin script each. What they share is in :mod:`app_pages.parts`."""
