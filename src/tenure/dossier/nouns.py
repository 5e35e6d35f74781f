"""The nouns: Model, Recipe, Measure, Evidence, Event, State. All are plain, frozen JSON values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

from tenure.dossier.canonical import digest_of, manifest_digest

JSON = Any
Act = Literal[
    "register", "start", "evidence", "fact", "sign", "refuse", "wait", "unit", "key", "note"
]
EvidenceKind = Literal[
    "behavioural", "whitebox", "empirical", "human", "judge", "attested", "record"
]


class Record:
    """A frozen dataclass that is written as JSON and read back, with unknown fields refused."""

    def to_json(self) -> dict[str, JSON]:
        """Return plain JSON, without the fields that are None."""
        return {k: v for k, v in asdict(self).items() if v is not None}  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, value: Mapping[str, JSON]) -> Self:
        """Read what :meth:`to_json` wrote; raises TypeError on unknown or missing fields."""
        return cls(**dict(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Record):
    """A reference to a model; never weights, never a handle.

    ``digest`` is the digest over ``files`` (relative path -> sha256). A model behind an API has
    neither: provider string and dates stand in. ``parent`` is a model id; the child of a retired
    model is its successor.
    """

    name: str
    version: str = "1"
    kind: Literal["weights", "api", "scripted"] = "weights"
    source: str
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    parent: str | None = None
    containment: str | None = None
    card: Mapping[str, JSON] = field(default_factory=dict[str, JSON])

    @property
    def id(self) -> str:
        """Return ``name@version``, how events name the model."""
        return f"{self.name}@{self.version}"

    @property
    def digest(self) -> str:
        """Digest the artefact; for a model without files, the reference itself."""
        if self.files:
            return manifest_digest(self.files)
        return digest_of({"kind": self.kind, "source": self.source})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe(Record):
    """How a measure comes out of sample records, so that anyone can compute it again.

    ``estimator`` names a function of ``tenure.measure.estimate``; ``value`` is the column of the
    record that holds the outcome (true/false/number, null = missing); ``where`` keeps the records
    whose columns equal these values; ``pair`` and ``arms`` make it a paired difference (first
    minus second arm, the column ``arm`` says which); ``cluster`` is the column of the cluster.
    """

    estimator: str
    value: str
    where: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    arm: str | None = None
    arms: tuple[JSON, JSON] | None = None
    pair: str | None = None
    cluster: str | None = None
    level: float = 0.95
    options: Mapping[str, JSON] = field(default_factory=dict[str, JSON])


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Record):
    """A number with what is needed to believe it.

    ``low`` and ``high`` are the two-sided interval at ``level``; ``lower`` and ``upper`` are the
    one-sided bounds at the same level, the ones a policy reads. ``worst`` is the range the
    estimate could take were every missing value the one extreme or the other. ``estimate`` is
    None when nothing was graded: a missing grade is never a zero.
    """

    name: str
    unit: Literal["proportion", "difference", "mean", "count", "ratio", "seconds"]
    estimate: float | None
    low: float | None
    high: float | None
    lower: float | None
    upper: float | None
    level: float
    n: int
    clusters: int | None
    missing: int
    worst: tuple[float, float] | None
    method: str
    recipe: Recipe | None = None
    samples: str | None = None
    better: Literal["higher", "lower"] | None = None
    note: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, JSON]) -> Self:
        """Read a measure; fields that were None are absent."""
        whole: dict[str, JSON] = {f.name: None for f in fields(cls)}
        whole.update(value)
        if whole["recipe"] is not None:
            recipe = dict(whole["recipe"])
            if recipe.get("arms") is not None:
                recipe["arms"] = tuple(recipe["arms"])
            whole["recipe"] = Recipe.from_json(recipe)
        if whole["worst"] is not None:
            whole["worst"] = tuple(whole["worst"])
        return cls(**whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Record):
    """What a stage found.

    ``files`` maps a plain name to the digest of a stored file. ``findings`` is free JSON for what
    is not a number (verdict tables, decisions, transcripts' digests). ``form`` says which form of
    the model was measured (``gguf-q4_1``, ``safetensors-bf16``, ``api``). ``runtime`` holds
    seconds, tokens, machine facts: two dossiers are compared without it.
    """

    name: str
    model: str
    summary: str
    kind: EvidenceKind = "behavioural"
    form: str | None = None
    measures: tuple[Measure, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    findings: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    product: str | None = None
    expires: str | None = None
    runtime: Mapping[str, JSON] = field(default_factory=dict[str, JSON])

    def to_json(self) -> dict[str, JSON]:
        """Return plain JSON, measures included."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        plain["measures"] = [m.to_json() for m in self.measures]
        return {k: v for k, v in plain.items() if v is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, JSON]) -> Self:
        """Read what :meth:`to_json` wrote."""
        whole = dict(value)
        whole["measures"] = tuple(Measure.from_json(m) for m in whole.get("measures", ()))
        return cls(**whole)

    def measure(self, name: str) -> Measure:
        """Return one measure by name; KeyError lists those there are."""
        for found in self.measures:
            if found.name == name:
                return found
        raise KeyError(
            f"no measure '{name}' in {self.name}; there are: {[m.name for m in self.measures]}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """One signed line of the dossier.

    ``act`` says what kind of line it is, ``name`` what it is about (``assess/faking``,
    ``availability``), ``model`` is a model id or "" for the organisation. ``files`` are digests
    the line rests on. ``index``, ``digest`` and ``key`` are set when it is read back: its place in
    the log, the digest of its envelope, the fingerprint of its signer.
    """

    act: Act
    name: str
    model: str
    subject: str
    time: str
    actor: str
    body: Mapping[str, JSON]
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    schema: int = 1
    index: int = -1
    digest: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Record):
    """The four facts of a model, folded from events, and its containment label."""

    stage: Literal["candidate", "assessed", "decided", "deprecated", "retired"] = "candidate"
    availability: Literal["none", "internal", "limited", "public", "on request"] = "none"
    custody: str = "unkept"
    custody_since: str | None = None
    last_drill: str | None = None
    interview: Literal["not due", "due", "partial", "done"] = "not due"
    containment: str | None = None

    @property
    def kept(self) -> bool:
        """True when what there is to keep is kept: weights, or the record of a model without any."""
        return self.custody in ("kept", "record kept")
