"""A class at once: many clients over the app's own websocket press Generate again and again.

python -m benchmarks.load --clients 30 --minutes 10

Starts a server, lets every client make small crystals without pause, and prints how long each waited, what went
wrong, and the server's memory before, and after every client has left. One client in five vanishes now and then while
its job waits or runs, and comes back as a stranger; one press in eight is cancelled. No browser is needed.
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
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.typing import Subprotocol

from benchmarks.measure import machine, table

ROOT = Path(__file__).resolve().parent.parent
QUERY = "phase={phase}&nx=1&ny=1&nz=2&sampling=Custom&nfe={nfe}&order=1&seed={seed}"
PHASES = ("SC", "BCC", "FCC")
PATIENCE = 300.0  # seconds that a client waits for its crystal
VANISHING, CANCELLING = 5, 8  # one client in so many vanishes, one press in so many is cancelled


@dataclass
class Tally:
    """What happened to all clients together."""

    waits: list[float] = field(default_factory=list)  # s from the press to the crystal
    served: dict[int, int] = field(default_factory=dict)  # client -> crystals
    told: int = 0  # presses whose client saw its place in line
    refused: int = 0  # presses that the full queue turned down in a sentence
    cancelled: int = 0
    vanished: int = 0
    errors: list[str] = field(default_factory=list)


class Client:
    """One browser tab without a browser: it answers the server as the app's frontend does."""

    def __init__(self, number: int, address: str, tally: Tally) -> None:
        self.number, self.address, self.tally = number, address, tally
        self.random = random.Random(number)
        self.buttons: dict[str, str] = {}  # label -> widget id
        self.texts: list[str] = []
        self.metrics: list[str] = []
        self.fragments: dict[str, float] = {}  # fragment id -> seconds between its reruns
        self.page_hash = ""
        self.place_seen = False

    async def live(self, until: float) -> None:
        """Press, wait, and press again until the time is over."""
        while time.monotonic() < until:
            try:
                await self._visit(until)
            except (OSError, websockets.WebSocketException, TimeoutError) as error:
                self.tally.errors.append(f"client {self.number}: {type(error).__name__}: {error}")
                await asyncio.sleep(1.0)

    async def _visit(self, until: float) -> None:
        self.fragments.clear()
        async with websockets.connect(
            self.address, subprotocols=[Subprotocol("streamlit")], max_size=None
        ) as self.socket:
            reader = self.reader = asyncio.create_task(self._read())
            ticker = asyncio.create_task(self._tick())
            try:
                await self._rerun(self._query())
                await self._until(lambda: "Generate" in self.buttons)
                while time.monotonic() < until:
                    if not await self._press():
                        return  # vanished
            finally:
                for task in (reader, ticker):
                    task.cancel()

    def _query(self) -> str:
        return QUERY.format(
            phase=PHASES[self.number % 3],
            nfe=self.random.choice((4, 8, 16)),
            seed=self.random.randrange(10_000),
        )

    async def _press(self) -> bool:
        """One crystal, asked for and waited for; False when the client vanished instead."""
        self.metrics.clear()
        self.texts.clear()
        self.place_seen = False
        begun = time.monotonic()
        await self._rerun(self._query(), press=self.buttons["Generate"])
        if self.number % VANISHING == 0 and self.random.random() < 0.3:
            await asyncio.sleep(self.random.random())
            self.tally.vanished += 1
            return False
        if self.random.randrange(CANCELLING) == 0:
            with_cancel = await self._until(
                lambda: "Cancel" in self.buttons or bool(self.metrics), 20.0, strict=False
            )
            if with_cancel and not self.metrics:
                await self._rerun(self._query(), press=self.buttons.pop("Cancel"))
                await self._until(
                    lambda: any("Cancelled" in t for t in self.texts) or bool(self.metrics), PATIENCE
                )
                self.tally.cancelled += 1
                return True
        await self._until(lambda: "Off site" in self.metrics or self._turned_down(), PATIENCE)
        self.tally.told += self.place_seen
        if self._turned_down():
            self.tally.refused += 1
            await asyncio.sleep(2.0)
            return True
        self.tally.waits.append(time.monotonic() - begun)
        self.tally.served[self.number] = self.tally.served.get(self.number, 0) + 1
        return True

    def _turned_down(self) -> bool:
        return any("queue is full" in text or "waiting or running:" in text for text in self.texts)

    async def _until(
        self, condition: Callable[[], bool], seconds: float = PATIENCE, *, strict: bool = True
    ) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if self.reader.done():
                self.reader.result()
                raise OSError("the server closed the connection")
            if time.monotonic() > end:
                if strict:
                    raise TimeoutError(f"nothing came of it in {seconds:.0f} s; last said: {self.texts[-3:]}")
                return False
            await asyncio.sleep(0.05)
        return True

    async def _rerun(self, query: str, *, press: str = "", fragment: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string = query
        state.page_name = "crystals"
        state.page_script_hash = self.page_hash
        state.fragment_id = fragment
        state.is_auto_rerun = bool(fragment)
        if press:
            pressed = state.widget_states.widgets.add()
            pressed.id = press
            pressed.trigger_value = True
        await self.socket.send(message.SerializeToString())

    async def _tick(self) -> None:
        """Ask for those fragments again that asked to be asked for."""
        due: dict[str, float] = {}
        while True:
            now = time.monotonic()
            for fragment, interval in list(self.fragments.items()):
                if now >= due.get(fragment, now):
                    due[fragment] = now + interval
                    await self._rerun(self._query(), fragment=fragment)
            await asyncio.sleep(0.1)

    async def _read(self) -> None:
        async for data in self.socket:
            message = ForwardMsg()
            message.ParseFromString(data)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                if not message.metadata.run.fragment_ids:  # a run of the whole page begins all anew
                    self.fragments.clear()
            elif kind == "navigation":
                self.page_hash = message.navigation.page_script_hash
            elif kind == "auto_rerun":
                self.fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "stop_auto_rerun":
                for fragment in message.stop_auto_rerun.fragment_ids:
                    self.fragments.pop(fragment, None)
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._see(message.delta.new_element)

    def _see(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind == "button":
            self.buttons[element.button.label] = element.button.id
        elif kind == "metric":
            self.metrics.append(element.metric.label)
        elif kind == "progress":
            self.place_seen |= "line" in element.progress.text
        elif kind == "alert":
            self.texts.append(element.alert.body)
        elif kind == "exception":
            self.tally.errors.append(
                f"client {self.number}: {element.exception.type}: {element.exception.message[:120]}"
            )


def memory(pid: int) -> float:
    """Resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def start_server() -> tuple[subprocess.Popen[bytes], int]:
    """The app on a free port of this machine."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.address",
        "127.0.0.1", "--server.port", str(port), "--server.enableXsrfProtection", "false",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).read()
            return process, port
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError("The server did not start.")


async def press_all(address: str, clients: int, seconds: float) -> Tally:
    """Let the clients live for that long."""
    tally = Tally()
    until = time.monotonic() + seconds
    await asyncio.gather(*(Client(number, address, tally).live(until) for number in range(clients)))
    return tally


def main() -> int:
    """Run the load and print what came of it; 1 when a client saw an error or got nothing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--warm-up", type=float, default=2.0, help="minutes before memory is first looked at")
    parser.add_argument(
        "--settle", type=float, default=150.0, help="seconds that the server gets to forget the clients"
    )
    arguments = parser.parse_args()
    print(machine())
    process, port = start_server()
    try:
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        asyncio.run(
            press_all(address, arguments.clients, 60 * arguments.warm_up)
        )  # models loaded, caches filled
        time.sleep(arguments.settle)
        before = memory(process.pid)
        tally = asyncio.run(press_all(address, arguments.clients, 60 * arguments.minutes))
        busy = memory(process.pid)
        time.sleep(arguments.settle)
        after = memory(process.pid)
        alive = process.poll() is None
    finally:
        process.terminate()
        process.wait(30)
    waits = sorted(tally.waits) or [0.0]
    served = [tally.served.get(number, 0) for number in range(arguments.clients)]
    rows = [
        ["crystals made", str(len(tally.waits))],
        ["a client, fewest to most", f"{min(served)} to {max(served)}"],
        ["wait, median", f"{statistics.median(waits):.1f} s"],
        ["wait, 95 %", f"{waits[int(0.95 * (len(waits) - 1))]:.1f} s"],
        ["told their place", str(tally.told)],
        ["turned down in a sentence", str(tally.refused)],
        ["cancelled", str(tally.cancelled)],
        ["vanished", str(tally.vanished)],
        ["errors", str(len(tally.errors))],
        [
            "memory before, busy, after",
            f"{before:.0f}, {busy:.0f}, {after:.0f} MiB ({100 * (after / before - 1):+.0f} %)",
        ],
    ]
    table(f"{arguments.clients} clients, {arguments.minutes:g} minutes", ["", ""], rows)
    for error in tally.errors[:10]:
        print(error)
    return int(not alive or bool(tally.errors) or min(served) == 0)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    raise SystemExit(main())
