"""The frame of the web app: navigation, title, and what this installation has. Start it with `make app`."""

import streamlit as st

from pages.shared import frame, status

page = frame.navigation()

with st.sidebar:
    status.show_in_sidebar()

page.run()
