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
from gcd.places import app_script

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
    script = app_script()
    if not script.is_file():
        raise ValueError(f"This copy of gcd is incomplete: the web app's {script} is missing.")
    if importlib.util.find_spec("streamlit") is None:
        raise ValueError("The web app needs streamlit: pip install 'gcd[app]'.")
    command = [
        sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(args.port),
        "--server.address", args.host, "--server.headless", "true" if args.headless else "false",
    ]  # fmt: skip
    host = f"[{args.host}]" if ":" in args.host else args.host
    print(f"The app is at http://{host}:{args.port}; Ctrl+C ends it.")
    for name in ("GCD_CHECKPOINTS", "GCD_DATA", "GCD_CACHE", "GCD_CAMPAIGNS"):
        if os.environ.get(name):
            os.environ[name] = str(Path(os.environ[name]).resolve())  # a path from here, which we are leaving
    os.chdir(
        script.parent
    )  # so that what lies in the person's folder is not imported for a module of the app's
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - the same process: an interrupt or a kill reaches Streamlit itself
