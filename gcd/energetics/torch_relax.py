"""Relax many slabs at once in torch: conjugate gradients on the analytic potential, on a CPU or a GPU.

The clamps are LAMMPS's: the lower end keeps its place, the upper end moves as one block with the mean of its forces.
Slabs that are done make room for those that wait.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gcd.devices import resolve_device
from gcd.energetics.conjugate_gradients import REASONS, RUNNING, State, advance
from gcd.energetics.engines import Outcome, cores
from gcd.energetics.lammps_session import ENERGY_TOLERANCE, FORCE_TOLERANCE, MAX_EVALUATIONS
from gcd.energetics.neighbours import Pairs, neighbour_arrays
from gcd.energetics.relaxed import Relaxed
from gcd.energetics.slab import Slab
from gcd.energetics.zhou2004 import Zhou2004

SKIN = {
    "cpu": 0.4,
    "cuda": 1.0,
}  # Å beyond the cut-off for which pairs are listed, until an atom has moved half of it
BATCH_ATOMS = {"cpu": 6_000, "cuda": 400_000}  # relaxed together: what caches hold, and what fills a GPU
HARMLESS = 1e-3  # eV/Å; a line search that finds no lower energy with forces below it has arrived


def relax_slabs(
    slabs: Iterable[Slab],
    *,
    device: str = "auto",
    batch_atoms: int | None = None,
    energy_tolerance: float = ENERGY_TOLERANCE,
    force_tolerance: float = FORCE_TOLERANCE,
    max_evaluations: int = MAX_EVALUATIONS,
) -> Iterator[Outcome]:
    """Relax slabs; an :class:`Outcome` each, with :class:`Relaxed` or an error, as they end.

    ``batch_atoms`` is how many atoms are relaxed together, by default what suits the device.
    """
    where = resolve_device(device)
    limit = batch_atoms or BATCH_ATOMS[where.type]
    waiting: dict[str, list[tuple[int, Slab]]] = {}
    for index, slab in enumerate(slabs):
        waiting.setdefault(slab.metal, []).append((index, slab))
    for metal, queue in waiting.items():
        queue.sort(key=lambda item: -len(item[1].positions))
        batch = _Batch(Zhou2004(metal), where, longest=len(queue[0][1].positions))
        while queue or batch.members:
            room = max(1, limit // batch.longest) - len(batch.members)
            batch.add(queue[:room])
            del queue[:room]
            batch.step(energy_tolerance, force_tolerance, max_evaluations)
            yield from batch.take_finished()


@dataclass
class _Member:
    """What a slab of the batch has for itself."""

    index: int
    slab: Slab
    since: float
    i: Tensor | None = None  # pairs within the slab
    j: Tensor | None = None
    shift: Tensor | None = None
    initial_energies: np.ndarray | None = None


class _Batch:
    """Slabs side by side, each padded to the same number of atoms; padding is far from everything and clamped."""

    def __init__(self, potential: Zhou2004, device: torch.device, longest: int) -> None:
        self.potential = potential
        self.device = device
        self.longest = longest
        self.skin = SKIN[device.type]
        self.members: list[_Member] = []
        self.state = State.empty(0, longest, device)
        self.listed = torch.zeros(
            0, longest, 3, dtype=torch.float64, device=device
        )  # places at the last listing
        self.lower = torch.zeros(0, longest, dtype=torch.bool, device=device)  # and padding
        self.upper = torch.zeros(0, longest, dtype=torch.bool, device=device)
        self.pairs: Pairs | None = None
        self.threads = ThreadPoolExecutor(cores())

    def add(self, slabs: list[tuple[int, Slab]]) -> None:
        """Take slabs in, to be evaluated for the first time in the next step."""
        if not slabs:
            return
        new = State.empty(len(slabs), self.longest, self.device)
        lower = torch.ones(len(slabs), self.longest, dtype=torch.bool)
        upper = torch.zeros(len(slabs), self.longest, dtype=torch.bool)
        for row, (index, slab) in enumerate(slabs):
            count = len(slab.positions)
            new.x[row, :count] = torch.as_tensor(slab.positions, dtype=torch.float64)
            lower[row, :count] = torch.as_tensor(slab.lower)
            upper[row, :count] = torch.as_tensor(slab.upper)
            self.members.append(_Member(index, slab, time.perf_counter()))
        self.state = self.state.join(new)
        self.listed = torch.cat([self.listed, new.x])
        self.lower = torch.cat([self.lower, lower.to(self.device)])
        self.upper = torch.cat([self.upper, upper.to(self.device)])
        self.pairs = None

    def step(self, energy_tolerance: float, force_tolerance: float, max_evaluations: int) -> None:
        """Evaluate energies and forces of all slabs once, and move each on."""
        self._list_pairs()
        atomic, forces = self._evaluate()
        first = [m for m in self.members if m.initial_energies is None]
        if first:
            for row, member in enumerate(self.members):
                if member.initial_energies is None:
                    member.initial_energies = atomic[row, : len(member.slab.positions)].cpu().numpy()
        advance(
            self.state,
            atomic.sum(1),
            forces,
            energy_tolerance=energy_tolerance,
            force_tolerance=force_tolerance,
            max_evaluations=max_evaluations,
        )

    def _evaluate(self) -> tuple[Tensor, Tensor]:
        """Energy of each atom (B, M), and the clamped forces (B, M, 3), at the state's x."""
        assert self.pairs is not None
        atomic, forces = self.potential.energies_and_forces(self.state.x.reshape(-1, 3), self.pairs)
        forces = forces.reshape(self.state.x.shape)
        upper = self.upper[:, :, None]
        mean = (forces * upper).sum(1, keepdim=True) / upper.sum(1, keepdim=True).clamp_min(1)
        forces = torch.where(upper, mean, forces)
        return atomic.reshape(self.lower.shape), torch.where(self.lower[:, :, None], 0.0, forces)

    def _list_pairs(self) -> None:
        """List again the pairs of slabs in which an atom has moved by half the skin."""
        moved = (self.state.x - self.listed).square().sum(2).amax(1) > (0.5 * self.skin) ** 2
        rows = [row for row, far in enumerate(moved.tolist()) if far or self.members[row].i is None]
        places = {
            row: self.state.x[row, : len(self.members[row].slab.positions)].cpu().numpy() for row in rows
        }

        def pairs_of(row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            cutoff = self.potential.cutoff + self.skin
            return neighbour_arrays(places[row], self.members[row].slab.cell, (True, True, False), cutoff)

        # vesin lets other threads run; a GPU would wait for it else.
        for row, arrays in zip(rows, self.threads.map(pairs_of, rows), strict=True):
            member = self.members[row]
            member.i, member.j, member.shift = (torch.as_tensor(a, device=self.device) for a in arrays)
            self.listed[row] = self.state.x[row]
            self.pairs = None
        if self.pairs is None and self.members:
            self.pairs = self._join_pairs()

    def _join_pairs(self) -> Pairs:
        sizes = torch.tensor([len(m.i) for m in self.members if m.i is not None], device=self.device)
        rows = torch.arange(len(self.members), device=self.device)
        offset = torch.repeat_interleave(rows * self.longest, sizes)
        return Pairs(
            i=torch.cat([m.i for m in self.members if m.i is not None]) + offset,
            j=torch.cat([m.j for m in self.members if m.j is not None]) + offset,
            shift=torch.cat([m.shift for m in self.members if m.shift is not None]),
            structure_index=rows.repeat_interleave(self.longest),
            count=len(self.members),
        )

    def take_finished(self) -> list[Outcome]:
        """Remove the slabs that have stopped, with their energies at the place where they stopped."""
        status = self.state.status.tolist()
        done = [row for row, s in enumerate(status) if s != RUNNING]
        if not done:
            return []
        # Where a line search ended in vain, the last forces belong to another place.
        self._list_pairs()
        atomic, forces = self._evaluate()
        outcomes = [self._outcome(row, REASONS[status[row]], atomic[row], forces[row]) for row in done]
        keep = [row for row, s in enumerate(status) if s == RUNNING]
        rows = torch.tensor(keep, dtype=torch.int64, device=self.device)
        self.state = self.state.select(rows)
        self.listed, self.lower, self.upper = self.listed[rows], self.lower[rows], self.upper[rows]
        self.members = [self.members[row] for row in keep]
        self.pairs = None
        return outcomes

    def _outcome(self, row: int, stopped_by: str, atomic: Tensor, forces: Tensor) -> Outcome:
        member = self.members[row]
        count = len(member.slab.positions)
        seconds = time.perf_counter() - member.since
        energies = atomic[:count].cpu().numpy()
        if not np.isfinite(energies).all() or member.initial_energies is None:
            return Outcome(
                member.index,
                error="The relaxation met energies that are not finite numbers.",
                seconds=seconds,
            )
        largest = float(torch.linalg.vector_norm(forces, dim=1).max())
        relaxed = Relaxed(
            positions=self.state.x[row, :count].cpu().numpy(),
            energies=energies,
            initial_energies=member.initial_energies,
            converged=stopped_by.endswith("tolerance")
            or (stopped_by.startswith("line") and largest < HARMLESS),
            stopped_by=stopped_by,
            evaluations=int(self.state.evaluations[row]),
            seconds=seconds,
        )
        return Outcome(member.index, value=relaxed, seconds=seconds)
