"""The pages there are: file, title, icon and one line for each. A new page is one row here, and one card on Home."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageEntry:
    """One page, as the navigation and the cards on Home name it."""

    name: str
    title: str
    icon: str
    help: str

    @property
    def path(self) -> str:
        """From where app.py is."""
        return f"pages/{self.name}.py"


INDEX = {
    entry.name: entry
    for entry in (
        PageEntry(
            "home",
            "Home",
            ":material/home:",
            "Make a crystal with one button; what each page is for; what is installed and what is missing.",
        ),
        PageEntry(
            "crystals",
            "Crystals",
            ":material/grain:",
            "Choose phase, element and supercell, watch voxels condense, inspect and download the crystals.",
        ),
        PageEntry(
            "particle_or_voxel",
            "Particle or voxel",
            ":material/compare:",
            "The same phase from both models side by side, and how much disorder a particle model can undo.",
        ),
        PageEntry(
            "boundaries",
            "Grain boundaries",
            ":material/join_inner:",
            "Paint new boundaries, build one or pick one of the search; relax it, and see what it costs.",
        ),
        PageEntry(
            "campaigns",
            "Campaigns",
            ":material/rocket_launch:",
            "Watch long searches over many boundaries and metals: lowest energies, E_gb against angle, what fails.",
        ),
        PageEntry(
            "how_it_works",
            "How it works",
            ":material/school:",
            "Play with the encoder, the noise, the solver and the decoder, one step of the method at a time.",
        ),
        PageEntry(
            "your_structure",
            "Your structure",
            ":material/upload_file:",
            "Encode, decode and analyse an example or a file of your own, and relax it when it is a slab.",
        ),
        PageEntry(
            "denoising",
            "Denoising",
            ":material/movie:",
            "Scrub and play a structure's way from noise: slices, surface, and the atoms found at each step.",
        ),
        PageEntry(
            "health",
            "Health",
            ":material/monitor_heart:",
            "What this server is doing now, its limits, and what is installed.",
        ),
    )
}
