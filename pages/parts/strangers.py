"""What Streamlit does for anyone who sends it the message, though it is everyone's matter: here it is not done.

Its menu offers none of this where strangers may come, but a message made by hand asks for it all the same: to empty
everybody's caches, to run git on the server (which keeps all visitors waiting, and tells the names of changed files);
and each session begins with the path of the script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamlit.runtime.app_session import AppSession

if TYPE_CHECKING:
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


def keep_apart() -> None:
    """From here on, in this process, such messages concern their senders alone."""
    for name, own in _OWN.items():
        setattr(AppSession, name, own)


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


_OWN = {
    "_handle_git_information_request": _say_nothing,
    "_handle_clear_cache_request": _clear_own,
    "_create_new_session_message": _without_path,
}
