"""Run a campaign: one file asks for many boundaries, metals, models and seeds; close the laptop, come back to energies.

  gcd campaign FILE.toml --dry-run          what it will cost
  gcd campaign FILE.toml                    run it on all cores; the same command goes on where it was
  gcd campaign FILE.toml --scheduler tcp://host:8786
  gcd campaign FILE.toml --slurm slurm.toml --workers 8
  gcd campaign status FILE.toml             how far it is; also pause, go-on, cancel
  gcd campaign resume FILE.toml --retry-failed
  gcd campaign export FILE.toml --format npz --out data
  gcd campaign report FILE.toml --out report.html

Candidates go to one database beside the file (FILE.db, or --store FILE or postgresql://...), which is the only truth:
whatever dies, nothing that is in it is lost or done again. docs/campaigns.md says what the file can hold.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcd.commands import options
from gcd.commands.progress import ProgressBar

if TYPE_CHECKING:
    from gcd.campaigns.control import Places
    from gcd.campaigns.spec import Campaign

HELP = "many boundaries, metals and seeds from one file, on Dask"
ACTIONS = ("run", "status", "resume", "export", "report", "pause", "go-on", "cancel")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "words",
        nargs="+",
        metavar="[ACTION] FILE",
        help=f"{', '.join(ACTIONS)} (default run), and a campaign's file",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what it would cost, and run nothing")
    parser.add_argument(
        "--store", metavar="DB", help="database: a file or postgresql://... (default FILE.db)"
    )
    add_cluster(parser)
    parser.add_argument(
        "--retry-failed", action="store_true", help="with resume: try again the candidates that failed"
    )
    parser.add_argument(
        "--format", choices=("extxyz", "csv", "npz"), default="extxyz", help="of an export (default extxyz)"
    )
    parser.add_argument("--all", action="store_true", help="export duplicates too")
    parser.add_argument(
        "--out", type=Path, metavar="PATH", help="of an export or a report (default: beside FILE)"
    )


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """--scheduler, --workers, --slurm"""
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask scheduler that runs, tcp://host:8786"
    )
    parser.add_argument(
        "--workers",
        type=options.whole("the number of workers", 1, 1024),
        metavar="K",
        help="processes of this machine (default: one a core); with --slurm, jobs",
    )
    parser.add_argument(
        "--slurm", type=Path, metavar="FILE", help="a TOML file that says what to ask Slurm for"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Do the action."""
    from gcd.campaigns.control import Places

    action, *rest = args.words if args.words[0] in ACTIONS else ("run", *args.words)
    if len(rest) != 1:
        raise ValueError(f"Name one campaign's file, after one of {', '.join(ACTIONS)} or nothing.")
    places = Places.of(rest[0], args.store)
    if args.retry_failed and action != "resume":
        raise ValueError("--retry-failed belongs to resume.")
    if action in ("run", "resume"):
        return _run(args, places, again=action == "resume")
    if action in ("pause", "go-on", "cancel"):
        return _tell(places, action, quiet=args.json)
    if action == "status":
        return _status(places, quiet=args.json)
    if action == "export":
        return _export(args, places)
    return _report(args, places)


def _run(args: argparse.Namespace, places: Places, *, again: bool) -> dict[str, Any]:
    from gcd.campaigns.reading import read_campaign
    from gcd.campaigns.store import CampaignStore

    campaign = read_campaign(places.spec)
    if args.dry_run:
        return dry_run(args, campaign, places, quiet=args.json)
    if again:
        CampaignStore(places.store).close()  # which must be there
    state = run_on(args, campaign, places, retry_failed=args.retry_failed)
    if not args.json:
        show_state(state)
        print(f"{places.store}: gcd campaign report {places.spec} draws them")
    return state | {"store": places.store}


def run_on(
    args: argparse.Namespace, campaign: Campaign, places: Places, *, retry_failed: bool = False
) -> dict[str, Any]:
    """Run a campaign on the cluster that the command line names; the state at its end."""
    from gcd.campaigns.control import write_state
    from gcd.campaigns.run import run_campaign
    from gcd.energetics.engines import EngineError

    try:
        with ProgressBar(campaign.name) as bar:
            return run_campaign(
                campaign,
                places,
                scheduler=args.scheduler,
                workers=args.workers,
                slurm=args.slurm,
                retry_failed=retry_failed,
                callback=lambda state: bar.update(state["done"], state["total"], _note(state)),
            )
    except EngineError as error:
        write_state(places, {"name": campaign.name, "state": "failed", "message": str(error)})
        raise ValueError(
            f"{error} What is finished is in {places.store}; the same command goes on from there."
        ) from None


