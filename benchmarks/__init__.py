"""How fast things are on this machine: `make bench`, or `python -m benchmarks NAME ...`.

Every table is measured in one run and prints ratios beside times, since only ratios travel between machines.
"""

import os

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # torch's profiler reports its own start and stop otherwise
