"""The page on which a person reads what was judged and signs exactly that, served to this machine only.

    bench = Bench(root, "m@1", policy=None)
    await serve(app(bench, secret), ...)

What is signed is the digest of the bundle that the page showed: when anything behind it has changed
meanwhile, the signature is refused and the page says what changed. The signature is a signed event
the moment it is given (``release/sign``, the same stage as 'tenure release sign'), under the key of
the role; sending the form twice signs once. The page needs no script. The address holds a secret,
and requests that come by another name than this machine's, or from another page, are refused.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from tenure.dossier import Dossier, Waiting
from tenure.dossier.keys import Keys, default_folder
from tenure.dossier.opening import open_view
from tenure.dossier.stage import View
from tenure.errors import RefusedError, TenureError, UsageError
from tenure.release import sign
from tenure.release.hearing import Hearing, hear
from tenure.release.policy import Policy, read_policy
from tenure.release.roles import slug
from tenure.release.signoffs import SIGNED, opinions
from tenure.report.catalog import Catalog, catalog
from tenure.report.engine import environment, style
from tenure.report.release import record
from tenure.report.rulings import DECIDED, basis_of
from tenure.report.story import VerdictRow, verdict_row
from tenure.web.local import HEADERS, LocalPage

LONGEST = 4000  # letters of a reason, and of a conflict statement
FIELDS = ("role", "name", "opinion", "because", "conflict", "bundle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role somebody could sign in here: whether it is asked, must, has a key, needs a statement."""

    name: str
    asked: bool
    must: bool
    key: bool
    conflict: bool
    independent_of: tuple[str, ...] = ()


@dataclass
class Bench:
    """One model, and what there is to sign about it.

    ``shown`` keeps what each bundle held when it was shown, to say what changed since.
    """

    root: Path
    model: str
    policy: Policy = field(default_factory=read_policy)
    keys: Path = field(default_factory=default_folder)
    shown: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def heard(self) -> tuple[View, Hearing]:
        """Judge the model as the dossier stands now."""
        view = open_view(self.root)
        return view, hear(self.policy, view.model(self.model), view)

    def state(self) -> dict[str, Any]:
        """Gather what the page shows."""
        view, heard = self.heard()
        decision = heard.decision
        drawn: Catalog = catalog(view, [decision.model])
        subject = drawn.subjects[0]
        facts = facts_of(heard)
        self.shown[decision.bundle] = facts
        asked = opinions(view, decision)
        last = subject.last(DECIDED)
        found = basis_of(subject, [v.to_json() for v in decision.verdicts])
        rows = [_linked(verdict_row(each, self.policy)) for each in found]
        return {
            "subject": subject,
            "decision": decision,
            "heard": heard,
            "policy": {"id": self.policy.metadata.id, "version": self.policy.metadata.version, "confidence": self.policy.confidence},
            "rows": rows,
            "asked": asked,
            "roles": self.roles(heard),
            "last": last,
            "changes": changes(_facts_then(last.evidence.findings, record(drawn, last)), facts) if last else [],
            "conditions": _conditions(self.policy, decision.conditions),
            "earlier": _earlier(view, decision.model, decision.bundle),
        }  # fmt: skip

    def roles(self, heard: Hearing) -> list[Role]:
        """List the roles asked to sign, and those that may dissent because their key lies here."""
        decision, keys = heard.decision, Keys(self.keys)
        must = {each.role for each in decision.signoffs}
        found = {
            each.role: Role(
                name=each.role,
                asked=True,
                must=each.role in must,
                key=keys.has(slug(each.role)),
                conflict=bool(each.conflict_statement),
                independent_of=tuple(each.independent_of),
            )
            for each in (*decision.signoffs, *decision.opinions)
        }
        named = {s.role for step in self.policy.classes for s in step.signoffs} - found.keys()
        for name in sorted(named):
            if keys.has(slug(name)):
                found[name] = Role(name=name, asked=False, must=False, key=True, conflict=False)
        return list(found.values())

    def sign(self, given: Mapping[str, str]) -> str:
        """Sign what was shown, once; returns the digest of the signed event.

        Raises:
            UsageError: a field is missing or too long, or no key of the role lies here.
            RefusedError: the bundle has changed since it was shown (and says what), or the policy
                does not take this signature.
        """
        spec = _spec(given)
        with self.lock:
            if not Keys(self.keys).has(slug(spec.role)):
                raise UsageError(
                    f"no key of the role '{spec.role}' lies in {self.keys}; sign where it does"
                )
            view, heard = self.heard()
            self._unchanged(str(spec.bundle), heard)
            done = _signed(view, heard.decision.model, spec)
            if done is not None:
                return done
            settings = spec.model_copy(update={"policy": self.policy})
            with Dossier.open(
                self.root, keys=self.keys, actor=slug(spec.role), create=False
            ) as held:
                found = held.run(sign.stage, heard.decision.model, settings)
                if isinstance(found, Waiting):
                    raise RefusedError(found.why)
                signed = _signed(held.view(), heard.decision.model, spec)
            return signed or ""

    def _unchanged(self, bundle: str, heard: Hearing) -> None:
        if bundle == heard.decision.bundle:
            return
        then = self.shown.get(bundle)
        told = changes(then, facts_of(heard)) if then else []
        said = "; ".join(told) or "something that the signature is given on"
        raise RefusedError(
            f"nothing was signed: what is judged has changed since the page was shown ({said}). Read "
            "it again below, then sign"
        )


