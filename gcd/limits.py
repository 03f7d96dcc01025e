"""Upper limits of everything a person can ask for, in one place.

The command line, :mod:`gcd.generate`, the readers of :mod:`gcd.structures.formats` and the pages all check
against these numbers, because a limit that only a browser widget enforces is no limit. They keep a request
within what a laptop answers in minutes and a few GB; nothing in the method depends on them.
"""

from __future__ import annotations

import math

MAX_CELLS_PER_AXIS = (
    16  # conventional cells along one axis of a supercell; FCC 16^3 is 16,384 atoms on 96^3 voxels
)
MAX_ATOMS = 50_000  # atoms in one structure, generated or read
MAX_LENGTH = 100_000  # Å, of a cell and of positions in a file
MIN_THICKNESS = 0.5  # Å, of a cell between opposite faces; thinner ones would need images without number
MAX_BLOCKS = 40_000_000  # of space, in a search for Voronoi neighbours; each takes 25 bytes
MAX_CIF_WORDS = 3_000_000  # words of a CIF; 50,000 atoms in ten columns are 500,000
READ_SECONDS = 20.0  # that an upload may take to read, in a process of its own
MAX_HELD_BYTES = 80 * 2**20  # of one visitor's uploads that the server holds; the oldest go first
MAX_READERS = 3  # uploads that are read at the same time; the others wait
READ_MEMORY = 500 * 2**20  # bytes that it may take there, beyond those of the idle process
MAX_OPERATIONS = (
    1_536  # symmetry operations that a CIF lists: 192 of the largest group, in a supercell of eight
)
MAX_COLUMNS = 200  # numbers in a row of extended XYZ; positions, forces and a few properties are a dozen
MAX_HEADER_CHARACTERS = 2_000_000  # of all headers of an extended XYZ file
MAX_TOTAL_ATOMS = 5_000_000  # of all structures of one file
MAX_ARCHIVE_FILES = 1_000  # in a zip archive
MIN_DISTANCE = 0.5  # Å between atoms of a file; nearer ones are read, and said
CROWD_EDGE = 2.0  # Å of the cubes in which a file's atoms are counted
MAX_NEAR_PAIRS = (
    400_000  # of atoms in one cube, each pair twice, an atom with itself: 50,000 of diamond have 150,000
)
MAX_FRAMES = 1_000  # structures read from one file
MAX_VOXELS = 1_000_000  # voxels of one grid; about 100^3
MAX_COUNT = 1_000  # samples of one command or job
MAX_TOTAL_VOXELS = (
    50_000_000  # voxels of all samples of one job: 1,000 crystals of 4^3 FCC cells are 14 million
)
MAX_EVALUATIONS = 1_000  # network evaluations a sample
MAX_RESTARTS = 200  # of the particle model's restart sampler; each takes 25 evaluations
MAX_PARTICLES = (
    4_096  # atoms in one structure of the particle model: every pair of them is measured at every step
)
MAX_TOTAL_PARTICLES = 300_000  # atoms of all samples of one job: 1,000 of 4^3 FCC cells are 256,000
MAX_INITIAL_SIGMA = 2.0  # lattice constants; from 0.5 on, displaced atoms are as good as randomly placed
MAX_CANDIDATES = 1_000_000  # of one search for boundary structures
MAX_SEED = 2**32 - 1  # seeds above this are not accepted by every generator
MIN_LATTICE_CONSTANT = 0.5  # Å
MAX_LATTICE_CONSTANT = 30.0  # Å
MAX_UPLOAD_BYTES = (
    20 * 1024 * 1024
)  # size of a file read from the web page; .streamlit/config.toml says the same
MAX_FILE_BYTES = 200 * 1024 * 1024  # size of a file read from the command line