def dry_run(args: argparse.Namespace, campaign: Campaign, places: Places, *, quiet: bool) -> dict[str, Any]:
    """Say what a campaign would cost, and what Slurm would be asked for."""
    from gcd.campaigns.cluster import slurm_script
    from gcd.campaigns.plan import costs, summary
    from gcd.campaigns.store import CampaignStore, StoreError
    from gcd.energetics.engines import EngineError, cores

    try:
        with CampaignStore(places.store) as store:
            found = costs(campaign, store.rows())
    except StoreError:
        found = costs(campaign)
    threads = None if args.scheduler or args.slurm else args.workers or cores()
    plan = summary(campaign, found, threads)
    if args.slurm is not None:
        try:
            plan["slurm"] = slurm_script(args.slurm)
        except EngineError as error:
            raise ValueError(str(error)) from None
    if not quiet:
        _show_plan(plan)
    return plan


def _tell(places: Places, action: str, *, quiet: bool) -> dict[str, Any]:
    from gcd.campaigns.control import read_state, tell

    state = read_state(places)
    if state.get("state") not in ("running", "paused", "starting"):
        raise ValueError(f"The campaign {str(places.spec)!r} is not running.")
    word = {"pause": "pause", "go-on": "run", "cancel": "cancel"}[action]
    tell(places, word)
    if not quiet:
        print(f"{places.spec}: told to {action.replace('-', ' ')}")
    return {"told": word}


def _status(places: Places, *, quiet: bool) -> dict[str, Any]:
    from gcd.campaigns.status import status_of

    state = status_of(places)
    if not quiet:
        show_state(state)
    return state


def _export(args: argparse.Namespace, places: Places) -> dict[str, Any]:
    from gcd.campaigns import export
    from gcd.campaigns.store import CampaignStore
    from gcd.files import check_writable

    stem = places.spec.stem
    default = places.spec.parent / (f"{stem}-data" if args.format == "npz" else f"{stem}.{args.format}")
    out = args.out or default
    check_writable(out if args.format == "npz" else out.parent)
    with CampaignStore(places.store) as store:
        if args.format == "npz":
            written = export.export_datasets(store, out)
            for row in written if not args.json else ():
                print(
                    f"{row['group']}: "
                    + (f"{row['file']}, {row['structures']} structures" if row["file"] else row["why"])
                )
            return {"datasets": written}
        if args.format == "csv":
            count = export.export_csv(store, out)
        else:
            count = export.export_extxyz(store, out, distinct=not args.all)
    if not args.json:
        print(f"{out}: {count:,} {'candidates' if args.format == 'csv' else 'structures'}")
    return {"file": str(out), "count": count}


def _report(args: argparse.Namespace, places: Places) -> dict[str, Any]:
    from gcd.campaigns.report import write_report
    from gcd.campaigns.store import CampaignStore
    from gcd.files import check_writable

    out = args.out or places.spec.with_suffix(".html")
    check_writable(out.parent)
    with CampaignStore(places.store) as store:
        found = write_report(store, out)
    if not args.json:
        print(f"{out}: {found['candidates']:,} candidates of {found['boundaries']:,} boundaries")
    return found


# --- What people read ---------------------------------------------------------------------------------------


def _note(state: dict[str, Any]) -> str:
    failed = f", {state['failed']} failed" if state["failed"] else ""
    busy = f"{state['busy']} of {state['threads']} cores busy"
    return f"{state['done']:,} of {state['total']:,}{failed}, {busy}" + (
        f"; {state['message']}" if state["message"] else ""
    )


def show_state(state: dict[str, Any]) -> None:
    """Print how a campaign gets on."""
    print(
        f"{state['name']}: {state['state']}, {state['done']:,} of {state['total']:,} candidates, "
        f"{state['failed']:,} failed, {state['distinct']:,} distinct, {state['core_seconds']:,.0f} core-seconds"
    )
    if state.get("message"):
        print(f"  {state['message']}")
    for group in state["groups"]:
        energy = "" if group["lowest"] is None else f", lowest E_gb {group['lowest']:.4f} J/m2"
        why = f" ({group['stopped']})" if group["stopped"] else ""
        print(f"  {group['group']}: {group['done']:,} of {group['total']:,}{energy}{why}")


def _show_plan(plan: dict[str, Any]) -> None:
    wall = "" if plan["wall_seconds"] is None else f", {_duration(plan['wall_seconds'])} here"
    print(
        f"{plan['name']}: {plan['left']:,} of {plan['candidates']:,} candidates left, of {plan['boundaries']:,} "
        f"boundaries; {plan['tasks']:,} tasks, {plan['core_seconds']:,.0f} core-seconds{wall}, "
        f"{plan['bytes'] / 1e6:,.1f} MB" + ("; targets may end boundaries earlier" if plan["targets"] else "")
    )
    for row in plan["by_job"]:
        how = f"mean of {row['measured']}" if row["measured"] else "estimated"
        print(
            f"  {row['job']}: {row['left']:,} x {row['seconds_each']:g} core-s ({how}), {row['bytes'] / 1e6:,.1f} MB"
        )
    if "slurm" in plan:
        print("\n" + plan["slurm"])


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
