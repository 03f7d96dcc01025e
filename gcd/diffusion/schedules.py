"""The variance-preserving noise schedule: x_t = alpha(t) x_0 + sigma(t) eps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class VPSchedule:
    """Linear-beta VP schedule, d log(alpha)/dt = -beta(t) / 2 (Song et al. 2021, arXiv:2011.13456).

    All functions take and return tensors (float64 inside), with t from 0 (data) to 1 (noise).
    """

    beta_min: float = 0.1
    beta_max: float = 20.0

    def log_alpha(self, t: Tensor | float) -> Tensor:
        """Log alpha(t) = -t² (beta_max - beta_min) / 4 - t beta_min / 2."""
        t = torch.as_tensor(t, dtype=torch.float64)
        return -(t**2) * (self.beta_max - self.beta_min) / 4 - t * self.beta_min / 2

    def alpha(self, t: Tensor | float) -> Tensor:
        """Share of the data that is left at t."""
        return self.log_alpha(t).exp()

    def sigma(self, t: Tensor | float) -> Tensor:
        """Standard deviation of the noise at t; alpha² + sigma² = 1."""
        return (-torch.expm1(2 * self.log_alpha(t))).sqrt()

    def lambda_(self, t: Tensor | float) -> Tensor:
        """Half the log signal-to-noise ratio, lambda = log(alpha / sigma)."""
        log_alpha = self.log_alpha(t)
        return log_alpha - 0.5 * torch.log(-torch.expm1(2 * log_alpha))

    def t_of_lambda(self, lambda_: Tensor | float) -> Tensor:
        """Inverse of `lambda_`: t = q / (sqrt(b0² + q) + b0) / (b1 - b0), q = 2 (b1 - b0) log(1 + exp(-2 lambda))."""
        lambda_ = torch.as_tensor(lambda_, dtype=torch.float64)
        b0, b1 = self.beta_min, self.beta_max
        q = 2 * (b1 - b0) * torch.logaddexp(-2 * lambda_, torch.zeros_like(lambda_))
        return q / ((b0**2 + q).sqrt() + b0) / (b1 - b0)
