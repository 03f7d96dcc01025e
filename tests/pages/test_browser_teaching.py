"""The pages that teach and take structures, in a real browser; no network."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright")
pytestmark = pytest.mark.browser


def test_a_dragged_particle_changes_the_voxels_and_the_address(open_page, shoot):
    page = open_page("/how_it_works?particles=1%202;%204.5%204.5")
    board = page.locator(".playground .board")
    board.locator("circle").nth(1).wait_for()
    cells = board.locator("text")
    assert cells.nth(8 * 1 + 2).text_content() == "1.00"
    box = board.bounding_box()
    cell = box["width"] / 8
    page.mouse.move(box["x"] + 1.5 * cell, box["y"] + 5.5 * cell)
    page.mouse.down()
    page.mouse.move(box["x"] + 3 * cell, box["y"] + 2 * cell, steps=4)
    page.mouse.up()
    page.wait_for_url("**particles=2.5*")
    page.get_by_text("2.0000").first.wait_for()
    assert shoot(board, "playground").std() > 5
    board.locator("circle").first.press("Delete")
    page.get_by_text("1.0000").first.wait_for()
    assert page.refused == []
