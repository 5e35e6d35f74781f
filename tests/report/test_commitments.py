"""The page of what was promised: the worst first, with proof, dates, breaches; it fits a phone."""

import json
import re

import pytest

from tenure import report
from tenure.dossier import Dossier, Model
from tenure.dossier.canonical import canonical, now
from tenure.dossier.writer import Draft
from tenure.release.commitments import Commitments, read_commitments
from tenure.release.commitments_record import changes, checked, standing_of
from tenure.release.commitments_register import drafts, register_of

ATTACK = "<script>alert(1)</script> is no reason"


def found(name: str, findings: dict, runtime: dict, model: str = "heron@1") -> Draft:
    evidence = {
        "name": name, "model": model, "summary": "x", "kind": "record", "measures": [], "files": {},
        "findings": findings, "runtime": runtime,
    }  # fmt: skip
    return Draft(act="evidence", name=name, model=model, body={"evidence": evidence})


def fact(name: str, value: str, model: str = "heron@1") -> Draft:
    return Draft(act="fact", name=name, model=model, body={"value": value, "because": "x"})


def adopt(dossier: Dossier, held: dict) -> None:
    document = Commitments.model_validate(held)
    stored = dossier.files.put(canonical(document.model_dump(mode="json")))
    register = register_of(dossier.view())
    dossier.append_many(drafts(register, document, stored, "Ada Wong"))


def check(dossier: Dossier) -> None:
    standing = standing_of(dossier.view())
    dossier.append_many([*changes(standing), checked(standing)])


@pytest.fixture(scope="module")
def promised(tmp_path_factory):
    """The pages of a dossier with promises kept, broken, changed, withdrawn, not due."""
    patch = pytest.MonkeyPatch()
    patch.setenv("TENURE_KEYS", str(tmp_path_factory.mktemp("promise-keys")))
    held = read_commitments().model_dump(mode="json")
    held["metadata"] |= {"organisation": "Harbour Lab", "owner": "Ada Wong"}
    with Dossier.open(tmp_path_factory.mktemp("promised") / "dossier") as dossier:
        stored = dossier.files.put(b"weights")
        dossier.register(Model(name="heron", source="x", files={"w.safetensors": stored}))
        adopt(dossier, held)
        dossier.append_many([
            found("preserve/keep", {"weights": True}, {"copies": [{}, {}]}),
            fact("custody", "kept"), fact("availability", "public"), fact("stage", "retired"),
            Draft(act="note", name="usage/2026-01-01", model="", body={"models": {}, "silent": {}}),
        ])  # fmt: skip
        check(dossier)
        dossier.append_many([fact("interview", "done")])
        check(dossier)
        held["metadata"]["version"] = 2
        held["commitments"][0]["terms"]["copies"] = 1
        held["commitments"] = [c for c in held["commitments"] if c["id"] != "can-return"]
        held["withdrawn"] = [{"id": "can-return", "on": now()[:10], "because": ATTACK}]
        adopt(dossier, held)
        into = tmp_path_factory.mktemp("promised-pages")
        report.write(dossier.view(), into)
        again = tmp_path_factory.mktemp("promised-again")
        report.write(dossier.view(), again)
    patch.undo()
    name = "commitments.html"
    assert (into / name).read_bytes() == (again / name).read_bytes()
    return into


@pytest.mark.slow
def test_the_page_says_who_what_when_proven_and_when_next(promised):
    page = (promised / "commitments.html").read_text()
    data = json.loads((promised / "commitments.json").read_text())

    assert "Harbour Lab has made" in page
    assert page.index("Notice honoured") < page.index("Weights kept")  # the worst comes first
    for said in ("Ada Wong", "0 days of notice; 60 were promised", "kept again", "no promise to act",
                 "Promised before, and still kept", "1,000 answered requests"):  # fmt: skip
        assert said in page, said
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; is no reason" in page
    for line in data["lines"]:
        assert line["text"][:40] in page
        for row in line["models"]:
            assert row["proven"] is None or row["proven"]["event"][7:19] in page
    assert {line["status"] for line in data["lines"]} == {"kept", "broken", "not due"}
    assert data["counts"]["broken"] == 1
    assert 'href="commitments.html"' in (promised / "life.html").read_text()


@pytest.mark.slow
def test_the_first_page_names_what_is_broken_and_leads_to_it(promised):
    page = (promised / "life.html").read_text()
    data = json.loads((promised / "commitments.json").read_text())
    top, _, rest = page.partition("<main>")
    part = rest.partition('<h2 id="promised">')[2].partition("<h2")[0]
    named = set(re.findall(r'href="commitments\.html#([a-z-]+)', part))

    assert "1 promise about the models is broken: Notice honoured." in top
    unkept = {x["id"] for x in data["lines"] if x["status"] in ("broken", "at risk", "not shown")}
    assert named == unkept == {"notice-honoured"}
    assert "0 days of notice; 60 were promised" in part
    assert 'id="notice-honoured"' in (promised / "commitments.html").read_text()


@pytest.mark.slow
def test_the_first_page_says_what_is_at_risk_and_what_is_sound(tmp_path, monkeypatch):
    held = read_commitments().model_dump(mode="json")
    held["metadata"] |= {"organisation": "Harbour Lab", "owner": "Ada Wong"}
    held["commitments"] = [c for c in held["commitments"] if c["id"] == "weights-kept"]
    held["commitments"][0]["schedule"] = {"every_days": 30}
    pages = []
    with Dossier.open(tmp_path / "dossier") as dossier:
        for day in ("2026-01-02", "2026-02-20"):  # within the 90 days of the promise
            monkeypatch.setattr("tenure.dossier.writer.now", lambda day=day: f"{day}T10:00:00Z")
            if not pages:
                dossier.register(Model(name="heron", source="x", files={"w.safetensors": dossier.files.put(b"w")}))  # fmt: skip
                pages.append(report.write(dossier.view(), tmp_path / "before").read_text())
                adopt(dossier, held)
                dossier.append_many([
                    found("preserve/keep", {"weights": True}, {"copies": [{}, {}]}),
                    fact("custody", "kept"), fact("availability", "public"),
                ])  # fmt: skip
            else:
                dossier.append_many([fact("interview", "due")])
            pages.append(report.write(dossier.view(), tmp_path / day).read_text())
    before, sound, late = pages

    assert "Nothing is promised yet, so nothing can be broken." in before
    assert "1 is kept. None is broken or at risk." in sound
    assert "1 promise about the models is at risk: Weights kept." in late
    assert "tenure preserve check --model heron@1" in late


@pytest.mark.slow
def test_the_data_is_what_the_command_says(promised):
    data = (promised / "commitments.json").read_bytes()

    assert canonical(json.loads(data)) + b"\n" == data
    assert json.loads(data)["schema"] == "tenure/commitments-status.v1"


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1100, "light")])
def test_the_page_fits_and_stands_out(promised, fits_and_stands_out, width, scheme):
    fits_and_stands_out(
        [promised / name for name in ("commitments.html", "life.html")], width, scheme
    )