MAX_PAGE_COUNT = 100  # samples of one job from a web page, where others wait in line
MAX_PAGE_VOXELS = 2_000_000  # voxels of all samples of such a job: minutes on a laptop
MAX_PAGE_BOUNDARIES = 24  # of one job: half a minute on two cores
MAX_PAGE_SEARCH = 40  # candidates of a search that a page runs: minutes on two cores
MAX_PAGE_CANDIDATES = 60  # boundaries sampled and relaxed by one job: minutes on two cores
MAX_PAGE_BOUNDARY_ATOMS = 25_000  # atoms of all of them
MAX_PAGE_CAMPAIGN = 400  # candidates of a campaign that a page starts: a quarter of an hour on two cores
MAX_PAGE_CAMPAIGN_JOBS = 24  # boundaries times metals of such a campaign
MAX_PAGE_CAMPAIGNS = 1  # campaigns that a page's server runs at the same time
MAX_PAGE_STRUCTURE_ATOMS = 20_000  # of a structure that a page encodes, decodes and analyses
MAX_PAGE_STRUCTURE_VOXELS = 300_000  # of the same; ten seconds on two cores
MAX_QUEUED_JOBS = 60  # jobs that wait on one device: a class of thirty, two each
MAX_JOBS_PER_OWNER = 3  # jobs of one browser session that wait or run
KEPT_JOBS = 90  # ended jobs whose results the server still holds
KEPT_RESULT_BYTES = 512 * 1024 * 1024  # arrays in those results


def check_integer(name: str, value: object, low: int, high: int) -> int:
    """Return ``value`` as an int; ValueError, in one sentence, unless whole and from ``low`` to ``high``."""
    legal = f"{name[:1].upper()}{name[1:]} must be a whole number from {low:,} to {high:,}"
    if isinstance(value, bool):
        raise ValueError(f"{legal}, not {value!r}.")
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{legal}, not {value!r}.") from None
    if number != value or not low <= number <= high:
        raise ValueError(f"{legal}, not {value!r}.")
    return number


def is_finite(value: object) -> bool:
    """Whether it is a number, neither infinite nor NaN."""
    try:
        return math.isfinite(value)  # type: ignore[arg-type]
    except TypeError:
        return False


def check_count(count: object) -> int:
    """The number of samples of one job, from 1 to :data:`MAX_COUNT`."""
    return check_integer("count", count, 1, MAX_COUNT)


def check_seed(seed: object) -> int:
    """A seed, from 0 to :data:`MAX_SEED`."""
    return check_integer("seed", seed, 0, MAX_SEED)


def check_first(first: object) -> int:
    """The index of a job's first sample, from 0 to :data:`MAX_SEED`."""
    return check_integer("the index of the first sample", first, 0, MAX_SEED)


def check_total(count: int, voxels: int) -> None:
    """ValueError, in one sentence, where so many samples of a grid of that many voxels are too many for one job."""
    if count * voxels > MAX_TOTAL_VOXELS:
        raise ValueError(
            f"{count} samples of {voxels:,} voxels are too many for one job: "
            f"the most is {MAX_TOTAL_VOXELS // voxels} of this size."
        )


def check_particles(count: int, atoms: int) -> None:
    """ValueError, in one sentence, for structures too large, or too many of them, for the particle model."""
    if atoms > MAX_PARTICLES:
        raise ValueError(
            f"A supercell of {atoms:,} atoms is too large for the particle model: the most is "
            f"{MAX_PARTICLES:,} atoms."
        )
    if count * atoms > MAX_TOTAL_PARTICLES:
        raise ValueError(
            f"{count} samples of {atoms:,} atoms are too many for one job: "
            f"the most is {MAX_TOTAL_PARTICLES // atoms} of this size."
        )


def check_initial_sigma(sigma: float | None) -> float | None:
    """The displacements that a sample starts from, in lattice constants; None stands for random positions.

    Raises:
        ValueError: not a number from 0 to :data:`MAX_INITIAL_SIGMA`.
    """
    if sigma is None:
        return None
    try:
        value = float(sigma)
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(sigma, bool) or not 0 <= value <= MAX_INITIAL_SIGMA:  # also false for nan
        raise ValueError(
            f"The initial sigma must be a number from 0 to {MAX_INITIAL_SIGMA:g} lattice constants, "
            f"not {sigma!r}."
        )
    return value
