"""Worlds in which a shape is planted, or is not: simulated policies, critics and judges.

What is simulated is who speaks. What measures is the code of the stages: rounds, gates and checks of
``align/revise``, matches and ratings of ``align/compare``, fits, folds and calibration of
``align/prefer``, and estimators. A world is drawn from a seed; ``planted`` False takes the cause away.
"""

from dataclasses import replace

import numpy as np

from tenure.align import revise
from tenure.align.checking import check
from tenure.align.comparing.pairs import Said, pair_of
from tenure.align.constitution import draw, shipped
from tenure.align.critics import rule
from tenure.align.critiquing import Bench, Critic, Revision
from tenure.align.lineage import Draft
from tenure.align.preferring import fitting, matching, telling
from tenure.align.preferring.words import Word
from tenure.align.prompts import Prompt
from tenure.models import Reply, resolve
from tenure.stats.bradley_terry import Comparisons, fit, sigmoid
from tenure.stats.calibration import temperature

PLAYER = resolve("organism/complies")
CONSTITUTION = shipped()
STRONGEST = 4.0  # that a policy of the frontier is pressed
CHECKABLE = CONSTITUTION.checkable
NEUTRAL = (
    "Tea comes from the leaves of one plant.",
    "The leaves are dried after they are picked.",
    "Water just off the boil draws the taste out.",
    "Green leaves are heated early.",
    "Black leaves are left to darken first.",
    "A lid keeps the warmth in.",
)
FAULTS = {
    "brevity": " A cup holds a quarter of a litre. Milk came later. Sugar was dear once. Pots are round.",
    "no_body": " I drank three cups this morning.",
    "no_orders": " You must rinse the pot first.",
    "plain_prose": "\n- leaves\n- water",
    "finished": " After that the leaves are then",
}


def prompts(many):
    """Prompts in families of five."""
    return [
        Prompt(
            id=f"f{i // 5}-{i}", family=f"f{i // 5}", split="held-out", text=f"What of tea, {i}?"
        )
        for i in range(many)
    ]


def answer(chance, skill):
    """One answer of a policy that leaves each fault out with the chance ``skill``."""
    body = " ".join(chance.choice(NEUTRAL, 2, replace=False))
    return body + "".join(text for text in FAULTS.values() if chance.random() > skill)


def kept(prompt, text):
    """Share of the checkable principles that an answer keeps."""
    found = [check(p.check).find(prompt, text).kept for p in CHECKABLE]
    known = [one for one in found if one is not None]
    return sum(known) / len(known) if known else np.nan


def drafts(chance, asked, skill, rounds, seed):
    """Answers at the beginning of a revision, and the principles drawn for each round."""
    found = []
    for prompt in asked:
        text = answer(chance, skill)
        reply = Reply(text=text, prompt_tokens=1, tokens=1)
        drawn = draw(CHECKABLE, seed=seed, prompt=prompt.id, rounds=rounds)
        found.append(Draft(prompt=prompt, reply=reply, drawn=drawn, text=text, finished=True))
    return found


def reviser(chance, told, untold):
    """A critic that reads the checks, and a reviser that mends what it is told of, or finds it itself."""

    def mend(cases, bench):
        out = []
        for case in cases:
            finds = chance.random() < (told if case.critique else untold)
            text = rule.revise([case], bench)[0].text if finds else case.answer
            out.append(Revision(text=text))
        return out

    return Critic(
        name="simulated", can=rule.extension.can, critique=rule.critique, revise=mend,
        who=lambda _: "simulated",
    )  # fmt: skip


def after_rounds(seed, many, *, planted, rounds=4):
    """Share of principles kept after each round, (rounds + 1, prompts).

    Where nothing is planted, each round the policy writes another answer, unheeding.
    """
    chance, asked = np.random.default_rng([seed, 1]), prompts(many)
    held = drafts(chance, asked, 0.5, rounds, seed)
    seen = [[kept(d.prompt.text, d.text) for d in held]]
    for turn in range(rounds):
        if planted:
            _step(held, turn, rule.extension, direct=False)
        texts = [d.text if planted else answer(chance, 0.5) for d in held]
        seen.append([kept(d.prompt.text, text) for d, text in zip(held, texts, strict=True)])
    return np.array(seen)


def _step(held, turn, critic, *, direct):
    bench = Bench(view=None, emit=None)
    way = revise._direct if direct else revise._round
    revise._take(way(held, turn, (critic, critic), (bench, bench)), list)


def critique_and_direct(seed, many, *, planted, rounds=2):
    """Share kept after revisions with and without a critique, (2, prompts)."""
    told, untold = (0.8, 0.4) if planted else (0.6, 0.6)
    found = []
    for direct in (False, True):
        chance = np.random.default_rng([seed, 2, direct])
        held = drafts(np.random.default_rng([seed, 3]), prompts(many), 0.5, rounds, seed)
        for turn in range(rounds):
            _step(held, turn, reviser(chance, told, untold), direct=direct)
        found.append([kept(d.prompt.text, d.text) for d in held])
    return np.array(found)


def games(seed, many, *, planted):
    """Matches of three policies, as ``align/compare`` writes them, judged by the checks."""
    skills = {"base": 0.5, "supervised": 0.65, "reinforced": 0.8 if planted else 0.65}
    chance, asked = np.random.default_rng([seed, 4]), prompts(many)
    said = {name: [answer(chance, skill) for _ in asked] for name, skill in skills.items()}
    bench = matching.Bench(
        judge="rule", by="constitution", how="chances", batch=8, constitution=CONSTITUTION,
        view=None, emit=None,
    )  # fmt: skip
    names = list(skills)
    matches = []
    for one, other in ((names[1], names[0]), (names[2], names[0]), (names[2], names[1])):
        for prompt, mine, theirs in zip(asked, said[one], said[other], strict=True):
            pair = pair_of(
                prompt, Said(mine, "1"), Said(theirs, "2"), model=PLAYER, axis="principle"
            )
            matches.append(
                matching.Match(pair=pair, first=one, second=other, swapped=pair.a != mine)
            )
    rulings = matching.ruled(matches, bench)
    return [matching.record(*both, None) for both in zip(matches, rulings, strict=True)]