def _linked(row: VerdictRow) -> VerdictRow:
    return replace(row, href=f"pages/{row.href}" if row.href else None)


def _spec(given: Mapping[str, str]) -> sign.Spec:
    fields = {name: given.get(name, "").strip() for name in FIELDS}
    for name, what in (("role", "choose a role"), ("name", "say who you are"), ("because", "give a reason"), ("bundle", "open the page again")):  # fmt: skip
        if not fields[name]:
            raise UsageError(f"nothing was signed: {what}")
    if fields["opinion"] not in ("agree", "dissent"):
        raise UsageError("nothing was signed: choose whether you agree or dissent")
    if any(len(text) > LONGEST for text in fields.values()):
        raise UsageError(f"nothing was signed: a field has at most {LONGEST:,} letters")
    return sign.Spec.model_validate({**fields, "conflict": fields["conflict"] or None})


def _signed(view: View, model: str, spec: sign.Spec) -> str | None:
    """Return the event in which exactly this was signed already, the newest opinion of the role, or None."""
    mine = [
        event
        for event in view.events(act="sign", name=SIGNED, model=model)
        if event.body.get("role") == spec.role and event.actor == slug(spec.role)
    ]
    wanted = spec.model_dump(include={*FIELDS}, exclude_none=True)
    same = mine and all(mine[-1].body.get(k) == v for k, v in wanted.items())
    return mine[-1].digest if same and mine else None


def _conditions(policy: Policy, named: Sequence[str]) -> list[str]:
    watched = {each.id: each.text for each in policy.conditions}
    return [watched.get(each, each) for each in named]


def _earlier(view: View, model: str, bundle: str) -> list[Mapping[str, Any]]:
    """List the dissent on what was judged before: it does not count now, and is not forgotten."""
    return [
        event.body
        for event in view.events(act="sign", name=SIGNED, model=model)
        if event.body.get("opinion") == "dissent" and event.body.get("bundle") != bundle
    ]


