"""The baseline: a particle diffusion model with a fixed number of atoms (paper, section 2.2 and appendix)."""
