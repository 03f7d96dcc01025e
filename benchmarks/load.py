"""A class at once: many clients over the app's own websocket press Generate again and again.

python -m benchmarks.load --clients 30 --minutes 10

Starts a server, lets every client make small crystals without pause, and prints how long each waited, what went
wrong, and the server's memory before, and after every client has left. One client in five vanishes now and then while
its job waits or runs, and comes back as a stranger; one press in eight is cancelled. No browser is needed. It takes
the minutes asked for, the warm-up, two settlings and what is still in line: a good quarter of an hour as it comes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import websockets

from benchmarks.measure import machine, table
from benchmarks.tab import Tab

ROOT = Path(__file__).resolve().parent.parent
QUERY = "phase={phase}&nx=1&ny=1&nz=2&sampling=Custom&nfe={nfe}&order=1&seed={seed}"
PHASES = ("SC", "BCC", "FCC")
PATIENCE = 300.0  # seconds that a client waits for its crystal
VANISHING, CANCELLING = 5, 8  # one client in so many vanishes, one press in so many is cancelled


@dataclass
class Tally:
    """What happened to all clients together."""

    waits: list[float] = field(default_factory=list)  # s from the press to the crystal
    stops: list[float] = field(default_factory=list)  # s from Cancel to its end
    served: dict[int, int] = field(default_factory=dict)  # client -> crystals
    told: int = 0  # presses whose client saw its place in line
    refused: int = 0  # presses that the full queue turned down in a sentence
    vanished: int = 0
    errors: list[str] = field(default_factory=list)


class Client:
    """Somebody in the class, one tab after another."""

    def __init__(self, number: int, address: str, tally: Tally) -> None:
        self.number, self.address, self.tally = number, address, tally
        self.random = random.Random(number)

    async def live(self, until: float) -> None:
        """Press, wait, and press again until the time is over."""
        while time.monotonic() < until:
            try:
                async with Tab(self.address, "crystals", self._query()) as tab:
                    await tab.until(lambda: "Generate" in tab.buttons, PATIENCE)
                    while time.monotonic() < until and await self._press(tab):
                        pass
                    self.tally.errors += [f"client {self.number}: {text}" for text in tab.exceptions]
            except (OSError, websockets.WebSocketException, TimeoutError) as error:
                self.tally.errors.append(f"client {self.number}: {type(error).__name__}: {error}")
                await asyncio.sleep(1.0)

    def _query(self) -> str:
        return QUERY.format(
            phase=PHASES[self.number % 3],
            nfe=self.random.choice((4, 8, 16)),
            seed=self.random.randrange(10_000),
        )

    async def _press(self, tab: Tab) -> bool:
        """One crystal, asked for and waited for; False when the client vanished instead."""
        tab.forget()
        tab.buttons.pop("Cancel", None)
        tab.query = self._query()
        begun = time.monotonic()
        await tab.rerun(press="Generate")
        if self.number % VANISHING == 0 and self.random.random() < 0.3:
            await asyncio.sleep(self.random.random())
            self.tally.vanished += 1
            return False
        if self.random.randrange(CANCELLING) == 0 and await self._cancelled(tab):
            return True
        await tab.until(lambda: "Off site" in tab.metrics or _turned_down(tab), PATIENCE)
        self.tally.told += tab.waiting
        if _turned_down(tab):
            self.tally.refused += 1
            await asyncio.sleep(2.0)
            return True
        self.tally.waits.append(time.monotonic() - begun)
        self.tally.served[self.number] = self.tally.served.get(self.number, 0) + 1
        return True

    async def _cancelled(self, tab: Tab) -> bool:
        """Press Cancel as soon as it is there; False when the crystal was quicker."""
        shown = await tab.until(lambda: "Cancel" in tab.buttons or bool(tab.metrics), 20.0, strict=False)
        if not shown or tab.metrics:
            return False
        begun = time.monotonic()
        await tab.rerun(press="Cancel")
        del tab.buttons["Cancel"]
        await tab.until(lambda: any("Cancelled" in text for text in tab.texts) or bool(tab.metrics), PATIENCE)
        self.tally.stops.append(time.monotonic() - begun)
        return True


def _turned_down(tab: Tab) -> bool:
    return any("queue is full" in text or "waiting or running:" in text for text in tab.texts)


def memory(pid: int) -> float:
    """Resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def server() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The app on a free port of this machine."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.address",
        "127.0.0.1", "--server.port", str(port), "--server.enableXsrfProtection", "false",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).read()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise RuntimeError("The server did not start.")
        yield process, port
    finally:
        process.terminate()
        process.wait(30)


