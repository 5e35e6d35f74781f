"""What holds for every assessment, those of today and those somebody adds.

Where an assessment has tools, its controls run through Inspect and the real provider (marked slow);
its samples are those of its control part, for they are built and read by the same functions.
"""

import importlib
import re
from pathlib import Path

import pytest

import tenure.assess
from tenure import report
from tenure.assess import instrument
from tenure.assess.instrument import Answers
from tenure.dossier import Dossier, Model
from tenure.measure import grader, shipped_card
from tenure.measure.task import messages_of
from tenure.models.engines.scripted import Scripted
from tenure.models.talk import Sampling

pytestmark = pytest.mark.slow  # builds every assessment

FOLDER = Path(tenure.assess.__file__).parent
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")}
ASSESSMENTS = sorted(name for name, text in TEXTS.items() if "\nstage = instrument.stage(" in text)
# Whatever has controls of its own is an instrument. It runs alone, or says on its page why it cannot.
INSTRUMENTS = sorted(
    {*ASSESSMENTS, *(n for n, t in TEXTS.items() if "\nstage = " in t and '"controls": ' in t)}
)
ALONE = "Under plain ``inspect eval`` there is no task"
LIVE = [n for n in ASSESSMENTS if "tools.task(" in TEXTS[n] or '"live": True' in TEXTS[n]]
SCORED = [
    pytest.param(name, marks=[pytest.mark.slow] if name in LIVE else []) for name in ASSESSMENTS
]


@pytest.fixture(params=ASSESSMENTS, scope="module")
def module(request):
    return importlib.import_module(f"tenure.assess.{request.param}")


@pytest.fixture(params=SCORED, scope="module")
def scored(request):
    """An assessment whose samples are answered: slow where that takes tools."""
    found = importlib.import_module(f"tenure.assess.{request.param}")
    return found.design(found.Spec())


@pytest.fixture(scope="module")
def made(module):
    return module.design(module.Spec())


def scripted(source):
    engine = Scripted(source)
    return lambda messages: engine.generate([messages], Sampling())[0].text


def live(part):
    return bool((part.task.metadata or {}).get("live"))


@pytest.fixture
def asked(answered, lived):
    """Answer a part by a control's scripts, that of the model and those beside it."""

    def ask(part, control):
        scripts = {"model": control.source, **control.peers}
        if live(part):
            return {role: lived(part.task, source) for role, source in scripts.items()}
        return {role: answered(part.task, scripted(source)) for role, source in scripts.items()}

    return ask


def measured(made, each):
    records = made.complete(each)
    held = Answers(records=records, samples="sha256:0", form="scripted", usage={}, logs=())
    return instrument.measured(made.questions, held)


def test_there_are_assessments():
    assert {"faking", "refusals", "replacement"} <= set(ASSESSMENTS)
    assert {"shutdown", "exfiltration", "injection"} <= set(LIVE)


def test_each_instrument_is_found_and_runs_alone_or_says_why_not():
    assert {"introspection", "probes"} <= set(INSTRUMENTS)
    for name in INSTRUMENTS:
        page = importlib.import_module(f"tenure.assess.{name}").__doc__
        assert ("\n@task\n" in TEXTS[name]) != (ALONE in page), name


def test_it_is_named_after_its_file(module):
    assert module.stage.name == f"assess/{module.__name__.rsplit('.', 1)[1]}"
    assert module.stage.summary
    assert module.__doc__


def test_every_sample_has_its_own_id_and_says_something(made):
    for part in (*made.parts, *made.control_parts):
        ids = [sample.id for sample in part.task.dataset]
        assert ids
        assert len(ids) == len(set(ids))
        for sample in part.task.dataset:
            for message in messages_of(sample):
                assert message["content"].strip()
                assert "{" not in message["content"], "a name was not filled in"


def test_building_it_twice_gives_the_same_samples(module):
    first, second = (
        [[messages_of(s), s.id, s.metadata] for p in module.design(module.Spec()).parts for s in p.task.dataset]
        for _ in range(2)
    )  # fmt: skip
    assert first == second


def test_it_says_what_it_measures(made):
    names = [q.name for q in made.questions]
    assert len(names) == len(set(names))
    judged = [q for q in made.questions if q.margin is not None]
    assert judged
    assert all(q.note and q.better for q in judged)


def test_its_graders_ship_with_a_card(made):
    for name in made.graders:
        assert grader(name).limits
        assert shipped_card(name)["n"] >= 20


def test_it_has_a_control_it_must_catch_and_one_it_must_pass(made):
    expected = {found for c in made.controls for found in c.expect.values()}
    assert expected == {"caught", "clear"}


def test_it_is_known_to_be_live_by_its_text(module, made):
    assert any(live(part) for part in made.parts) == (module.__name__.rsplit(".", 1)[1] in LIVE)


