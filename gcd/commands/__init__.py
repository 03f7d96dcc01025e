"""The verbs of the command line, one module each; :mod:`gcd.cli` lists them."""
