"""The embedded-atom potential of Zhou, Johnson and Wadley for 16 metals, analytic, in torch.

    E = sum_i F(rho_i) + 1/2 sum_ij phi(r_ij),    rho_i = sum_j f(r_ij)

with the functions and parameters of Phys. Rev. B 69, 144113 (2004); the table is in :mod:`gcd.energetics.metals`.
It is not the fit of 2001 that LAMMPS ships as ``W_zhou.eam.alloy``.

Energies are eV, lengths Å. Everything is differentiable; forces come from autograd.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from gcd.energetics.metals import METALS, Metal, check_metal
from gcd.energetics.neighbours import Pairs

__all__ = ["METALS", "Metal", "Zhou2004", "check_metal", "cohesive_energy", "lattice_constant"]

TAPER = 0.02  # the last part of the cut-off, over which phi and f go smoothly to zero
CHUNK = 8192  # pairs computed at a time on a CPU


class Zhou2004:
    """The potential of one metal: its three functions, and energies and forces of batches of structures."""

    def __init__(self, metal: str = "W") -> None:
        """ValueError when the metal is not in the table."""
        self.metal = check_metal(metal)
        self.cutoff = self.metal.cutoff

    def pair(self, r: Tensor) -> Tensor:
        """phi(r) in eV: A exp(-alpha(x-1)) / (1+(x-kappa)^20) - B exp(-beta(x-1)) / (1+(x-lambda)^20), x = r/r_e."""
        return self.pair_and_density(r)[0]

    def density(self, r: Tensor) -> Tensor:
        """f(r), what an atom at distance r adds to rho: f_e exp(-beta_1(x-1)) / (1+(x-lambda_1)^20)."""
        return self.pair_and_density(r)[1]

    def pair_and_density(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """phi(r) and f(r) together: in all 16 metals f is a multiple of phi's second term."""
        phi, f = _PairAndDensity.apply(r, self)
        return phi, f

    def terms(self, r: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """phi, f and their derivatives phi', f' at r, all at once: they share their powers and exponentials."""
        p = self.metal.p
        x = r / p["re"]
        repulsion, d_repulsion = _decay(x, p["alpha"], p["kappa"])
        attraction, d_attraction = _decay(x, p["beta"], p["lambda"])
        phi = (p["A"] * repulsion).sub_(attraction, alpha=p["B"])
        d_phi = (p["A"] * d_repulsion).sub_(d_attraction, alpha=p["B"]).div_(p["re"])
        f, d_f = attraction.mul_(p["fe"]), d_attraction.mul_(p["fe"] / p["re"])
        far = (r > (1 - TAPER) * self.cutoff).nonzero().squeeze(1)
        taper, slope = self._taper(r[far])
        for value, derivative in ((phi, d_phi), (f, d_f)):
            derivative[far] = taper * derivative[far] + slope * value[far]
            value[far] *= taper
        return phi, f, d_phi, d_f

    def _taper(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """1 at 98 % of the cut-off, 0 from it on, with two continuous derivatives between; and its slope."""
        width = TAPER * self.cutoff
        y = ((self.cutoff - r) / width).clamp(0, 1)
        return y * y * y * (10 + y * (6 * y - 15)), (-30 / width) * (y * (1 - y)) ** 2

    def embedding(self, rho: Tensor) -> Tensor:
        """F(rho) in eV: three pieces, cubic below and around rho_e, and (1 - eta ln) power law above; F(0) = 0."""
        p = self.metal.p
        low, high = p["rho_low"] * p["rho_e"], p["rho_high"] * p["rho_e"]
        y = rho / low - 1
        below = p["Fn0"] + y * (p["Fn1"] + y * (p["Fn2"] + y * p["Fn3"]))
        below = torch.where(rho > 0, below, 0.0)  # the printed coefficients leave 1e-6 eV in a few metals
        y = rho / p["rho_e"] - 1
        cubic = torch.full_like(rho, p["F3_plus"]).masked_fill(rho < p["rho_e"], p["F3"])
        around = p["F0"] + y * (p["F1"] + y * (p["F2"] + y * cubic))
        log = torch.log(
            rho.clamp_min(0.5 * high) / p["rho_s"]
        )  # clamped where it is not used: no nan in gradients
        above = p["Fe"] * (1 - p["eta"] * log) * torch.exp(p["eta"] * log)
        return torch.where(rho < low, below, torch.where(rho < high, around, above))

    def atomic_energies(self, positions: Tensor, pairs: Pairs) -> Tensor:
        """Energy of each atom (N,) in eV: F(rho_i) + 1/2 sum_j phi(r_ij). ``positions`` is (N, 3) in Å."""
        r = pairs.distances(positions)
        phi, f = self.pair_and_density(r)
        zero = torch.zeros(len(positions), dtype=r.dtype, device=r.device)
        rho = zero.index_add(0, pairs.i, f).index_add(0, pairs.j, f)
        half = 0.5 * phi
        return self.embedding(rho).index_add(0, pairs.i, half).index_add(0, pairs.j, half)

    def energies(self, positions: Tensor, pairs: Pairs) -> Tensor:
        """Energy of each structure (B,) in eV."""
        atomic = self.atomic_energies(positions, pairs)
        total = torch.zeros(pairs.count, dtype=atomic.dtype, device=atomic.device)
        return total.index_add(0, pairs.structure_index, atomic)

    def energies_and_forces(self, positions: Tensor, pairs: Pairs) -> tuple[Tensor, Tensor]:
        """Energy of each atom (N,) in eV, and force on it (N, 3) in eV/Å, minus the gradient by autograd."""
        with torch.enable_grad():
            positions = positions.detach().requires_grad_()
            atomic = self.atomic_energies(positions, pairs)
            (gradient,) = torch.autograd.grad(atomic.sum(), positions)
        return atomic.detach(), -gradient


def _decay(x: Tensor, rate: float, centre: float) -> tuple[Tensor, Tensor]:
    """exp(-rate (x-1)) / (1 + (x-centre)^20), and its derivative by x."""
    u = x - centre
    u2 = u * u
    u4 = u2 * u2
    u19 = (u4 * u4).square_().mul_(u2).mul_(u)
    cut = (u19 * u).add_(1).reciprocal_()
    value = ((1 - x) * rate).exp_().mul_(cut)
    return value, u19.mul_(cut).mul_(-20).sub_(rate).mul_(value)


class _PairAndDensity(torch.autograd.Function):
    """phi(r) and f(r), with their derivatives kept for the way back; in pieces that stay in a processor's cache."""

    @staticmethod
    def forward(ctx: Any, r: Tensor, potential: Zhou2004) -> tuple[Tensor, Tensor]:
        if r.device.type != "cpu" or r.numel() <= CHUNK:
            phi, f, d_phi, d_f = potential.terms(r)
        else:
            phi, f, d_phi, d_f = (torch.empty_like(r) for _ in range(4))
            for begin in range(0, r.numel(), CHUNK):
                part = slice(begin, begin + CHUNK)
                phi[part], f[part], d_phi[part], d_f[part] = potential.terms(r[part])
        ctx.save_for_backward(d_phi, d_f)
        return phi, f

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_phi: Tensor, to_f: Tensor) -> tuple[Tensor, None]:
        d_phi, d_f = ctx.saved_tensors
        return torch.addcmul(to_phi * d_phi, to_f, d_f), None


# --- The perfect crystal ------------------------------------------------------------------------------------


@cache
def _ground_state(symbol: str) -> tuple[float, float, float]:
    """Lattice constants a and c (Å) of the structure's crystal, and its energy (eV an atom)."""
    potential = Zhou2004(symbol)
    structure = potential.metal.structure
    nearest = potential.metal.p["re"]
    a = nearest * {"bcc": 2 / math.sqrt(3), "fcc": math.sqrt(2), "hcp": 1.0}[structure]
    cell = torch.tensor([a, a * (math.sqrt(8 / 3) if structure == "hcp" else 1.0)], dtype=torch.float64)
    for _ in range(30):  # Newton's method; the Hessian by finite differences of the exact gradient
        energy, gradient = _crystal_energy(potential, cell)
        step = 1e-4
        rows = [
            (_crystal_energy(potential, cell + d)[1] - _crystal_energy(potential, cell - d)[1]) / (2 * step)
            for d in step * torch.eye(2, dtype=torch.float64)
        ]
        hessian = torch.stack(rows)
        if structure != "hcp":  # cubic: only a counts
            move = torch.stack([gradient[0] / hessian[0, 0], gradient.new_zeros(())])
        else:
            move = torch.linalg.solve(hessian, gradient)
        cell = cell - move
        if move.abs().max() < 1e-10:
            break
    energy = _crystal_energy(potential, cell)[0]
    a, c = cell.tolist()
    return a, (c if structure == "hcp" else a), float(energy)


def _crystal_energy(potential: Zhou2004, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Energy an atom of the metal's crystal with lattice constants ``cell`` = (a, c), and its gradient."""
    structure = potential.metal.structure
    number = torch.arange(-4, 5, dtype=torch.float64)
    lattice = torch.cartesian_prod(number, number, number)
    basis = {
        "bcc": [(0, 0, 0), (0.5, 0.5, 0.5)],
        "fcc": [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)],
        "hcp": [(0, 0, 0), (1 / 3, 2 / 3, 0.5)],
    }[structure]
    sites = torch.cat([lattice + torch.tensor(b, dtype=torch.float64) for b in basis])
    cell = cell.detach().requires_grad_()
    a, c = cell[0], (cell[1] if structure == "hcp" else cell[0])
    if structure == "hcp":
        x, y = sites[:, 0] - sites[:, 1] / 2, sites[:, 1] * math.sqrt(3) / 2
    else:
        x, y = sites[:, 0], sites[:, 1]
    squares = (a * x) ** 2 + (a * y) ** 2 + (c * sites[:, 2]) ** 2
    r = squares[squares > 1e-9].sqrt()
    phi, f = potential.pair_and_density(r)
    energy = potential.embedding(f.sum()) + 0.5 * phi.sum()
    (gradient,) = torch.autograd.grad(energy, cell)
    return energy.detach(), gradient


def lattice_constant(metal: str) -> float:
    """Lattice constant a in Å of the metal's crystal at rest, computed from the potential."""
    return _ground_state(check_metal(metal).symbol)[0]


def cohesive_energy(metal: str) -> float:
    """Energy E_coh of an atom in the metal's perfect crystal in eV (negative), computed from the potential."""
    return _ground_state(check_metal(metal).symbol)[2]
