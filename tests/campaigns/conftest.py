"""The folder of these tests is on the path, so that workers find their functions by name."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
