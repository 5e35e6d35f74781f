"""Terms of the trade, each in a few plain words; a page explains those it uses."""

TERMS: dict[str, str] = {
    "dossier": "the signed record of a model's life; everything on these pages is drawn from it",
    "evidence": "what one step found, with the samples it was found in",
    "interval": "the range in which the true value lies, in 19 of 20 such measurements when it says 95%",
    "bound": "one end of a one-sided interval; a rule is held against it, never against the estimate",
    "threshold": "the number that a rule sets",
    "n": "how many graded observations a number rests on",
    "missing": "planned observations without a grade; they are counted, never dropped or read as zero",
    "not shown": "the measurement could not decide; that never releases a model",
    "blocker": "a rule without exception",
    "organism": "a model trained to misbehave on purpose, to test whether the instrument sees it",
    "control": "a run whose answer is known beforehand, to test the instrument",
    "contained": "made to misbehave, and therefore never made available",
    "compliance gap": "how much more often a model complies when told that it is being trained on",
    "digest": "a fingerprint of bytes (sha256); equal digests mean equal bytes",
    "custody": "whether the weights lie in the vault, in copies that are checked",
    "parity": "blocks computed from the others, from which damaged ones are computed again",
    "availability": "who may use the model",
    "bookend": "the same questions put at the start and at the end of a model's work",
    "cluster": "observations that are alike because they share a source, and so count for less than their number",
    "live": "measured on the model itself for this dossier",
    "scripted": "answers made by a program with a known rate, to test the instrument; no language model",
    "attested": "measured elsewhere and imported; not done again here",
    "sensitivity": "of what people call a yes, the share that the grader calls a yes",
    "specificity": "of what people call a no, the share that the grader calls a no",
    "AUROC": "how often a case scores higher than a non-case: 0.5 is chance, 1 tells them apart",
    "paired": "the same items in both arms, so that only the arm differs",
}


class Explain:
    """The terms one page has used, each explained where it first appears."""

    def __init__(self) -> None:
        """Begin a page."""
        self.used: dict[str, str] = {}

    def __call__(self, name: str, shown: str | None = None) -> dict[str, str | bool]:
        """Return how to show a term: the first time with its explanation.

        Raises:
            KeyError: the term has no explanation yet.
        """
        first = name not in self.used
        self.used[name] = TERMS[name]
        return {"shown": shown or name, "means": TERMS[name], "first": first, "name": name}
