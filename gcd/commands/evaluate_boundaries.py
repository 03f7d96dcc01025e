"""Measure a boundary model: E_gb and [n] of relaxed candidates against those of the search (Figs. 6 and S.3).

gcd evaluate boundaries --model window --count 200 --seeds 100 101 102
gcd evaluate boundaries --model full --count 200 --search search-?.db --record
gcd evaluate boundaries --held-out --budget 30 --keep runs
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gcd.commands import boundary_words, evaluate_asked, evaluate_held_out, options

HELP = "boundaries painted by a model against those of the search"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    boundary_words.add_boundary(parser, own=False)
    parser.add_argument("--metal", default="W", metavar="EL", help="metal (default W)")
    parser.add_argument("--model", default="full", metavar="M", help="full, window, ... (default full)")
    parser.add_argument("--checkpoint", metavar="C", help="name or folder of another model")
    parser.add_argument("--data", type=Path, metavar="F.npz", help="dataset (default data/w-sigma5.npz)")
    options.add_count(parser, 200, "candidates a seed")
    parser.add_argument(
        "--seeds",
        nargs="+",
        type=options.whole("every seed", 0, 2**32 - 1),
        metavar="S",
        help="default 100 101 102",
    )
    parser.add_argument(
        "--repeats", nargs=2, type=options.whole("repeats", 1, 16), default=(1, 1), metavar=("A", "B")
    )
    parser.add_argument(
        "--painted", type=options.number("painted thickness in Å", 0.0, 1e4), metavar="Å", help="default 30"
    )
    parser.add_argument(
        "--restarts", type=options.whole("the number of restarts", 0, 20), metavar="N", help="default 3"
    )
    options.add_evaluations(parser, "--time-spacing", "what the model was measured with")
    parser.add_argument(
        "--workers",
        type=options.whole("the number of workers", 1, 1024),
        metavar="K",
        help="default: one a core",
    )
    parser.add_argument(
        "--search",
        nargs="+",
        type=Path,
        default=[],
        metavar="F.db",
        help="searches to hold the price against",
    )
    parser.add_argument(
        "--record", action="store_true", help="write the tables, evaluations and order into the checkpoint"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="folder (default results)"
    )
    options.add_device(parser)
    evaluate_held_out.add_arguments(parser)
    evaluate_asked.add_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Paint, relax, compare, write tables and plot."""
    if args.held_out:
        return evaluate_held_out.run(args)
    if args.asked or args.each:
        return evaluate_asked.run(args)
    args.seeds = args.seeds or [100, 101, 102]
    from gcd.commands.progress import ProgressBar
    from gcd.evaluation import boundaries as b
    from gcd.evaluation.record import record_boundary
    from gcd.evaluation.tables import write_csv
    from gcd.files import check_writable, write_text
    from gcd.generate.boundary_models import own_model_of
    from gcd.places import dataset_folder
    from gcd.search.dataset import BoundaryDataset
    from gcd.search.store import duplicate_key

    model = own_model_of(boundary_words.words_of(args), args.metal, args.model, args.checkpoint)
    name = model.name
    search = b.price_of_search(args.search) if args.search else None
    dataset = BoundaryDataset.load(args.data or dataset_folder() / "w-sigma5.npz")
    learnt = {duplicate_key(egb, n) for n, egb in zip(model.learnt.n, model.learnt.egb, strict=True)}
    indices = [i for i in range(len(dataset)) if duplicate_key(dataset.egb[i], dataset.n[i]) in learnt]
    check_writable(args.out)
    likeness = b.likeness_to(dataset, indices)
    settings: dict[str, Any] = {
        "twist": model.boundary,
        "metal": model.metal,
        "checkpoint": name,
        "count": args.count,
        "repeats": args.repeats,
        "evaluations": args.nfe,
        "order": args.order,
        "time_spacing": args.time_spacing,
        "workers": args.workers,
        "device": args.device,
    }
    settings |= {
        name: value for name in ("painted", "restarts") if (value := getattr(args, name)) is not None
    }
    boundary = (model.twist, model.metal)
    candidates: list[b.Candidate] = []
    structures: list[Any] = []
    prices: list[b.Price] = []
    by_seed: dict[str, dict[str, Any]] = {}
    with ProgressBar(str(name)) as bar:
        for number, seed in enumerate(args.seeds):

            def progress(done: int, before: int = number * args.count) -> None:
                bar.update(before + done, args.count * len(args.seeds))

            made, atoms, price = b.paint(
                settings | {"seed": seed}, training=learnt, likeness=likeness, progress=progress
            )
            candidates += made
            structures += atoms
            prices.append(price)
            by_seed[str(seed)] = b.summary(made, price, boundary)
    if len(args.seeds) > 1:
        spent = b.Price(sum(p.sampling for p in prices), sum(p.relaxing for p in prices))
        by_seed["all"] = b.summary(candidates, spent, boundary)
    rows = b.tabulate(candidates, dataset)
    info = structures[0].info
    how = f"{info['evaluations']} evaluations of order {info['order']}, {args.repeats[0]} x {args.repeats[1]} cells"
    text = f"{how}\n\n{b.summary_markdown(by_seed, search)}\n\n{b.markdown(rows)}"
    stem = f"{Path(str(name)).name}-{args.repeats[0]}x{args.repeats[1]}-nfe{info['evaluations']}"
    files = [args.out / f"{stem}{ending}" for ending in (".csv", ".md", ".png", ".extxyz")]
    write_csv(files[0], b.as_json(candidates))
    write_text(files[1], text + "\n")
    b.plot(candidates, dataset, indices, f"{name}, {how}", files[2])
    _write_lowest(structures, files[3])
    if args.record:
        sampling = {"evaluations": info["evaluations"], "order": info["order"]}
        record_boundary(name, f"{stem}", text, sampling if tuple(args.repeats) == (1, 1) else None)
    if not args.json:
        print(f"{text}\n\n{', '.join(map(str, files))}")
    return {"summary": by_seed, "search": search, "files": [str(f) for f in files]}


def _write_lowest(structures: list[Any], path: Path) -> None:
    """The relaxed structure of lowest E_gb at each [n]."""
    import io

    from ase.io import write

    from gcd.files import atomic_file

    lowest: dict[float, Any] = {}
    for atoms in structures:
        n = round(float(atoms.info["n"]), 4)
        if atoms.info["converged"] and (n not in lowest or atoms.info["egb"] < lowest[n].info["egb"]):
            lowest[n] = atoms
    kept = []
    for _, atoms in sorted(lowest.items()):
        copy = atoms.copy()
        copy.set_array(
            "energies", copy.arrays.pop("energy")
        )  # ASE's word; "energy" would be read as the total
        kept.append(copy)
    with atomic_file(path) as file, io.TextIOWrapper(file, encoding="utf-8") as text:
        write(text, kept, format="extxyz")
