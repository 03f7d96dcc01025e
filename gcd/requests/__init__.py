"""What a person can ask for: one frozen dataclass a verb, checked once, when it is made."""

from gcd.requests.boundary import BoundaryRequest
from gcd.requests.build import BuildRequest
from gcd.requests.chosen import ChosenRequest
from gcd.requests.crystal import CrystalRequest
from gcd.requests.particles import ParticleRequest
from gcd.requests.relaxation import RelaxationRequest
from gcd.requests.repaint import RepaintRequest
from gcd.requests.request import Listener, Request
from gcd.requests.search import SearchRequest

__all__ = [
    "BoundaryRequest",
    "BuildRequest",
    "ChosenRequest",
    "CrystalRequest",
    "Listener",
    "ParticleRequest",
    "RelaxationRequest",
    "RepaintRequest",
    "Request",
    "SearchRequest",
]