async def press_all(address: str, clients: int, seconds: float) -> Tally:
    """Let the clients live for that long, and tell once a minute how it goes."""
    tally = Tally()
    begun = time.monotonic()

    async def tell() -> None:
        while True:
            await asyncio.sleep(60.0)
            passed = (time.monotonic() - begun) / 60
            print(f"{passed:.0f} min: {len(tally.waits)} crystals", file=sys.stderr, flush=True)

    teller = asyncio.create_task(tell())
    lives = [Client(number, address, tally).live(begun + seconds) for number in range(clients)]
    await asyncio.gather(*lives)
    teller.cancel()
    return tally


async def left_behind(address: str) -> dict[str, str]:
    """What the Health page says of jobs that run, wait and are kept."""
    names = ("Running", "Waiting", "Results kept")
    async with Tab(address, "health") as tab:
        await tab.until(lambda: set(names) <= set(tab.metrics), PATIENCE)
        return {name: tab.metrics[name] for name in names}


def main() -> int:
    """Run the load and print what came of it; 1 when a client saw an error or got nothing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--warm-up", type=float, default=2.0, help="minutes before memory is first looked at")
    parser.add_argument(
        "--settle",
        type=float,
        default=60.0,
        help="seconds from the last client's leaving to a look at memory",
    )
    arguments = parser.parse_args()
    print(machine(), f"load average {os.getloadavg()[0]:.1f} before", flush=True)
    with server() as (process, port):
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        # models loaded, caches filled
        asyncio.run(press_all(address, arguments.clients, 60 * arguments.warm_up))
        time.sleep(arguments.settle)
        before = memory(process.pid)
        tally = asyncio.run(press_all(address, arguments.clients, 60 * arguments.minutes))
        busy = memory(process.pid)
        time.sleep(arguments.settle)
        after = memory(process.pid)
        left = asyncio.run(left_behind(address))
        alive = process.poll() is None
    waits = sorted(tally.waits) or [0.0]
    served = [tally.served.get(number, 0) for number in range(arguments.clients)]
    grown = 100 * (after / before - 1)
    rows = [
        ["crystals made", str(len(tally.waits))],
        ["a client, fewest to most", f"{min(served)} to {max(served)}"],
        ["wait, median", f"{statistics.median(waits):.1f} s"],
        ["wait, 95 %", f"{waits[int(0.95 * (len(waits) - 1))]:.1f} s"],
        ["wait, longest", f"{waits[-1]:.1f} s"],
        ["told their place", str(tally.told)],
        ["turned down in a sentence", str(tally.refused)],
        ["cancelled", str(len(tally.stops))],
        ["from Cancel to its end, median", f"{statistics.median(tally.stops or [0.0]):.1f} s"],
        ["vanished", str(tally.vanished)],
        ["errors", str(len(tally.errors))],
        ["left when all had gone", ", ".join(f"{name.lower()} {value}" for name, value in left.items())],
        ["memory before, busy, after", f"{before:.0f}, {busy:.0f}, {after:.0f} MiB ({grown:+.0f} %)"],
    ]
    table(f"{arguments.clients} clients, {arguments.minutes:g} minutes", ["", ""], rows)
    for error in tally.errors[:10]:
        print(error)
    return int(not alive or bool(tally.errors) or min(served) == 0)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    raise SystemExit(main())
