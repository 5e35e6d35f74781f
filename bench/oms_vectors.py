"""Signed weights against the published vectors: OpenSSF's specification and its conformance suite.

The vectors are not ours to hand on (the suite has no licence), so they are not in this repository:
`TENURE_OMS_VECTORS=FOLDER make bench-oms_vectors`, where FOLDER holds clones of
ossf/model-signing-spec as `spec` and of sampras343/model-signing-conformance as `conformance`.
Only their data is read; none of their code runs. Without FOLDER nothing is measured. Keyless cases
are checked under the trusted root of Sigstore's production that lies in the package sigstore.
"""

import base64
import json
import os
import shutil
import tempfile
from pathlib import Path

import sigstore
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from table import row, write

from tenure.dossier.oms import Leave, check_model, sign_model
from tenure.dossier.oms_bundle import check_bundle
from tenure.dossier.oms_keys import Trusted, private_key, public_key, read_certificates
from tenure.dossier.oms_trust_root import Keyless, read_trust_root
from tenure.errors import TenureError

STORE = Path(sigstore.__file__).parent / "_store" / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
PRODUCTION = read_trust_root(STORE / "trusted_root.json")


class Case:
    """One case of the conformance suite."""

    def __init__(self, folder, assets, scratch):
        self.folder, self.assets = folder, assets
        self.config = json.loads((folder / "config.json").read_text())
        self.keyless = self.config["method"] == "sigstore"
        self.verify = self.config.get("verify", {})
        self.ignore = tuple(self.verify.get("ignore_paths", ()))
        self.model = self._copied(scratch)

    def _copied(self, scratch):
        base = self.folder if self.config.get("model_relative_to") == "test_dir" else self.assets
        source = base / self.config["model"]
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        target = scratch / ("model" if source.is_dir() else source.name)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        self._modify(target if target.is_dir() else scratch)
        return target

    def _modify(self, folder):
        changes = self.config.get("model_modifications", {})
        for name, content in {**changes.get("tamper", {}), **changes.get("inject", {})}.items():
            (folder / name).write_text(content)
        for name in changes.get("delete", ()):
            (folder / name).unlink(missing_ok=True)
        for name, target in changes.get("symlinks", {}).items():
            (folder / name).symlink_to(target)

    def trusted(self):
        """Whom the case believes."""
        if self.keyless:
            who, issuer = self.verify["identity"], self.verify["identity_provider"]
            return Trusted(keyless=Keyless(PRODUCTION, who, issuer))
        if self.config["method"] == "certificate":
            held = [self.assets / name for name in self.verify["cert_chain"]]
            return Trusted(roots=tuple(each for path in held for each in read_certificates(path)))
        path = self.assets / self.verify["public_key"]
        # One case names a key that is not there: any will do, for the kind is wrong.
        path = path if path.exists() else self.assets / "keys/wrong/wrong-key-pub.pem"
        return Trusted.from_keys(public_key(path.read_bytes(), path))

    def check(self, place):
        """Check, and compare what is signed with what the case says is."""
        leave = Leave(ignore=self.ignore, unsigned=self.verify.get("ignore_unsigned_files", False))
        checked = check_model(self.model, place, self.trusted(), leave)
        expected = self.config.get("expected_signed_files")
        names = sorted(r.path for r in checked.manifest.resources)
        if expected and names != sorted(expected):
            raise SystemExit(f"{self.folder.name}: signed {names}, expected {expected}")

    def signed(self, scratch):
        """Sign with the case's key; returns where the signature lies."""
        asked = self.config["sign"]
        chain = [asked["signing_cert"], *asked["cert_chain"]] if "signing_cert" in asked else []
        files = [self.assets / name for name in dict.fromkeys(chain)]
        inside = self.config.get("sig_inside_model") and self.model.is_dir()
        place = (self.model if inside else scratch) / "written.sig"
        key = private_key(self.assets / asked["private_key"], files)
        place.write_bytes(sign_model(self.model, key, ignore=self.ignore, signature=place))
        return place

    def passes(self, act):
        """Whether it went as the case expects."""
        try:
            act()
        except TenureError:
            return self.config.get("expect") == "fail"
        return self.config.get("expect") != "fail"


def validator(schemas):
    """The specification's JSON Schemas: (of the bundle, of the statement)."""
    found = {p.name: json.loads(p.read_text()) for p in schemas.glob("*.json")}
    held = Registry().with_resources((s["$id"], Resource.from_contents(s)) for s in found.values())
    return [
        Draft202012Validator(found[f"{name}.schema.json"], registry=held)
        for name in ("bundle", "statement")
    ]


def conformance(folder, schemas, scratch):
    """Rows: the suite's vectors, its round trips, and our bundles against the schemas."""
    assets, cases = folder / "test" / "assets", folder / "test" / "test-cases"
    read, written, valid, keyless, left = [], [], [], [], 0
    for path in sorted(cases.glob("*/**/config.json")):
        case = Case(path.parent, assets, scratch / "case")
        if case.keyless and "sign" in case.config:
            left += 1
        elif "sign" not in case.config:
            (keyless if case.keyless else read).append(
                case.passes(lambda case=case, path=path: case.check(path.parent / "bundle.sig"))
            )
        else:
            held = []

            def trip(case=case, held=held):
                held.append(case.signed(scratch))
                case.check(held[0])

            written.append(case.passes(trip))
            if held:
                bundle = json.loads(held[0].read_text())
                statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
                valid.append(schemas[0].is_valid(bundle) and schemas[1].is_valid(statement))
    without = f"as each expects, without a network; {left} that sign need one and are left out"
    return [
        counted("weights: vectors of the conformance suite", read, "as each expects"),
        counted("weights: keyless vectors of the conformance suite", keyless, without),
        counted("weights: round trips of the conformance suite", written, "as each expects"),
        counted(
            "weights: our bundles under the specification's JSON Schemas", valid, "both levels"
        ),
    ]


def specification(folder, assets):
    """A row: the specification's own vectors, without weights: the signature and the manifest."""
    keys = assets / "keys" / "certificate"
    trusted = Trusted(
        dict(Trusted.from_keys(public_key((keys / "signing-key-pub.pem").read_bytes(), "")).keys),
        tuple(read_certificates(keys / "ca-cert.pem")),
    )
    held = []
    for path in sorted((folder / "test-vectors" / "v1.0").glob("*/*.json")):
        try:
            check_bundle(path.read_bytes(), trusted)
            accepted = True
        except TenureError:
            accepted = False
        if path.name != "sigstore.bundle.json":
            held.append(accepted == (path.parent.name == "valid"))
    return [counted("weights: vectors of the specification", held, "all but the keyless one")]


def counted(figure, held, how):
    """A row of n of n."""
    n = len(held)
    return row(figure, f"{n} of {n}", f"{sum(held)} of {n}", "", n, all(held), how)


def main():
    """Measure, print, write; nothing without the vectors."""
    named = os.environ.get("TENURE_OMS_VECTORS")
    if not named:
        print("no vectors here: set TENURE_OMS_VECTORS (see this script's first lines)")
        return
    folder = Path(named)
    with tempfile.TemporaryDirectory() as name:
        schemas = validator(folder / "spec" / "schemas" / "v1.0")
        rows = conformance(folder / "conformance", schemas, Path(name))
        rows += specification(folder / "spec", folder / "conformance" / "test" / "assets")
    write("oms_vectors", rows)


if __name__ == "__main__":
    main()
