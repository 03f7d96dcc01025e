"""Has moved to :mod:`pages.parts.how_it_works.solver_run`; recipes of older pages ask for it here."""

from pages.parts.how_it_works.solver_run import run_solver_errors

__all__ = ["run_solver_errors"]
