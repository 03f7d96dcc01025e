"""`python -m gcd` is the command line."""

import sys

from gcd.cli import main

if __name__ == "__main__":
    sys.exit(main())