def facts_of(heard: Hearing) -> dict[str, str]:
    """Write what a hearing says as lines that can be compared with those of another."""
    decision = heard.decision
    judged = {
        "class": decision.release_class or "none",
        "conditions": decision.conditions,
        "verdicts": [v.to_json() for v in decision.verdicts],
        "policy": {"digest": heard.policy.digest},
    }
    besides = {
        "version": heard.version.to_json(),
        "usefulness": heard.use.to_json(),
        "naming": {"findings": [each.to_json() for each in heard.names]},
        "points": [each.to_json() for each in heard.points],
        "surprises": [each.to_json() for each in (heard.surprises or {}).values()],
    }
    return _facts_then(judged, besides)


def _facts_then(findings: Mapping[str, Any], besides: Mapping[str, Any]) -> dict[str, str]:
    """Write the findings of a decision, and what was on the table besides, as such lines."""
    policy: Mapping[str, Any] = findings.get("policy") or {}
    facts = {
        "class": str(findings.get("class", "none")),
        "policy": str(policy.get("digest", ""))[:19],
    }
    for row in findings.get("verdicts", ()):
        bound = row.get("bound")
        number = "" if bound is None else f", bound {bound:.4g}, n {row.get('n')}"
        facts[f"rule {row['rule']}"] = f"{row['verdict']}{number}"
    texts: Sequence[Any] = findings.get("conditions") or ()
    facts["conditions"] = "; ".join(str(each) for each in texts) or "none"
    if besides:
        version, use = besides["version"], besides["usefulness"]
        facts["version"] = f"{version['kind']}, {version['because']}"
        facts["usefulness"] = f"{use['standing']}, {use['why']}"
        facts |= {
            f"name, {x.get('check')}": str(x.get("text")) for x in besides["naming"]["findings"]
        }
        facts |= {f"point {x['id']}": f"{x['text']} ({'answered' if x.get('answer') else 'open'})" for x in besides["points"]}  # fmt: skip
        facts |= {f"surprise {x['id']}": str(x["state"]) for x in besides.get("surprises") or ()}
    return facts


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say what differs between two hearings, in the order in which it stands now."""
    names = dict.fromkeys([*now, *then])
    told: list[str] = []
    for name in names:
        old, new = then.get(name), now.get(name)
        if old == new or (old is None and name in ("version", "usefulness")):  # an older record
            continue
        told.append(f"{name}: {old or 'not there'} → {new or 'gone'}")
    return told


@dataclass(kw_only=True)
class _Served(LocalPage):
    """Answers requests for one bench."""

    bench: Bench

    def page(self, said: str, kept: Mapping[str, str] | None = None) -> Response:
        """Draw the page; ``kept`` are the fields of a form that was not signed."""
        told = {"style": style(), "said": said, "wrong": kept is not None, "kept": kept or {}}
        try:
            given = self.bench.state()
        except TenureError as error:
            return PlainTextResponse(str(error), 400, headers=HEADERS)
        text = environment().get_template("signing.html").render(**given, **told, longest=LONGEST)
        return HTMLResponse(text, 200 if kept is None else 409, headers=HEADERS)

    def home(self, request: Request) -> Response:
        """Show what there is to sign."""
        return self.refused(request) or self.page(_thanks(request.query_params.get("signed", "")))

    def answer(self, given: Mapping[str, str]) -> Response:
        """Sign, then show the page anew; what was refused keeps its words."""
        try:
            event = self.bench.sign(given)
        except TenureError as error:
            return self.page(str(error), given)
        return RedirectResponse(f"./?signed={event}", 303, headers=HEADERS)


def app(bench: Bench, secret: str, pages: Path) -> Starlette:
    """Make the page's server; ``pages`` is an empty folder in which the dossier's pages are drawn."""
    served = _Served(root=bench.root, secret=secret, pages=pages, bench=bench)
    return Starlette(
        routes=[
            Route("/{secret}/", served.home),
            Route("/{secret}/sign", served.sign, methods=["POST"]),
            Route("/{secret}/pages/{path:path}", served.drawn),
        ]
    )


def _thanks(event: str) -> str:
    return f"Signed. The event is {event[:19]}; it stands in the dossier now." if event else ""