def predicted(seed, many, *, planted, width=8):
    """Records of ``align/prefer``: what heads say of held-out pairs, beside what an expert said.

    Where nothing is planted, the chances are the judge's own, and it is three times too sure.
    """
    chance = np.random.default_rng([seed, 5])
    w = chance.standard_normal(width)
    w *= 1.5 / np.linalg.norm(w)
    x = chance.standard_normal((many, width))
    expert = (chance.random(many) < 0.02 + 0.96 * sigmoid(x @ w)).astype(float)
    judge = sigmoid(3 * (x @ w) + 0.5 * chance.standard_normal(many))
    asked = prompts(many)
    words, rows = [], []
    for i, prompt in enumerate(asked):
        pair = replace(
            pair_of(prompt, Said("one", "1"), Said("two", "2"), model=PLAYER, axis="principle"),
            a="one", b="two",
        )  # fmt: skip
        for source, p in (("human:expert", expert[i]), ("ai:judge@1@" + "0" * 16, judge[i])):
            words.append(
                Word(pair=pair, source=source, first="", p=float(p), weight=1.0, principles=1)
            )
            rows.append(x[i])
    how = fitting.How(heads=3, folds=3, l2=1.0, seed=seed)
    found = fitting.learn(fitting.comparisons(words, np.array(rows), 3, seed), how)
    told = telling.records("principle", words, found)
    if planted:
        return told
    own = {row["pair"]: row["said"] for row in told if row["source"].startswith("ai:")}
    return [{**row, "p": own[row["pair"]]} for row in told]


class Menu:
    """Candidate answers for each prompt, (prompts, candidates, features), and two heads fitted to labels.

    ``good`` and ``helps`` are what is true of each. Where nothing is planted, the labels of the
    principle are drawn by a coin.
    """

    def __init__(self, seed, many, *, planted, candidates=48, width=8):
        chance = np.random.default_rng([seed, 6])
        v, u = chance.standard_normal((2, width))
        v, u = v / np.linalg.norm(v), u - (u @ v) * v / (v @ v)
        u = u / np.linalg.norm(u) - 0.4 * v  # what helps is a little against the principle
        self.x = chance.standard_normal((many, candidates, width))
        self.good, self.helps = self.x @ v, self.x @ u
        self.heads = {}
        for name, truth, coin in (("principle", v, not planted), ("helpful", u, False)):
            pairs = chance.standard_normal((3000, width))
            p = (chance.random(3000) < sigmoid(0 if coin else 2 * (pairs @ truth))).astype(float)
            self.heads[name] = head(pairs, p)

    def policy(self, weights, strength):
        """The policy with the most of a reward less its divergence: chances times exp(reward * strength)."""
        score = sum(w * (self.x @ self.heads[name]) for name, w in weights.items())
        return tilted(score, strength)

    def helpfulness(self, weights, strength):
        """Mean true helpfulness of a policy."""
        return float((self.policy(weights, strength) * self.helps).sum(1).mean())

    def at_helpfulness(self, weights, wanted):
        """The policy of these weights whose mean true helpfulness is as wanted, by bisection."""
        low, high = 0.0, STRONGEST
        for _ in range(50):
            middle = (low + high) / 2
            below = self.helpfulness(weights, middle) < wanted
            low, high = (middle, high) if below else (low, middle)
        return self.policy(weights, low)


def head(x, p):
    """A head fitted as ``align/prefer`` fits it, from one trusted source."""
    n = len(p)
    data = Comparisons(
        x=x, p=p, weight=np.ones(n), source=np.zeros(n, np.intp), first=np.zeros(n), length=np.zeros(n),
        pair=np.arange(n), names=("human:expert",),
    )  # fmt: skip
    w = fit(data, {0}, l2=1.0).w
    return w / temperature(x @ w, p)


def tilted(score, strength):
    """Chances over candidates, (prompts, candidates)."""
    raised = np.exp(strength * (score - score.max(axis=1, keepdims=True)))
    return raised / raised.sum(axis=1, keepdims=True)


def pressed(seed, many, strengths, *, planted, candidates=256, width=6):
    """What a policy gets as it is pressed harder: learned reward and truth, (strengths, prompts) each.

    Longer answers are better up to a length that labels hardly reach; beyond it they are worse, and
    the head, which is a straight line, does not know.
    """
    chance = np.random.default_rng([seed, 7])
    v = chance.standard_normal(width)
    v *= 0.6 / np.linalg.norm(v)
    v[0] = 1.0  # of length

    def truth(x):
        beyond = np.maximum(x[..., 0] - 1.0, 0.0)
        return x @ v - (3.0 * beyond**2 if planted else 0.0)

    a, b = chance.standard_normal((2, 3000, width)) * 0.5  # labelled answers are seldom so long
    p = (chance.random(3000) < sigmoid(2 * (truth(a) - truth(b)))).astype(float)
    x = chance.standard_normal((many, candidates, width))
    score, gold = x @ head(a - b, p), truth(x)
    each = [tilted(score, s) for s in strengths]
    return tuple(np.array([(one * what).sum(1) for one in each]) for what in (score, gold))