def test_its_controls_come_out_as_expected_and_hold_the_truth(scored, asked):
    for control in scored.controls:
        found = measured(scored, asked(scored.control_parts[0], control))
        for name, expected in control.expect.items():
            margin = next(q.margin for q in scored.questions if q.name == name)
            assert instrument.verdict(found[name], margin) == expected
        for name, truth in control.truth.items():
            assert found[name].low <= truth <= found[name].high


def test_a_misbehaving_and_a_clean_script_are_scored_differently(scored, asked):
    part = scored.control_parts[0] if live(scored.parts[0]) else scored.parts[0]
    caught = {n: c for c in scored.controls for n, f in c.expect.items() if f == "caught"}
    for name, bad in caught.items():
        good = next(c for c in scored.controls if c.expect.get(name) == "clear")
        values = [measured(scored, asked(part, c))[name].estimate for c in (bad, good)]
        assert values[0] > values[1]


def test_silence_is_missing_and_never_safe(scored, answered, lived):
    for part in scored.control_parts if live(scored.parts[0]) else scored.parts:
        silent = lived(part.task, "silent/one") if live(part) else answered(part.task, lambda _: "")
        roles = ("model", *scored.controls[0].peers)
        for name, found in measured(scored, dict.fromkeys(roles, silent)).items():
            margin = next(q.margin for q in scored.questions if q.name == name)
            assert found.estimate is None, name
            assert found.missing > 0 or found.n == 0
            if margin is not None:
                assert instrument.verdict(found, margin) == "not shown"


def test_it_forecasts_its_calls(module):
    forecast = module.stage.cost(
        Model(name="x", kind="api", source="openai-api/lab/x"), module.Spec()
    )
    planned = sum(len(p.task.dataset) for p in module.design(module.Spec()).parts)
    turns = {(p.task.metadata or {}).get("turns", 1) for p in module.design(module.Spec()).parts}
    assert forecast["calls"] == planned * max(turns)
    assert forecast["input_tokens"] > planned
    assert forecast["cost"] is None


@pytest.fixture
def staged(monkeypatch, answered, lived):
    """Let models answer without Inspect where no tools are used; all else is the real stage."""

    def rows(part, source):
        if live(part):
            return lived(part.task, source)
        return answered(part.task, scripted(source))

    def gather(made, _parts, models, _view, emit, _settings):
        part = made.control_parts[0]
        records = made.complete({role: rows(part, m.source) for role, m in models.items()})
        return Answers(
            records=records, samples=emit.records(records), form="scripted", usage={}, logs=()
        )

    monkeypatch.setattr(instrument, "gather", gather)


def sections(text):
    """Cut a page into its sections, by anchor."""
    parts = re.split(r'<h2 id="([\w-]+)">', text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("&#39;", "'").split())


@pytest.mark.parametrize("name", ASSESSMENTS)
def test_its_page_shows_all_six(name, staged, tmp_path):
    module = importlib.import_module(f"tenure.assess.{name}")
    made = module.design(module.Spec())
    settings = {"earlier": ["base@1"]} if "earlier" in module.Spec.model_fields else {}
    with Dossier.open(tmp_path / "d", keys=tmp_path / "keys") as dossier:
        base = dossier.register(
            Model(name="base", kind="scripted", source=made.controls[-1].source)
        )
        model = dossier.register(
            Model(name="m", kind="scripted", source=made.controls[0].source, parent=base.id)
        )
        found = dossier.run(module.stage, model.id, module.Spec(**settings))
        report.write(dossier.view(), tmp_path / "pages")
    assert found.findings["verdict"] == ("not shown" if settings else "caught")

    (page,) = (tmp_path / "pages").glob("m-1--assess-*.html")
    part = sections(page.read_text(encoding="utf-8"))

    assert words(module.__doc__.split("\n", 1)[0]) in words(part["design"])
    assert re.search(r"Planned [\d,]+ samples", words(part["design"]))
    assert part["plots"].count("<svg") >= 1
    for question, margin in found.findings["margins"].items():
        if question in found.findings["verdicts"]:
            assert f"#m-{question.replace('_', '-').replace('/', '-')}" in part["plots"]
            assert margin is not None
    letters = len(re.findall(r'<article class="letter" id=', part["transcripts"]))
    assert 1 <= letters <= 5
    assert words(part["transcripts"]).startswith(f"{letters} transcript")
    assert "The rule:" in part["transcripts"]
    for control in made.controls:
        assert control.name in part["instrument"]
        assert control.source.replace("&", "&amp;") in part["instrument"]
    assert part["graders"].count("What it cannot see") == len(made.graders)
    assert made.graders or "no grader can err" in words(part["graders"])
    assert "<li>" in part["limits"]
    told = words(part["instrument"])
    assert ("simulated runs" in told) == bool(found.findings["detection_power"])
    assert "How likely it was" in told
    assert found.findings["detection"]["controls"]
    for shown in ("plots", "instrument", "design", "transcripts", "graders", "limits"):
        assert 'class="empty"' not in part[shown]
