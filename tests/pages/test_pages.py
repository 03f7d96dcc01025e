"""The pages without a browser: what they show, what they refuse, what a link restores.

The models are untrained: what they make is noise, which is enough to walk every path to the end.
"""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from gcd.structures.crystals import PHASES, ideal_crystal, lattice_constant_of
from pages.shared import work
from pages.shared.crystal_run import measure
from tests.pages.driver import APP, SOON, bond_order

pytestmark = pytest.mark.usefixtures("fresh_server")


def open_app(page: str | None = None, **query: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=SOON)
    if page:
        app.run()
        app.switch_page(page)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def crystals(**query: str) -> AppTest:
    return open_app("pages/crystals.py", **query)


def finish(app: AppTest, slot: str = "crystals_job") -> AppTest:
    job = work.runner().get(app.session_state[slot])
    assert job is not None
    assert job.wait(SOON)
    app.run()
    assert not app.exception, app.exception
    return app


def quick(**query: str) -> AppTest:
    """The Crystals page with the smallest job there is."""
    return crystals(**({"nx": "1", "ny": "1", "nz": "2", "sampling": "Custom", "nfe": "3"} | query))


def generate(app: AppTest) -> AppTest:
    app.button(key="generate").click().run()
    assert not app.exception, app.exception
    return app


@pytest.fixture
def nothing_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("GCD_CHECKPOINTS", str(tmp_path / "none"))


def test_home_says_what_is_missing_and_offers_nothing_it_cannot_do(nothing_installed):
    app = open_app()
    *most, last = ["decoder", *(f"crystal-{phase}" for phase in PHASES)]
    assert f"{', '.join(most)} and {last} are missing" in app.warning[0].value
    assert app.button(key="make").disabled


def test_crystals_says_what_is_missing_for_this_phase(nothing_installed):
    app = crystals(phase="FCC")
    assert "decoder and crystal-fcc are missing" in app.warning[0].value
    generate(app)
    assert "There is no checkpoint for FCC" in app.error[0].value
    assert "crystals_job" not in app.session_state


def test_homes_button_makes_a_crystal(models):
    app = open_app()
    app.button(key="make").click().run()
    assert app.button(key="make").disabled
    assert app.button(key="home_job_cancel")
    finish(app, "home_job")
    assert [metric.label for metric in app.metric] == ["Atoms", "Off site", "Made in"]
    assert not app.button(key="make").disabled
    assert app.page_link[-2 if len(app.page_link) > 1 else 0]
    made = work.runner().get(app.session_state["home_job"]).result.settings
    app.switch_page("pages/crystals.py")  # as its link "Look closer" does
    for name, value in made.to_address().items():
        app.query_params[name] = value
    app.run()
    assert f"--seed {made.seed}" in app.code[0].value  # this very crystal, and no noise


def test_a_run_shows_its_numbers_and_how_to_repeat_it(models):
    app = generate(quick(seed="7", count="2"))
    finish(app)
    assert {metric.label for metric in app.metric} >= {"Off site", "q4", "q6", "Seconds"}
    command = app.code[0].value
    assert "--phase bcc" in command
    assert "--size 1 1 2" in command
    assert "--seed 7" in command
    assert "--nfe 3" in command
    assert "0 of 2 perfect" in " ".join(text.value for text in app.markdown)


def test_the_command_of_the_reproduce_box_is_one_that_gcd_understands(models):
    import shlex

    from gcd.cli import build_parser

    app = finish(generate(quick(seed="7")))
    _, *words = shlex.split(app.code[0].value.replace("\\\n", " "))  # shlex knows no continued lines
    args = build_parser().parse_args(words)
    assert (args.phase, args.size, args.seed, args.nfe, args.order) == ("bcc", [1, 1, 2], 7, 3, 3)
    assert args.lattice_constant == lattice_constant_of("bcc", "W")


QUERY = {
    "phase": "FCC", "element": "Ni", "a": "3.6", "nx": "3", "ny": "2", "nz": "5", "count": "4", "seed": "99",
    "sampling": "Custom", "nfe": "30", "order": "2",
}  # fmt: skip


