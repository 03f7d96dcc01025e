"""Start the web app; the browser opens by itself where there is one."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import NoReturn

from gcd.commands import options

HELP = "start the web app"


def check_host(text: str) -> str:
    """A name or number of this machine; the empty one would be every address there is, without a word."""
    if not re.fullmatch(r"[\w.:%-]+", text):
        raise ValueError(
            f"The host must be a name or an address, such as localhost, 127.0.0.1 or 0.0.0.0 (every address), "
            f"not {text!r}."
        )
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--port", type=options.whole("the port", 1, 65535), default=8501, help="port (default 8501)"
    )
    parser.add_argument(
        "--host",
        type=options.checked(check_host),
        default="localhost",
        help="address to listen on (default localhost: this machine only)",
    )
    parser.add_argument("--headless", action="store_true", help="do not open a browser")


def run(args: argparse.Namespace) -> NoReturn:
    """Become Streamlit; this does not return."""
    script = Path(__file__).resolve().parents[2] / "app.py"
    if not script.is_file():
        raise ValueError(
            "The web app is part of the source tree: clone the repository and run `make app` there."
        )
    if importlib.util.find_spec("streamlit") is None:
        raise ValueError("The web app needs streamlit: pip install 'gcd[app]'.")
    # Streamlit's greeting is off: with it goes an advertisement that Streamlit lays over the page where it finds a
    # coding assistant on the machine. The address is said here instead.
    command = [
        sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(args.port),
        "--server.address", args.host, "--server.headless", "true" if args.headless else "false",
        "--logger.hideWelcomeMessage", "true",
    ]  # fmt: skip
    host = f"[{args.host}]" if ":" in args.host else args.host
    print(f"The app is at http://{host}:{args.port}; Ctrl+C ends it.")
    os.chdir(script.parent)  # where Streamlit finds its configuration
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - the same process: an interrupt or a kill reaches Streamlit itself
