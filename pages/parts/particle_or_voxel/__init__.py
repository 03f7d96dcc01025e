"""What only the page Particle or voxel needs."""
