"""Bring 3Dmol.js, the viewer's library, into static/ so that the app draws atoms without internet.

`make setup` calls this. The version is that of the pinned py3Dmol, which wraps the same library. Where there is no
npm or no network it says so in one line and ends well: the app then loads the library from its CDN.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "static" / "3Dmol-min.js"
MEMBER = "package/build/3Dmol-min.js"
SECONDS = 60


def fetch(target: Path = TARGET) -> str:
    """Put 3Dmol-min.js at ``target``; return one line that says what happened, empty when all is well."""
    npm = shutil.which("npm")
    if npm is None:
        return "No npm here: the 3D viewer will be loaded from its CDN."
    try:
        library = version("py3Dmol")
    except PackageNotFoundError:
        return "py3Dmol is not installed: the 3D viewer will be loaded from its CDN."
    command = [npm, "pack", f"3dmol@{library}", "--silent", "--fetch-retries=1", "--fetch-timeout=20000"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=SECONDS)
            (archive,) = Path(folder).glob("*.tgz")
            with tarfile.open(archive) as tar:
                script = tar.extractfile(MEMBER)
                assert script is not None
                content = script.read()
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, tarfile.TarError) as error:
            return f"npm could not bring 3dmol {library} ({type(error).__name__}): it will be loaded from its CDN."
        target.parent.mkdir(exist_ok=True)
        temporary = target.with_suffix(".tmp")
        temporary.write_bytes(content)
        temporary.replace(target)
    return ""


if __name__ == "__main__":
    if line := fetch():
        print(line, file=sys.stderr)
