"""Every page without a mouse or without seeing: figures say what they show, and Tab reaches every control."""

from __future__ import annotations

import pytest

from gcd.checkpoints import available

pytest.importorskip("playwright")
pytestmark = pytest.mark.browser

# Shadow roots, where our own components live, are walked as well.
ALL = """
  const all = (root) => [...root.querySelectorAll("*")].flatMap((e) => e.shadowRoot ? [e, ...all(e.shadowRoot)] : [e])
  const up = (e) => e.parentElement ?? e.getRootNode().host ?? null
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().width > 3
  const focused = () => {
    let e = document.activeElement
    while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement
    return e
  }
  const said = (e) => (e.getAttribute("aria-label") || e.textContent || e.tagName).trim().slice(0, 60)
"""

# Figures without a name of their own or of what they are part of.
NAMELESS = f"""() => {{ {ALL}
  const named = (e) => {{
    for (let at = e; at && !at.matches("main, section"); at = up(at)) {{
      if (at.getAttribute("aria-hidden") === "true") return true
      const name = at.getAttribute("aria-label") || at.getAttribute("alt") || at.getAttribute("title") || ""
      if (name.trim().length > 3) return true
      if (at.matches("button, a, summary") && at.textContent.trim()) return true
    }}
    return false
  }}
  return all(document)
    .filter((e) => e.matches("canvas, svg, img, iframe, [role=img], .js-plotly-plot") && shown(e))
    .filter((e) => !e.closest("#js-plotly-tester") && !(e.matches("svg") && e.closest(".js-plotly-plot")))
    .filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 200))
}}"""

# What can be used. Of radio buttons and tabs one is reached, and arrow keys go on from there.
CONTROLS = f"""() => {{ {ALL}
  const whole = (e) => e.closest("[role=radiogroup], [role=tablist]") ?? e.closest("canvas") ?? e
  const usable = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]"
  const found = all(document).filter((e) => e.matches(usable) && e.tabIndex >= 0 && !e.disabled && shown(e))
    .filter((e) => !e.closest("[inert], [aria-hidden=true]")).map(whole)
  window.gcdReach = {{ left: new Set(found), whole, said, focused }}
  return window.gcdReach.left.size
}}"""

# What Tab is on now: nothing, or its name, whether one sees that, and how many are still to come.
STEP = """() => {
  const { left, whole, said, focused } = window.gcdReach
  const e = focused()
  if (!e || e === document.body) return null
  left.delete(whole(e))
  const told = (one) => {
    const style = getComputedStyle(one)
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none"
  }
  const marked = e.matches("a, button, summary, [role=img], input[type=range], input[type=checkbox], input[type=radio]")
  const seen = !marked || told(e) || told(e.closest("label") ?? e)
  return [said(e), seen, left.size]
}"""

LEFT = "() => [...window.gcdReach.left].filter((e) => e.isConnected).map(window.gcdReach.said)"
MOST = 150  # presses of Tab


def walk(page) -> None:
    """Both claims, for what the page shows now."""
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(CONTROLS) > 10
    unseen, ends = [], 0
    for _ in range(MOST):
        page.keyboard.press("Tab")
        step = page.evaluate(STEP)
        if step is None:
            ends += 1  # the end of the page: from there it goes on at the top
        elif not step[1]:
            unseen.append(step[0])
        if ends == 2 or (step and step[2] == 0):
            break
    assert page.evaluate(LEFT) == []
    assert unseen == []


def settle(page, place: str = "h1") -> None:
    page.locator(place).first.wait_for()
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(1000)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/", ".condense canvas"),
        ("/boundaries?source=build", ".viewer[data-drawn]"),
        ("/how_it_works", ".playground circle"),
        ("/how_it_works?part=In+3D", ".solid[data-drawn]"),
        ("/how_it_works?part=Noise", ".js-plotly-plot .heatmaplayer image"),
        ("/how_it_works?part=The+way+back", ".js-plotly-plot"),
        ("/how_it_works?part=Voxels+to+atoms", ".js-plotly-plot .heatmaplayer image"),
        ("/how_it_works?part=How+small+is+L", ".js-plotly-plot .heatmaplayer image"),
        ("/denoising?recording=BCC", ".film[data-step]"),
        ("/your_structure", ".viewer[data-drawn]"),
        ("/health", "[data-testid=stDataFrame] canvas"),
    ],
)
def test_figures_are_named_and_tab_reaches_every_control(open_page, path, place):
    page = open_page(path)
    settle(page, place)
    walk(page)


def test_so_it_is_with_a_finished_crystal(open_page):
    page = open_page("/crystals?nx=2&ny=2&nz=2&sampling=Custom&nfe=6")
    page.get_by_role("button", name="Generate").click()
    settle(page, ".viewer[data-drawn]")
    page.locator(".js-plotly-plot .heatmaplayer image").nth(2).wait_for()
    walk(page)


@pytest.mark.skipif("particle-sc" not in available(), reason="no checkpoint particle-sc")
def test_so_it_is_with_both_models_compared(open_page):
    page = open_page("/particle_or_voxel?phase=SC&steps=2")
    page.get_by_role("button", name="Run both").click()
    settle(page, ".duet[data-drawn]")
    page.locator(".js-plotly-plot").nth(1).wait_for()
    walk(page)


def test_keys_work_what_they_reach(open_page):
    page = open_page("/denoising?recording=BCC&step=3")
    settle(page, ".film[data-step='3']")
    page.locator(".film .scrub").press("ArrowRight")
    page.locator(".film[data-step='4']").wait_for()
    page.locator(".film .play").press("Space")
    page.locator(".film[data-step]:not([data-step='4'])").wait_for()  # it plays
    page.get_by_role("radio", name="BCC").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.wait_for_url("**recording=FCC*")
