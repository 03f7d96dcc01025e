"""The diffusion model over voxels: schedule, network, solver."""
