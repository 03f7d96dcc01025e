"""Campaigns: one file asks for many boundaries, metals and seeds; Dask runs them, one database keeps what they find."""
