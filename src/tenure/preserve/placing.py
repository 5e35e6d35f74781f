"""Putting a version into every copy: the plain form first, the packed one made from it, then the rest.

The plain inventory is the record of what was kept. Where no plain copy is wanted it is worked out
all the same, and the packed form made from the files at hand.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tenure.errors import IntegrityError
from tenure.preserve import copies, fixity, forms, presence, vault
from tenure.preserve.copies import Finder, Outcome
from tenure.preserve.fixity import Plan, Signed
from tenure.preserve.forms import FORMS, PACKED, PLAIN
from tenure.preserve.ocfl import Inventory
from tenure.preserve.packed import across, deriving, packs, passports
from tenure.preserve.packed.deriving import Derived, FromStore, Source, Workshop
from tenure.preserve.places import Copy, Kept
from tenure.preserve.remote.faults import OutOfReachError
from tenure.preserve.store import InFolder, Store
from tenure.preserve.vault import Addition


@dataclass(frozen=True, kw_only=True)
class Site:
    """The copies of one object, a working folder; by form what was signed, and what is newest."""

    object: str
    copies: Sequence[Copy]
    folder: Path
    signed: dict[str, Signed] = field(default_factory=dict[str, Signed])
    newest: dict[str, Inventory] = field(default_factory=dict[str, Inventory])

    def trust(self, form: str, inventory: Inventory) -> None:
        """Take an inventory that was made or read a moment ago for the newest of its form."""
        before = self.signed.get(form, Signed())
        digest = hashlib.sha512(inventory.to_bytes()).hexdigest()
        sums = {**before.inventories, inventory.head: digest}
        self.signed[form] = Signed(inventories=sums, root=before.root)
        self.newest[form] = inventory

    def stores(self, form: str) -> list[Store]:
        """Return the copies of one form."""
        return [copy.store for copy in self.copies if copy.form == form]

    def others(self, form: str) -> list[Store]:
        """Return the copies of the other form."""
        return [copy.store for copy in self.copies if copy.form != form]

    def lead(self, form: str) -> Store | None:
        """Return the copy of a form that is written first."""
        return next(iter(self.stores(form)), None)

    @property
    def forms(self) -> list[str]:
        """Return the forms there are."""
        return [form for form in FORMS if self.lead(form) is not None]

    def finders(self, target: Store, form: str) -> list[Finder]:
        """Return where to look across forms for what a copy lacks."""
        return list(across.finders(target, form, self.others(form), self.folder / "across"))


def plain_of(site: Site) -> Inventory | None:
    """Return the object's newest plain inventory, worked out where no plain copy is wanted.

    Raises:
        IntegrityError: the object is damaged in a way that leaves no inventory to believe.
    """
    lead, packed = site.lead(PLAIN), site.lead(PACKED)
    if lead is not None:
        found = vault.read(lead, site.object)
        if found is not None:
            return found[0]
    if packed is None:
        return None
    found = vault.read(packed, site.object)
    if found is None:
        return None
    return forms.plain_inventory(found[0], packs.originals([packed], found[0]))


def mend_leads(site: Site, held: Kept, root: Path) -> None:
    """Where it was kept before, mend the first copy of each form before anything is added to it.

    A version that was committed by a keeping that was killed before its evidence was signed is
    let be. A packed form that no copy holds any more, and that this version of the code
    does not make again byte for byte, is made anew: what was signed of it is dropped.
    """
    site.signed.update(held.signed)
    asked = {copy.at for copy in site.copies}
    given_up = [copy for copy in held.opened(root) if copy.at not in asked]
    old = presence.sort_out(given_up)[0]  # one that is away is no help
    for form, signed in held.signed.items():
        gone = [copy.store for copy in old if copy.form == form]
        stores, lead = [*site.stores(form), *gone], site.lead(form)
        if lead is None:
            continue
        try:
            wanted, more = planned(site, form, signed, stores)
        except IntegrityError:
            if form == PLAIN:
                raise
            del site.signed[form]
            continue
        finders, others = [*more, *site.finders(lead, form)], [s for s in stores if s is not lead]
        new = all(copy.at not in held.roots for copy in site.copies if copy.store is lead)
        copies.bring(lead, others, wanted, finders, adding=new)


def planned(
    site: Site, form: str, signed: Signed | None, stores: Sequence[Store]
) -> tuple[Plan, list[Finder]]:
    """Work out what an object must be in a form; and, where it had to be made again, what was made.

    Raises:
        IntegrityError: no copy of any form gives an inventory that was signed.
    """
    try:
        return fixity.plan(stores, site.object, signed), []
    except IntegrityError:
        others = site.others(form)
        if not others:
            raise
        if form == PLAIN:
            packed = fixity.plan(others, site.object, site.signed.get(PACKED)).inventory
            more = across.plain_from_packed(others, packed)
            return fixity.plan(stores, site.object, signed, more), []
        plain = fixity.plan(others, site.object, site.signed.get(PLAIN)).inventory
        made = _made(site, plain, others, stores[0])
        more = forms.all_bytes(made.inventory)
        try:
            return fixity.plan(stores, site.object, signed, more), [made]
        except IntegrityError:
            raise IntegrityError(
                f"{site.object}: every packed copy is lost, and this version of Tenure packs otherwise "
                "than the one that made them; the plain copy is whole. Make packed copies anew: "
                "'tenure preserve keep --again today'"
            ) from None


def _made(site: Site, plain: Inventory, sources: Sequence[Store], target: Store) -> Derived:
    """Make the packed form again from the first plain copy whose bytes are right.

    Raises:
        IntegrityError: none of them is, or the base has gone.
    """
    said: list[str] = []
    for number, source in enumerate(sources):
        try:
            bases = passports.bases(passports.read(source, plain), plain.id)
            shop = Workshop(
                site.folder / "packs", lambda name, b=bases: packs.bases_of(b, target, name)
            )
            given = FromStore(source, plain, site.folder / f"plain-{number}")
            return deriving.derive(plain, given, shop, None)
        except (IntegrityError, OutOfReachError) as error:
            said.append(str(error))
    raise IntegrityError("; ".join(said))


def commit_plain(
    site: Site, current: Inventory | None, addition: Addition
) -> tuple[Inventory, Mapping[str, Source]]:
    """Commit a version to the first plain copy; without one, only work out what it would be.

    Returns the plain inventory, and the content at hand by sha512.

    Raises:
        BusyError: the object is not the one any more that the addition was made for.
    """
    lead = site.lead(PLAIN)
    if lead is not None:
        return vault.commit(lead, site.object, addition, onto=(current,)), {}
    return vault.drafted(site.object, current, addition)


def commit_packed(
    site: Site, plain: Inventory, at_hand: Mapping[str, Source], shop: Workshop
) -> Outcome | None:
    """Bring the first packed copy to the same version; None when no packed copy is wanted.

    Raises:
        IntegrityError: it holds something else under this name, or what is made is not sound.
        RoomError: too little disk.
    """
    lead = site.lead(PACKED)
    if lead is None:
        return None
    before = _packed_before(lead, plain)
    derived = before
    if before is None or before.inventory.head != plain.head:
        derived = deriving.derive(plain, _source(site, plain, at_hand), shop, before)
    assert derived is not None, "made just now"
    more = forms.all_bytes(derived.inventory)
    sums = {version: hashlib.sha512(data).hexdigest() for version, data in more.items()}
    site.trust(PACKED, derived.inventory)
    vault.need_writable(lead)
    with lead.lock():
        vault.begin(lead, renew=True)
    wanted = fixity.plan(site.stores(PACKED), site.object, Signed(inventories=sums), more)
    others = [store for store in site.stores(PACKED) if store is not lead]
    finders = [derived, *site.finders(lead, PACKED)]
    return copies.bring(lead, others, wanted, finders, adding=True)


def _packed_before(lead: Store, plain: Inventory) -> Derived | None:
    current = vault.peek(lead, plain.id)
    if current is None:
        return None
    originals = packs.originals([lead], current)
    was = forms.plain_inventory(current, originals)
    if not (forms.follows(plain, was) or forms.follows(was, plain)):
        raise IntegrityError(
            f"{lead.label} holds another history of {plain.id} than the plain copy; run 'tenure "
            "preserve check' with the dossier that kept it, or name another vault"
        )
    # Another writer may have gone on already: what it added is not ours to make.
    return deriving.known(forms.upto(current, len(plain.versions)), originals)


def _source(site: Site, plain: Inventory, at_hand: Mapping[str, Source]) -> Callable[[str], Source]:
    lead = site.lead(PLAIN)
    if lead is not None:
        return FromStore(lead, plain, site.folder / "plain")
    return lambda sha512: at_hand[sha512]


@contextmanager
def reading_back(site: Site) -> Iterator[dict[str, Outcome]]:
    """Read the first plain copy back while a packed one is made and written.

    What it yields holds the copy's outcome by form afterwards, where the copy was found whole. Only
    a folder of this machine: not every service may be read and written from two threads.
    """
    found, lead = dict[str, Outcome](), site.lead(PLAIN)
    if not isinstance(lead, InFolder) or site.lead(PACKED) is None:
        yield found
        return
    wanted = plan_of(site, PLAIN)
    with ThreadPoolExecutor(1) as beside:
        reading = beside.submit(copies.read_back, lead, wanted)
        yield found
        health = reading.result()
    if health.well:
        found[PLAIN] = Outcome(before=health, after=health, repairs=())


def bring_all(site: Site, done: Mapping[str, Outcome]) -> list[tuple[Copy, Outcome]]:
    """Bring every copy to what its form's first one is; every byte of each is read.

    ``done`` is what became of a form's first copy just now; it is not read again.
    """
    found: list[tuple[Copy, Outcome]] = []
    for copy in site.copies:
        if copy.form in done and copy.store is site.lead(copy.form):
            found.append((copy, done[copy.form]))
            continue
        same = [store for store in site.stores(copy.form) if store is not copy.store]
        wanted = plan_of(site, copy.form)
        finders = site.finders(copy.store, copy.form)
        outcome = copies.bring(copy.store, same, wanted, finders, adding=True)
        found.append((copy, outcome))
    return found


def plan_of(site: Site, form: str) -> Plan:
    """Work out what a form must be, by what was signed and what this keeping trusts."""
    lead = site.lead(form)
    assert lead is not None, "asked only for a form there is"
    more = forms.all_bytes(site.newest[form])  # a copy in a new place does not hold it yet
    return fixity.plan([lead], site.object, site.signed[form], more)
