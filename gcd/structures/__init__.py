"""What a run starts from and hands out: ideal crystals, and files in and out, as ``ase.Atoms``."""
