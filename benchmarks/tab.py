"""One browser tab without a browser: it answers the app's websocket as the app's frontend does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.typing import Subprotocol


class Tab:
    """A page of the app, open for as long as the ``async with`` block lasts.

    Attributes:
        query: what the address bar says after the question mark.
        buttons: label -> widget id.
        metrics: label -> value of the metrics that were shown since they were last cleared.
        texts: what boxes (errors, warnings, notes) said since they were last cleared.
        waiting: whether a progress bar has named a place in line.
        exceptions: what the server said of a page that failed.
    """

    def __init__(self, address: str, page: str, query: str = "") -> None:
        self.address, self.page, self.query = address, page, query
        self.buttons: dict[str, str] = {}
        self.metrics: dict[str, str] = {}
        self.texts: list[str] = []
        self.exceptions: list[str] = []
        self.waiting = False
        self._fragments: dict[str, float] = {}  # fragment id -> seconds between its reruns
        self._page_hash = ""

    async def __aenter__(self) -> Self:
        self._socket = await websockets.connect(
            self.address, subprotocols=[Subprotocol("streamlit")], max_size=None
        )
        self._reader = asyncio.create_task(self._read())
        self._ticker = asyncio.create_task(self._tick())
        await self.rerun()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in (self._reader, self._ticker):
            task.cancel()
        await self._socket.close()

    def forget(self) -> None:
        """Begin anew to look at what is shown."""
        self.metrics.clear()
        self.texts.clear()
        self.waiting = False

    async def until(self, condition: Callable[[], bool], seconds: float, *, strict: bool = True) -> bool:
        """Wait until the page shows it; False, or TimeoutError where ``strict``, when it does not in time."""
        end = time.monotonic() + seconds
        while not condition():
            if self._reader.done():
                self._reader.result()
                raise OSError("the server closed the connection")
            if time.monotonic() > end:
                if strict:
                    raise TimeoutError(f"nothing came of it in {seconds:.0f} s; last said: {self.texts[-3:]}")
                return False
            await asyncio.sleep(0.05)
        return True

    async def rerun(self, *, press: str = "", fragment: str = "") -> None:
        """Ask for the page, or one fragment of it, once more; ``press`` is the label of a button."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self.query
        state.page_name = self.page
        state.page_script_hash = self._page_hash
        state.fragment_id = fragment
        state.is_auto_rerun = bool(fragment)
        if press:
            pressed = state.widget_states.widgets.add()
            pressed.id = self.buttons[press]
            pressed.trigger_value = True
        await self._socket.send(message.SerializeToString())

    async def _tick(self) -> None:
        """Ask for those fragments again that asked to be asked for."""
        due: dict[str, float] = {}
        while True:
            now = time.monotonic()
            for fragment, interval in list(self._fragments.items()):
                if now >= due.get(fragment, now):
                    due[fragment] = now + interval
                    await self.rerun(fragment=fragment)
            await asyncio.sleep(0.1)

    async def _read(self) -> None:
        async for data in self._socket:
            message = ForwardMsg()
            message.ParseFromString(data)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                if not message.metadata.run.fragment_ids:  # a run of the whole page begins all anew
                    self._fragments.clear()
            elif kind == "navigation":
                self._page_hash = message.navigation.page_script_hash
            elif kind == "auto_rerun":
                self._fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "stop_auto_rerun":
                for fragment in message.stop_auto_rerun.fragment_ids:
                    self._fragments.pop(fragment, None)
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._see(message.delta.new_element)

    def _see(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind == "button":
            self.buttons[element.button.label] = element.button.id
        elif kind == "metric":
            self.metrics[element.metric.label] = element.metric.body
        elif kind == "progress":
            self.waiting |= "line" in element.progress.text
        elif kind == "alert":
            self.texts.append(element.alert.body)
        elif kind == "exception":
            self.exceptions.append(f"{element.exception.type}: {element.exception.message[:120]}")
