"""What the tests of single pages share: a page run without a browser, and the figures it shows."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parents[2] / "app.py"
SOON = 120.0  # seconds; none of them is meant to be spent


def open_app(page: str, **query: str) -> AppTest:
    """The app on one of its pages, opened through a link with that query."""
    app = AppTest.from_file(str(APP), default_timeout=SOON)
    app.run()
    app.switch_page(f"pages/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    """The app, which has not failed."""
    assert not app.exception, app.exception
    return app


def numbers(app: AppTest) -> dict[str, str]:
    """The metrics shown, by their labels."""
    return {metric.label: metric.value for metric in app.metric}
