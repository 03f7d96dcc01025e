"""Figures: pure functions with structures, voxels or curves in and a plotly figure or a viewer's scene out."""
