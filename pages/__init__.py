"""The pages of the web app: one thin script each.

What only one page needs is in its room in :mod:`pages.parts`; browser components are in :mod:`pages.viewers`, and what
the pages share in :mod:`pages.shared`.
"""
