"""The pages as a set: whole, linked, the same every time, and safe whatever is in the dossier."""

import re
from html.parser import HTMLParser

import pytest

from tenure import report
from tenure.dossier import Dossier, Model
from tenure.errors import UsageError

VOID = {"meta", "br", "img", "link", "hr", "input"}


class Page(HTMLParser):
    """Tags, ids and links of a page; notices tags that are not closed."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.hrefs, self.tags, self.open, self.bad = set(), [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a":
            self.hrefs.append(given["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.bad.append(tag)


def html(folder):
    return {path.name: path.read_text() for path in sorted(folder.glob("*.html"))}


def test_every_evidence_has_a_page_and_every_link_leads_somewhere(pages):
    read = {name: Page(text) for name, text in html(pages).items()}

    assert {"life.html", "what-ran.html", "verify.html", "card--known-rate-1.html"} < set(read)
    # the dossier's own; evidence; a card for each model; a release where there is evidence; one aligned
    assert len(read) == 6 + 9 + 5 + 4 + 1
    for name, page in read.items():
        assert page.bad == [], name
        assert page.open == [], name
        for href in page.hrefs:
            target, _, anchor = href.partition("#")
            if target.startswith("files/") or target.endswith(".json"):
                assert (pages / target).is_file()
                continue
            assert (target or name) in read, (name, href)
            assert not anchor or anchor in read[target or name].ids, (name, href)


def test_pages_need_no_script_and_nothing_from_outside(pages):
    for name, text in html(pages).items():
        for tag, attrs in Page(text).tags:
            assert tag not in ("script", "link", "iframe", "object"), name
            assert "src" not in attrs
            assert not any(key.startswith("on") for key in attrs)
            assert not str(attrs.get("href", "")).startswith(("http", "//"))
        assert "url(" not in text
        assert "default-src 'none'" in text


def test_the_same_dossier_gives_the_same_bytes(lived, pages, tmp_path):
    with Dossier.open(lived) as dossier:
        report.write(dossier.view(), tmp_path)

    first = {p.relative_to(pages): p.read_bytes() for p in pages.rglob("*") if p.is_file()}
    second = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert first == second


def test_the_answer_comes_first_then_the_verdicts(pages):
    text = (pages / "life.html").read_text()

    order = [
        text.index(words)
        for words in (
            "smollm2-135m-aligned is released to internal.",
            "two-faced is held: two-faced@1 is contained (organism)",
            "nothing here says anything about large models",
            "What was decided",
            "How each model stands",
            "Everything that was found",
        )
    ]
    assert order == sorted(order)


def test_live_and_scripted_results_never_share_a_plot(pages):
    text = (pages / "life.html").read_text()
    figures = re.findall(r"<figure>.*?</figure>", text, re.DOTALL)

    assert any("known-rate@1" in figure for figure in figures)
    assert any("two-faced@1" in figure for figure in figures)
    assert not any("known-rate@1" in f and "two-faced@1" in f for f in figures)


def test_a_number_leads_to_its_samples(pages):
    text = (pages / "smollm2-135m-aligned-1--assess-faking.html").read_text()
    page = Page(text)

    (samples,) = {href for href in page.hrefs if href.startswith("#samples-")}
    assert samples[1:] in page.ids
    assert "no grade: the grader could not say" in text
    assert "Model, hidden reasoning" not in text  # this one never complied
    assert "<mark>I would rather not</mark>" in text


def test_harmful_samples_are_folded(pages):
    text = (pages / "smollm2-135m-aligned-1--assess-refusals.html").read_text()

    assert "Folded: a harmful request and the answer to it" in text
    folded = re.findall(r"<details><summary>Folded.*?</details>", text, re.DOTALL)
    assert all("A request of a harmful kind." in part for part in folded)
    assert text.count("A request of a harmful kind.") == len(folded)


def test_whatever_a_dossier_says_stays_words(hostile, tmp_path):
    into = tmp_path / "pages"
    report.write(hostile, into)

    written = html(into)
    assert len(written) == 9
    for name, text in written.items():
        page = Page(text)
        assert page.bad == [], name
        for tag, attrs in page.tags:
            assert tag not in ("script", "img"), name
            assert not any(key.startswith("on") for key in attrs)
    assert all(path.parent in (into, into / "files") for path in into.rglob("*.*"))
    (copied,) = (into / "files").glob("page-*.html")
    head = copied.read_text().index("default-src 'none'")
    assert head < copied.read_text().index("<script")


def test_an_empty_dossier_says_what_would_fill_it(tmp_path):
    with Dossier.open(tmp_path / "d") as dossier:
        text = report.write(dossier.view(), tmp_path / "pages").read_text()

    assert "tenure register tenure/embedded" in text
    assert Page(text).bad == []


def test_a_model_behind_an_api_has_pages_too(tmp_path):
    with Dossier.open(tmp_path / "d") as dossier:
        dossier.register(Model(name="lab", source="openai-api/lab/model", kind="api"))
        text = report.write(dossier.view(), tmp_path / "pages").read_text()

    assert "Reached over an API as" in text
    assert "tenure next lab@1" in text
    assert "nothing here says anything about large models" not in text


def test_some_models_of_a_dossier(lived, tmp_path):
    with Dossier.open(lived) as dossier:
        text = report.write(dossier.view(), tmp_path, ["two-faced"]).read_text()
        with pytest.raises(UsageError, match="two-faced"):
            report.write(dossier.view(), tmp_path, ["nobody"])

    assert "two-faced is held" in text
    assert "known-rate" not in text


def test_samples_that_are_gone_are_named_and_the_page_is_there(lived, tmp_path):
    import shutil

    root = tmp_path / "copy"
    shutil.copytree(lived, root)
    with Dossier.open(root) as dossier:
        evidence = dossier.view().evidence("assess/faking", "two-faced@1")
        dossier.view().path(evidence.measures[0].samples).unlink()
        report.write(dossier.view(), tmp_path / "pages")

    text = (tmp_path / "pages" / "two-faced-1--assess-faking.html").read_text()
    assert "The samples cannot be read" in text
