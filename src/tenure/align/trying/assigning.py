"""Who gets which arm: by a keyed hash, in blocks, so that arms stay balanced.

Units are put in an order by hash and dealt in blocks of as many as there are arms, each block a
permutation by hash. The key is the plan's digest: the same units get the same arms on every machine and
in any order of the file. Units that come later go on where the last block stopped; nobody is moved.
Whoever has the plan can compute the assignment: where that matters, draw ``seed`` in public.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from tenure.align.constitution import fraction
from tenure.align.trying.plan import Plan, listed
from tenure.dossier.nouns import Record
from tenure.errors import DocumentError, UsageError

LONGEST = 200


class Units(BaseModel):
    """Units of an experiment: (unit, the block it lies in or None), none twice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: tuple[tuple[str, str | None], ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read one unit a line; a tab or a comma sets its block apart.

        Raises:
            DocumentError: no file, no unit, one twice, too long, or more than two columns.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise DocumentError(path, None, "file", f"{error}; give a UTF-8 file") from None
        rows: dict[str, str | None] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            cells = [cell.strip() for cell in line.replace("\t", ",").split(",")]
            if len(cells) > 2 or not all(0 < len(c) <= LONGEST and c.isprintable() for c in cells):
                expected = (
                    f"a unit, or a unit and its block after a comma, at most {LONGEST} letters"
                )
                raise DocumentError(path, number, "unit", expected)
            if cells[0] in rows:
                raise DocumentError(path, number, "unit", f"'{cells[0]}' stands above; keep one")
            rows[cells[0]] = cells[1] if len(cells) == 2 else None
        if not rows:
            raise DocumentError(path, None, "units", "there are none; write one a line")
        return cls(rows=tuple(rows.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned(Record):
    """One unit and its arm."""

    unit: str
    arm: str
    block: str | None = None


def assign(
    plan: Plan, units: Sequence[tuple[str, str | None]], there: Mapping[str, Assigned]
) -> list[Assigned]:
    """Assign the units that are not there yet; the result does not depend on their order.

    Raises:
        UsageError: blocks where the plan has none, none where it has some, a unit that changed its
            block, or a block that does not hold all arms equally often.
    """
    _check_blocks(plan, units, there)
    new = [(unit, block) for unit, block in units if unit not in there]
    if plan.within is None:
        dealt = _deal(plan, [unit for unit, _ in new], len(there), None)
        return [Assigned(unit=unit, arm=arm) for unit, arm in dealt]
    found: list[Assigned] = []
    for block in sorted({str(block) for _, block in new}):
        before = sum(one.block == block for one in there.values())
        mine = [unit for unit, lies in new if lies == block]
        if (before + len(mine)) % len(plan.arms):
            raise UsageError(
                f"{plan.within} '{block}' has {before + len(mine)} units for {len(plan.arms)} arms; every "
                "block needs each arm equally often: add units to it, or leave it out"
            )
        dealt = _deal(plan, mine, before, block)
        found += [Assigned(unit=unit, arm=arm, block=block) for unit, arm in dealt]
    return found


def _deal(
    plan: Plan, units: Sequence[str], before: int, block: str | None
) -> Iterator[tuple[str, str]]:
    """Deal arms to units, going on after ``before`` of them."""
    key, names = (plan.digest, block or ""), sorted(arm.name for arm in plan.arms)
    ordered = sorted(units, key=lambda unit: (fraction(*key, "unit", unit), unit))
    for place, unit in enumerate(ordered, before):
        turn = place // len(names)
        arms = sorted(names, key=lambda name: (fraction(*key, "arm", turn, name), name))
        yield unit, arms[place % len(names)]


def _check_blocks(
    plan: Plan, units: Sequence[tuple[str, str | None]], there: Mapping[str, Assigned]
) -> None:
    wrong = [unit for unit, block in units if (block is None) != (plan.within is None)]
    if wrong and plan.within is None:
        raise UsageError(
            f"{listed(wrong)}: a block is given, and the plan compares within none; leave it out, or "
            "register a plan with 'within'"
        )
    if wrong:
        raise UsageError(
            f"{listed(wrong)}: the plan compares within a block ({plan.within}), and none is given; write "
            "it after a comma"
        )
    moved = [unit for unit, block in units if unit in there and there[unit].block != block]
    if moved:
        raise UsageError(
            f"{listed(moved)}: assigned before in another block; an assigned unit stays where it is"
        )
