"""Where a campaign runs: on workers of this machine, on a scheduler by its address, or on Slurm."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.energetics.engines import EngineError, cores

if TYPE_CHECKING:
    from distributed import Client

ANSWER_SECONDS = 10.0  # that a scheduler may take to answer
SLURM = (
    "cores",
    "memory",
    "walltime",
    "queue",
    "account",
    "jobs",
    "processes",
    "directives",
    "prologue",
    "interface",
)
NEED = 'Campaigns need Dask (pip install "gcd[campaigns]").'


@contextlib.contextmanager
def open_client(
    scheduler: str | None = None,
    workers: int | None = None,
    slurm: str | Path | None = None,
    *,
    dashboard: bool = True,
) -> Iterator[Client]:
    """A client of the cluster, which ends with the block if it was started for it.

    Args:
        scheduler: address of one that runs already, such as tcp://host:8786.
        workers: processes of this machine, one a core when None; with ``slurm``, jobs to ask for.
        slurm: a TOML file that says what to ask Slurm for; see :func:`read_slurm`.
        dashboard: whether a scheduler started here shows Dask's pages.

    Raises:
        EngineError: Dask is missing, no scheduler answers, or its workers run another gcd; one sentence.
        ValueError: what makes no sense together.
    """
    try:
        import distributed
    except ImportError:
        raise EngineError(NEED) from None
    if scheduler is not None and (workers is not None or slurm is not None):
        raise ValueError(
            "A scheduler by its address has workers of its own: leave out --workers and --slurm."
        )
    _quiet()
    with contextlib.ExitStack() as stack:
        if scheduler is not None:
            cluster: Any = scheduler
        elif slurm is not None:
            settings = read_slurm(slurm)
            cluster = stack.enter_context(slurm_cluster(settings))
            cluster.scale(jobs=workers or settings.get("jobs", 1))
        else:
            cluster = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers or cores(),
                    threads_per_worker=1,
                    processes=True,
                    memory_limit="auto",
                    dashboard_address="localhost:0" if dashboard else None,
                    worker_dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
            )
        try:
            client = stack.enter_context(
                distributed.Client(cluster, timeout=ANSWER_SECONDS, set_as_default=False)
            )
        except (OSError, ValueError) as error:
            raise EngineError(
                f"No scheduler answers at {scheduler} within {ANSWER_SECONDS:g} s: "
                "start one with `dask scheduler`, or leave --scheduler out."
            ) from error
        check_versions(client)
        yield client


def check_versions(client: Client) -> None:
    """EngineError, in one sentence, unless every worker that is there has this version of gcd."""
    import gcd

    try:
        found: dict[str, str] = client.run(importlib.metadata.version, "gcd")
    except Exception as error:
        words = (
            "it is not installed there" if "PackageNotFound" in repr(error) else " ".join(str(error).split())
        )
        raise EngineError(f"The workers cannot say their version of gcd: {words}.") from None
    for address, version in sorted(found.items()):
        if version != gcd.__version__:
            raise EngineError(
                f"The worker {address} has gcd {version} and this is gcd {gcd.__version__}: install the same on both."
            )


def read_slurm(path: str | Path) -> dict[str, Any]:
    """What a TOML file asks Slurm for.

    Its keys: cores and memory of a job, walltime ("12:00:00"), queue, account, jobs (how many), processes (workers a
    job, by default one a core), directives (further #SBATCH words), prologue (lines before the worker starts) and
    interface (of the network). ValueError, in one sentence, for others.
    """
    try:
        settings = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"There is no file {str(path)!r} that says what to ask Slurm for.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{str(path)!r} is not TOML: {error}.") from None
    if unknown := sorted(set(settings) - set(SLURM)):
        raise ValueError(f"{str(path)!r} has no {unknown[0]!r}: its keys are {', '.join(SLURM)}.")
    if lacking := [key for key in ("cores", "memory") if key not in settings]:
        raise ValueError(f"{str(path)!r} must say {' and '.join(lacking)} of a job.")
    return settings


def slurm_cluster(settings: dict[str, Any]) -> Any:
    """A cluster whose workers are jobs of Slurm; nothing is submitted yet."""
    try:
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError:
        raise EngineError(NEED) from None
    cores_ = int(settings["cores"])
    return SLURMCluster(
        cores=cores_,
        processes=int(settings.get("processes", cores_)),  # one thread each, as LAMMPS's processes have
        memory=str(settings["memory"]),
        walltime=settings.get("walltime"),
        queue=settings.get("queue"),
        account=settings.get("account"),
        interface=settings.get("interface"),
        job_extra_directives=list(settings.get("directives", [])),
        job_script_prologue=list(settings.get("prologue", [])),
        job_name="gcd-campaign",
        scheduler_options={"dashboard_address": "localhost:0"},
    )


def slurm_script(path: str | Path) -> str:
    """The job script that a campaign would submit, with the scheduler's address of this moment."""
    with slurm_cluster(read_slurm(path)) as cluster:
        return str(cluster.job_script())


def _quiet() -> None:
    """Dask's loggers keep their stories of lost connections to themselves; the campaign says what matters."""
    import dask

    for name in ("distributed", "tornado", "bokeh", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    dask.config.set({"distributed.logging.distributed": "critical", "distributed.worker.daemon": False})
