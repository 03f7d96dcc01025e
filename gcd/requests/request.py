"""What every request shares: a frozen dataclass, checked when it is made, that can say itself in three languages.

A request is all that a person can ask of one verb. It runs; it gives the command line and the Python that ask for the
same; it goes into a page's address and comes back. The command line, the pages, the evaluation and the films use it.
"""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from ase import Atoms

ASKED = "asked"


class Listener:
    """Told how a request gets on. Whatever a method raises, `Cancelled` for one, stops the work."""

    def progress(self, progress: Any) -> None:
        """After each step of a sampler, relaxation or search; what it holds is the verb's own."""

    def made(self, atoms: Atoms) -> None:
        """A structure as it was generated, before any relaxation."""

    def voxels(self, voxels: Any) -> None:
        """Generated voxels (B, X, Y, Z) of a batch, in units of atoms."""

    def relaxed(self, before: Atoms, after: Atoms) -> None:
        """A structure before and after its relaxation; a failed one says why in ``info["error"]``."""


@dataclass(frozen=True)
class Asked:
    """How a field of a request is asked for at the doors.

    Attributes:
        option: of the command line, "--nfe"; "" for a word without one.
        address: keys in a page's address, one for each number of a field that holds several.
        help: one line for the command line's --help; without it the verb's own file declares the option.
        parse: text to value, ValueError in one sentence; `nargs` and `choices` as argparse has them.
        always: written out even where it is the default, so that a reader sees it.
        keyword: in Python, where it is not the field's name.
        python: whether the call in Python takes it.
    """

    option: str = ""
    address: tuple[str, ...] = ()
    help: str = ""
    parse: Callable[[str], Any] | None = None
    metavar: str | tuple[str, ...] | None = None
    nargs: int | str | None = None
    choices: tuple[Any, ...] | None = None
    always: bool = False
    keyword: str = ""
    python: bool = True

    @property
    def dest(self) -> str:
        """The attribute in which argparse leaves the option."""
        return self.option.lstrip("-").replace("-", "_")


def asked(option: str = "", *, default: Any = MISSING, **how: Any) -> Any:
    """A field of a request; see :class:`Asked`. Without a default it has to be given."""
    return field(default=default, metadata={ASKED: Asked(option, **how)})


@dataclass(frozen=True)
class Request:
    """The base of all requests; a subclass checks itself in ``__post_init__`` and is legal from then on."""

    verb: ClassVar[str]  # of the command line: "sample crystal"
    function: ClassVar[str]  # of the package: "generate_crystals"
    result: ClassVar[str]  # what Python calls what comes back: "crystals"

    @classmethod
    def asked(cls) -> list[tuple[Field[Any], Asked]]:
        """The fields that a person can ask for, in order."""
        return [(f, f.metadata[ASKED]) for f in fields(cls) if ASKED in f.metadata]

    def settle(self, **values: Any) -> None:
        """Write what a check has made of a field; for ``__post_init__`` alone."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def stem(self) -> str:
        """The part of file names that says what is in the file."""
        raise NotImplementedError

    def run(self, listener: Listener | None = None) -> Any:
        """Do it; the listener is told how it gets on."""
        raise NotImplementedError

    # --- Command line -----------------------------------------------------------------------------------------

    def command(self, out: str | None = None) -> str:
        """The command line that asks for the same, writing to ``out``, by default `stem`."""
        words = ["gcd", *self.verb.split()]
        for f, how in self.asked():
            value = getattr(self, f.name)
            if value is None or value is False or (value == f.default and not how.always):
                continue
            words += [how.option] if how.option else []
            words += [] if value is True else _words(value)
        return shlex.join([*words, "--out", self.stem if out is None else out])

    @classmethod
    def from_arguments(cls, args: Namespace, **more: Any) -> Self:
        """The request of a parsed command line; options left out take the request's defaults."""
        return cls(**(cls.given(args) | more))

    @classmethod
    def given(cls, args: Namespace) -> dict[str, Any]:
        """The fields that a command line gives, those left out left out."""
        found = {f.name: getattr(args, how.dest or f.name, None) for f, how in cls.asked()}
        return {name: value for name, value in found.items() if value is not None}

    # --- Python -----------------------------------------------------------------------------------------------

    def python(self) -> str:
        """Python that asks for the same."""
        return f"import gcd\n\n{self.result} = {self.call()}"

    def call(self, module: str = "gcd.") -> str:
        """The call alone."""
        first, *rest = self.asked()
        lines = [repr(getattr(self, first[0].name))]
        for f, how in rest:
            value = getattr(self, f.name)
            if how.python and value is not None and (how.always or value != f.default):
                lines.append(f"{how.keyword or f.name}={value!r}")
        inside = "".join(f"    {line},\n" for line in lines)
        return f"{module}{self.function}(\n{inside})".replace("'", '"')

    # --- A page's address -------------------------------------------------------------------------------------

    def to_address(self) -> dict[str, str]:
        """Keys and values of the page's address; defaults are left out unless the reader should see them."""
        parts: dict[str, str] = {}
        for f, how in self.asked():
            value = getattr(self, f.name)
            if not how.address or value is None or (value == f.default and not how.always):
                continue
            several = value if isinstance(value, tuple) else (value,)
            parts |= dict(zip(how.address, map(_text, several), strict=True))
        return parts

    @classmethod
    def from_address(cls, address: Mapping[str, str]) -> Self:
        """The request of a page's address.

        Raises:
            ValueError: a key that the page does not know, or a value that means nothing, named in one sentence.
        """
        known = {key: f.name for f, how in cls.asked() for key in how.address}
        if unknown := sorted(set(address) - set(known)):
            raise ValueError(f"The address has no {unknown[0]!r}: its keys are {', '.join(known)}.")
        values: dict[str, Any] = {}
        for f, how in cls.asked():
            texts = [address[key] for key in how.address if key in address]
            if texts and len(texts) == len(how.address):
                parsed = [_value(text, how) for text in texts]
                values[f.name] = tuple(parsed) if len(how.address) > 1 else parsed[0]
            elif texts:
                raise ValueError(f"The address needs all of {', '.join(how.address)}, or none.")
        return cls(**values)


def _words(value: Any) -> list[str]:
    return (
        [_text(v) for v in value]
        if isinstance(value, Sequence) and not isinstance(value, str)
        else [_text(value)]
    )


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _value(text: str, how: Asked) -> Any:
    if how.parse is None:
        return text
    value = how.parse(text)
    if how.choices is not None and value not in how.choices:
        raise ValueError(f"{how.address[0]} is one of {', '.join(map(str, how.choices))}, not {text!r}.")
    return value
