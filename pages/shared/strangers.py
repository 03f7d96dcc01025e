"""What Streamlit does for anyone who sends it the message, though it is everyone's matter: here it is not done.

Its menu offers none of this where strangers may come, but a message made by hand asks for it all the same: to empty
everybody's caches, to run git on the server (which keeps all visitors waiting, and tells the names of changed files),
to hold file after file in memory; and each session begins with the path of the script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from gcd.limits import MAX_HELD_BYTES

if TYPE_CHECKING:
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from streamlit.runtime.uploaded_file_manager import UploadedFileRec


def keep_apart() -> None:
    """From here on, in this process, such messages concern their senders alone."""
    for name, own in _OWN.items():
        setattr(AppSession, name, own)
    setattr(MemoryUploadedFileManager, _add_file.__name__, _add_the_latest)


_add_file = MemoryUploadedFileManager.add_file
_new_session = AppSession._create_new_session_message  # noqa: SLF001


def _say_nothing(session: AppSession) -> None:
    """No word of the server's repository."""


def _clear_own(session: AppSession) -> None:
    session.clear_session_caches()
    session._session_state.clear()  # noqa: SLF001


def _without_path(session: AppSession, *args: Any, **kwargs: Any) -> ForwardMsg:
    message = _new_session(session, *args, **kwargs)
    message.new_session.main_script_path = message.new_session.name
    return message


def _add_the_latest(manager: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec) -> None:
    held = dict(manager.file_storage.get(session_id, {}))
    size = len(file.data) + sum(len(one.data) for one in held.values())
    for file_id, one in held.items():  # the oldest first
        if size > MAX_HELD_BYTES:
            manager.remove_file(session_id, file_id)
            size -= len(one.data)
    _add_file(manager, session_id, file)


_OWN = {
    "_handle_git_information_request": _say_nothing,
    "_handle_clear_cache_request": _clear_own,
    "_create_new_session_message": _without_path,
}
