"""What a run starts from and hands out: ideal crystals, and files in and out. All structures are ``ase.Atoms``."""
