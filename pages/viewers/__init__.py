"""The browser components: each a script, and the Python that feeds it. A viewer knows of no page."""
