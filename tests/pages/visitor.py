"""A visitor without a browser: opens the app's websocket and sends messages made by hand."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE = 60.0  # seconds; none of them is meant to be spent


class Visitor:
    """What a browser would know of its session: the page, its elements by their places, and what was said."""

    def __init__(self, server: str, socket: ClientConnection) -> None:
        self.server, self.socket = server, socket
        self.session_id = ""
        self.page_hash = ""
        self.elements: dict[tuple[int, ...], Any] = {}
        self.widgets: dict[str, WidgetState] = {}
        self.began = ""  # what the server said of itself
        self.others: list[ForwardMsg] = []  # messages that are no part of the page
        self.finished = 0  # runs of the script

    def send(self, **message: Any) -> None:
        """One message, of BackMsg's fields."""
        self.socket.send(BackMsg(**message).SerializeToString())

    def run(self, page: str = "", query: str = "", widgets: tuple[WidgetState, ...] = ()) -> float:
        """Run the script, of another page if one is named, with all widgets' states; the seconds that it took."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string = query
        if page:
            state.page_name = page
            self.widgets.clear()
        else:
            state.page_script_hash = self.page_hash
        state.widget_states.widgets.extend([*self.widgets.values(), *widgets])
        before, begun = self.finished, time.monotonic()
        self.socket.send(message.SerializeToString())
        self.hear(lambda: self.finished > before)
        return time.monotonic() - begun

    def press(self, label: str) -> None:
        """Press the button of that label."""
        self.run(widgets=(WidgetState(id=self.element("button", label).id, trigger_value=True),))

    def request_file(self, file_id: str, session_id: str) -> Any:
        """The answer to a request for a file that is made when asked for."""
        asked = BackMsg()
        asked.backend_operation_request.request_id = str(len(self.others))
        asked.backend_operation_request.session_id = session_id
        asked.backend_operation_request.deferred_file.file_id = file_id
        self.socket.send(asked.SerializeToString())
        self.others.clear()
        self.hear(lambda: any(one.WhichOneof("type") == "backend_operation_response" for one in self.others))
        return self.others[-1].backend_operation_response

    def upload(self, name: str, data: bytes) -> str:
        """Send a file, as a page's uploader does; gives its address."""
        self.others.clear()
        self.send(file_urls_request={"request_id": "1", "session_id": self.session_id, "file_names": [name]})
        self.hear(lambda: any(one.WhichOneof("type") == "file_urls_response" for one in self.others))
        address = self.server + self.others[-1].file_urls_response.file_urls[0].upload_url
        opener = urllib.request.build_opener(cookies := urllib.request.HTTPCookieProcessor())
        opener.open(f"{self.server}/_stcore/health").close()
        token = next(one.value for one in cookies.cookiejar if one.name == "_streamlit_xsrf")
        head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        request = urllib.request.Request(
            address, head.encode() + data + b"\r\n--x--\r\n", method="PUT",
            headers={"Content-Type": "multipart/form-data; boundary=x", "X-Xsrftoken": str(token)},
        )  # fmt: skip
        opener.open(request, timeout=PATIENCE).close()
        return address

    def element(self, kind: str, label: str) -> Any:
        """The element of a kind whose label begins so."""
        found = [e for e in self.shown(kind) if e.label.startswith(label)]
        assert found, (kind, label, self.text())
        return found[0]

    def shown(self, kind: str) -> list[Any]:
        """All elements of a kind on the page."""
        return [getattr(e, kind) for e in list(self.elements.values()) if e.WhichOneof("type") == kind]

    def text(self) -> str:
        """All that the page says."""
        return "\n".join(str(element) for element in list(self.elements.values()))

    def hear(self, until: Callable[[], bool], seconds: float = PATIENCE) -> bool:
        """Take in what the server says until something holds; whether it came to hold in time."""
        end = time.monotonic() + seconds
        while not until():
            try:
                data = self.socket.recv(timeout=max(end - time.monotonic(), 0.01))
            except TimeoutError:
                return until()
            except ConnectionClosed:
                return until()
            self._take(ForwardMsg.FromString(data))
        return True

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.began = str(message)
            self.session_id = message.new_session.initialize.session_id or self.session_id
            if not message.metadata.run.fragment_ids:
                self.elements.clear()
        elif kind == "delta":
            place = tuple(message.metadata.delta_path)
            if message.delta.WhichOneof("type") == "new_element":
                self.elements[place] = message.delta.new_element
            else:  # a container takes the place of whatever was there
                self.elements.pop(place, None)
        elif kind == "navigation":
            self.page_hash = message.navigation.page_script_hash
        elif kind == "script_finished":
            self.finished += (
                message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            )  # and not for another run
        else:
            self.others.append(message)


@contextmanager
def visiting(server: str, page: str = "", query: str = "") -> Iterator[Visitor]:
    """A visitor who has opened a page of the app at an address."""
    with _connected(server) as socket:
        visitor = Visitor(server, socket)
        visitor.run(page, query)
        yield visitor


@contextmanager
def again(server: str, visitor: Visitor) -> Iterator[Visitor]:
    """The same visitor, whose connection broke."""
    visitor.socket.close()
    with _connected(server, "none", visitor.session_id) as visitor.socket:
        visitor.run()
        yield visitor


def _connected(server: str, *credentials: str) -> ClientConnection:
    address = server.replace("http://", "ws://") + "/_stcore/stream"
    return connect(
        address, subprotocols=[Subprotocol(one) for one in ("streamlit", *credentials)], max_size=None
    )