def test_a_link_restores_every_control(nothing_installed):
    app = crystals(**QUERY)
    state = app.session_state
    assert (state["phase"], state["element"], state["a"]) == ("FCC", "Ni", 3.6)
    assert (state["nx"], state["ny"], state["nz"], state["count"], state["seed"]) == (3, 2, 5, 4, 99)
    assert (state["sampling"], state["nfe"], state["order"]) == ("Custom", 30, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phase", "hcp"),
        ("element", "<script>"),
        ("a", "nan"),
        ("a", "-1"),
        ("nx", "10000"),
        ("nx", "0"),
        ("nx", "three"),
        ("count", "1e9"),
        ("seed", "-4"),
        ("seed", "99999999999999999999"),
        ("sampling", "instantly"),
        ("view", "../../etc/passwd"),
    ],
)
def test_hostile_links_fall_back_to_the_defaults(nothing_installed, name, value):
    app = crystals(**{name: value})
    state = app.session_state
    assert (state["phase"], state["element"], state["a"]) == ("BCC", "W", lattice_constant_of("bcc", "W"))
    assert (state["nx"], state["ny"], state["nz"], state["count"], state["seed"]) == (4, 4, 4, 1, 0)
    assert state["sampling"] == "Full"


@pytest.mark.parametrize("phase", PHASES)
def test_choosing_a_phase_fills_in_element_and_lattice_constant(nothing_installed, phase):
    app = crystals(phase="BCC" if phase != "bcc" else "SC")
    app.segmented_control(key="phase").set_value(phase.upper()).run()
    element = PHASES[phase].default_element
    assert app.session_state["element"] == element
    assert app.session_state["a"] == lattice_constant_of(phase, element)


def test_choosing_an_element_fills_in_its_lattice_constant(nothing_installed):
    app = crystals()
    app.selectbox(key="element").select("Fe").run()
    assert app.session_state["a"] == lattice_constant_of("bcc", "Fe")


def test_what_the_solver_cannot_spend_is_refused_in_one_sentence(models):
    app = generate(crystals(sampling="Custom", nfe="61", order="3"))
    assert "multiple of 3" in app.error[0].value
    assert "crystals_job" not in app.session_state


def test_more_than_a_page_takes_on_is_refused_in_one_sentence(models):
    app = generate(crystals(nx="16", ny="16", nz="16", phase="BCC", count="50"))
    assert "A page makes at most" in app.error[0].value
    assert "crystals_job" not in app.session_state


def test_a_damaged_checkpoint_is_a_sentence_too(models):
    weights = models / "crystal-bcc" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    app = finish(generate(quick()))
    assert "damaged" in app.error[0].value
    assert "Traceback" not in app.error[0].value


def test_cancel_ends_the_job_and_the_next_one_runs(models):
    app = generate(quick(nfe="999", nx="4", ny="4", nz="4"))
    app.button(key="crystals_job_cancel").click().run()
    finish(app)
    assert "Cancelled" in app.info[0].value
    app.number_input(key="nfe").set_value(3)
    finish(generate(app))
    assert app.metric


def test_a_dropped_result_is_said_and_not_an_error(models):
    app = finish(generate(quick()))
    work.runner().drop_owner(work.runner().get(app.session_state["crystals_job"]).owner)
    app.run()
    assert not app.exception
    assert "dropped" in app.info[0].value


@pytest.mark.parametrize("view", ["Slices", "Isosurface", "Order", "Condensing", "Table"])
def test_every_view_of_a_result_is_drawn(models, view):
    app = finish(generate(quick(view=view)))
    drawn = {
        "Slices": app.get("plotly_chart"),
        "Isosurface": app.get("bidi_component"),  # one for the atoms, one for the surface
        "Order": app.get("plotly_chart"),
        "Condensing": app.caption,
        "Table": app.dataframe,
    }[view]
    assert len(drawn) >= {"Slices": 3, "Isosurface": 2, "Order": 2}.get(view, 1)


@pytest.mark.parametrize("phase", PHASES)
def test_the_rings_of_crystals_are_where_the_page_finds_ideal_crystals(models, phase):
    app = finish(generate(quick(view="Order", phase=phase.upper())))
    settings = work.runner().get(app.session_state["crystals_job"]).result.settings
    _, rings = bond_order(app)
    ideal = measure(ideal_crystal(phase, settings.size), settings)
    assert set(rings) == {phase.upper()}
    assert tuple(rings[phase.upper()]) == pytest.approx((ideal.q4.mean(), ideal.q6.mean()), abs=1e-6)
