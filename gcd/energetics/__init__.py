"""What a boundary costs: the embedded-atom potential, relaxation by LAMMPS or torch, and E_gb."""
