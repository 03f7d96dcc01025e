"""The pages of the web app: one thin script each. What they share is in :mod:`pages.parts`."""
