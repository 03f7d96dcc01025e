"""The boundary dataset: a table by [n], the E_gb-[n] plot, and every energy computed anew from the stored positions.

With --gather the file is first made of the different structures in the stores of one or several searches.

  gcd evaluate dataset
  gcd evaluate dataset mo-sigma5.npz --gather mo-0.db mo-1.db --export mo-sigma5.extxyz
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

HELP = "the boundary dataset: table, plot, self-check"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="dataset (default data/w-sigma5.npz)"
    )
    parser.add_argument(
        "--gather", nargs="+", type=Path, default=[], metavar="F.db", help="searches to make FILE of, first"
    )
    parser.add_argument("--no-check", action="store_true", help="leave out computing the energies anew")
    parser.add_argument("--export", type=Path, metavar="F.extxyz", help="write all structures as extxyz")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder of table and plot (default results)",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Gather, tabulate, plot, check."""
    from gcd.evaluation.dataset import as_json, check_dataset, evaluate_dataset, markdown, plot, words
    from gcd.evaluation.tables import write_csv
    from gcd.files import check_writable, write_text
    from gcd.places import dataset_folder
    from gcd.search.dataset import BoundaryDataset, build_dataset

    if args.export and args.export.suffix.lower() not in (".extxyz", ".xyz"):
        raise ValueError(f"Structures are exported to .extxyz or .xyz, not to {args.export.name!r}.")
    if args.gather and args.file is None:
        raise ValueError(
            "--gather makes FILE of the searches: name it, or the shipped dataset would be replaced."
        )
    file = args.file or dataset_folder() / "w-sigma5.npz"
    for folder in [
        args.out,
        *([file.parent] if args.gather else []),
        *([args.export.parent] if args.export else []),
    ]:
        check_writable(folder)
    if args.gather:
        dataset = build_dataset(args.gather)
        dataset.save(file)
    else:
        dataset = BoundaryDataset.load(file)
    rows = evaluate_dataset(dataset)
    check = None if args.no_check else check_dataset(dataset)
    text = markdown(rows) + (f"\n\n{words(check)}" if check else "")
    table = as_json(rows, check)
    files = [args.out / f"{file.stem}{ending}" for ending in (".csv", ".md", ".png")]
    write_csv(files[0], table["rows"])
    write_text(files[1], text + "\n")
    plot(dataset, files[2])
    if args.export:
        dataset.export(args.export)
        files.append(args.export)
    if not args.json:
        print(f"{file}: {len(dataset)} structures\n\n{text}\n\n{', '.join(map(str, files))}")
    return {"file": str(file), "structures": len(dataset)} | table | {"files": [str(f) for f in files]}
