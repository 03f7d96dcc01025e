"""What a person can ask for: one frozen dataclass a verb, checked once, when it is made."""

from gcd.requests.crystal import CrystalRequest
from gcd.requests.particles import ParticleRequest
from gcd.requests.request import Listener, Request

__all__ = ["CrystalRequest", "Listener", "ParticleRequest", "Request"]
