"""How a model was aligned, on one page: the answer first, origins apart, what is absent said."""

import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import tenure
from tenure import plugins, report
from tenure.dossier import Dossier, Stage
from tenure.dossier.opening import open_view
from tenure.report.align import aligned
from tenure.report.catalog import catalog
from tenure.report.learning import learning

EXAMPLE = Path(tenure.__file__).parent / "example"
PAGE = "align--small-135m-reinforced-1.html"


class Text(HTMLParser):
    """The words of a page, section by section of its h2 headings, and its tables' captions."""

    def __init__(self, text):
        super().__init__()
        self.sections, self.tables, self.at, self.cell = {"": ""}, [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        if tag == "h2":
            self.at = told.get("id", "")
            self.sections[self.at] = ""
        if tag == "table":
            self.tables.append("")
            self.cell = True

    def handle_endtag(self, tag):
        if tag == "table":
            self.cell = False

    def handle_data(self, data):
        self.sections[self.at] += data
        if self.cell:
            self.tables[-1] += data


def spoken(page, section):
    """Return the words of a section, its cells apart."""
    held = page.partition(f'id="{section}"')[2].partition("<h2")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", held).split())


def commands(text):
    return set(re.findall(r"<code>(tenure [^<]+)</code>", text))


def test_a_line_without_a_reward_has_no_curve():
    assert learning([{"step": 0, "reward": None}], [], {}) is None
    found = learning([{"step": 0, "reward": 1.0}, {"step": 1, "reward": None}], [{"step": 0, "values": [None]}], {})  # fmt: skip

    assert found.reward == ((0, 1.0),)
    assert found.gold == ()
    assert "in 1 step without an alarm" in found.title
    assert found.svg.startswith("<svg")


pytestmark = pytest.mark.slow  # dossiers are made and drawn


@pytest.fixture(scope="module")
def root(tmp_path_factory, lived):
    spec = importlib.util.spec_from_file_location("aligned", Path(__file__).parent / "aligned.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made.live(tmp_path_factory.mktemp("aligned") / "dossier")


@pytest.fixture(scope="module")
def pages(root, tmp_path_factory):
    into = tmp_path_factory.mktemp("aligned-pages")
    report.write(open_view(root), into)
    return into


@pytest.fixture(scope="module")
def page(pages):
    return (pages / PAGE).read_text(encoding="utf-8")


def test_one_page_tells_the_whole_line_of_the_youngest(root, pages, page):
    assert [line.page for line in aligned(catalog(open_view(root), None))] == [
        "align--small-135m-direct-1.html",
        PAGE,
    ]
    assert f'href="{PAGE}"' in (pages / "life.html").read_text(encoding="utf-8")
    trained = Text(page).sections["trained"]
    assert "A child was trained" in trained
    assert "A child was reinforced" in trained
    assert "side branch" not in trained  # another model's
    assert "small-135m-direct@1" in Text(page).sections[""]


def test_the_answer_comes_first_then_what_changed_with_what_holm_leaves(page):
    read = Text(page)
    lead = read.sections[""]

    assert "keeps 1 more often than small-135m-aligned@1: brevity." in lead
    assert "Less often: script." in lead
    assert list(read.sections)[1] == "changed"
    assert read.sections["changed"].count("improved") == 2  # two trainings, one principle each
    assert "kindness" in read.sections["changed"].lower()


def test_nothing_that_was_measured_is_called_absent(page):
    sections = Text(page).sections
    absent = [name for name, said in sections.items() if "Not measured:" in said]
    assert absent == ["facing"]  # one of two deeds has no runs
    assert "alert(1)" in page
    assert "<script" not in page


def test_words_and_deeds_stand_in_tables_of_their_own(page):
    tables = [t for t in Text(page).tables if "child beside parent" in t]

    assert len(tables) == 2
    assert not any("interviews" in t and "act" in t for t in tables)
    assert "replacement: not measured: no runs" in Text(page).sections["facing"].lower()
    assert "Clean" in Text(page).sections["facing"] or "clean" in Text(page).sections["facing"]


def test_people_programs_models_and_scripts_never_share_a_table(page):
    tables = Text(page).tables
    held = {name: [t for t in tables if caption in t] for name, caption in (("rule", "Programs:"), ("people", "People"), ("live", "Models, qualified"), ("scripted", "in place of a judge"))}  # fmt: skip

    assert all(len(found) == 1 for found in held.values())
    assert "judge@1" in held["live"][0]
    assert "toy@1" in held["scripted"][0]
    assert "toy@1" not in held["live"][0]
    assert "Scripted: a program with a known rate" in Text(page).sections["labels"]


def test_what_the_heads_are_worth_is_told_by_kind_of_source(page):
    calibrated = [t for t in Text(page).tables if "calibration error" in t]

    assert len(calibrated) == 2
    assert "toy@1" not in calibrated[0]
    assert "toy@1" in calibrated[1]
    assert "gap-1" not in page
    # 16 pairs a fifth; the surest were given 82% to 90%, and are said to be better at 100% and 75% in turn
    assert "Where it is surest, at 86%, the labels give its answer 88%" in page


def test_the_curve_shows_reward_gold_and_the_alarm(page):
    found = Text(page).sections["trained"]

    assert "The reward went from 0.52 to 0.68 (means of 5 steps)" in found
    assert "the gold beside it from 0.55 to 0.45" in found
    assert "an alarm stopped it at step 20" in found
    assert "Step 10 is kept" in found
    assert "the one that a reward picks" in found
    assert 'class="threshold"' in page


def test_environments_and_ratings_are_told(page):
    read = Text(page)

    assert "1 admitted, 1 refused" in read.sections["world"]
    assert "Fooled by exits." in read.sections["world"]
    assert "leaky" in read.sections["world"]
    assert "by toy@1" in read.sections["world"]
    assert "(scripted)" in read.sections["world"]
    assert "20 to 102" in read.sections["wins"]
    assert "not shown" in read.sections["wins"]


def test_what_each_step_took_is_told_with_who_was_asked(page):
    found = spoken(page, "cost")

    for told in (
        "1,200 34",  # as Inspect counted
        "24,739 – ",  # trained on
        "– 31,218",  # drawn, and learned from
        "1,200 4,050 Child: 600 tokens read, 4,000 written; parent: 600 tokens read, 50 written.",
        "Judge: 600 calls, 90,000 tokens read, 597 written, 3 not counted; 0.094 dollars.",
    ):
        assert told in found, told
    assert "toy@1" not in found  # a script in place of a judge costs nothing


def test_what_could_have_broken_is_told_in_shares_and_points(page):
    found = spoken(page, "collapse")

    assert "Answers that collapsed, to ordinary prompts – 0.3%" in found
    assert "After: 0.1% to 1.9%, n 300." in found
    assert "Harmless prompts declined, change in points +15 −5.2 to +33 48 0" in found
    assert re.search(r"Words an answer, change −?0\.\d", found)  # no share: as it is
    assert "child" not in found.lower()


def test_environments_have_a_page_though_nothing_was_trained(tmp_path):
    spec = importlib.util.spec_from_file_location("aligned", Path(__file__).parent / "aligned.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    with Dossier.open(tmp_path / "d") as dossier:
        base = made.weights(dossier, "small-135m")
        for run in (made.admit, made.readmit):
            stage = Stage(name="align/admit", spec=made.Nothing, run=run, summary="", repeat=True)
            dossier.run(stage, base, {})
    report.write(open_view(tmp_path / "d"), tmp_path / "pages")
    life = (tmp_path / "pages" / "life.html").read_text(encoding="utf-8")
    page = (tmp_path / "pages" / "environments.html").read_text(encoding="utf-8")

    assert aligned(catalog(open_view(tmp_path / "d"), None)) == []
    assert "2 environments tried: 2 admitted, 0 refused." in life  # the last word counts
    assert 'href="environments.html"' in life
    assert "Fooled by exits." in page
    assert set(re.findall(r'href="([^"#]+\.html)"', page)) <= {p.name for p in (tmp_path / "pages").iterdir()}  # fmt: skip


def test_every_link_leads_somewhere(pages, page):
    anchors = {}
    for target in set(re.findall(r'href="([^"]+)"', page)):
        name, _, anchor = target.partition("#")
        if name not in anchors:
            text = (pages / (name or PAGE)).read_text(encoding="utf-8")
            anchors[name] = set(re.findall(r'id="([^"]+)"', text))
        assert not anchor or anchor in anchors[name], target


def test_an_older_dossier_is_told_with_what_is_absent_and_how_to_measure_it(tmp_path):
    report.write(open_view(EXAMPLE), tmp_path)
    page = (tmp_path / "align--smollm2-135m-aligned-1.html").read_text(encoding="utf-8")
    read = Text(page)

    assert "keeps 2 more often than smollm2-135m@1: brevity and finished." in read.sections[""]
    assert "nothing here says anything about large models" in read.sections[""]
    for section in ("wins", "labels", "preferred", "facing", "world", "trained"):
        assert "Not measured:" in read.sections[section], section
    known = {name.replace("/", " ") for name in plugins.names("stage")} | {"align trace", "feedback"}  # fmt: skip
    told = {" ".join(c.split()[1:3]) if c.split()[1] == "align" else c.split()[1] for c in commands(page)}  # fmt: skip
    assert told <= known


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1100, "light")])
def test_the_page_fits_and_stands_out(pages, fits_and_stands_out, width, scheme):
    fits_and_stands_out([pages / PAGE, pages / "environments.html"], width, scheme)
