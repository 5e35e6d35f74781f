"""tenure vault cost: what keeping the models takes and costs, and will."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier

SMALL = 0.005
SHOWN = (1, 2, 5, 10, 20, 50, 100)


def extension(
    *,
    years: Annotated[int, typer.Option(help="Over so many years.")] = 1,
    fine_tunes: Annotated[int, typer.Option(help="Growth of a family up to so many.")] = 20,
    calls_per_day: Annotated[
        float | None, typer.Option(help="Calls a day (default: by the ledger's daily digests).")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Whose family and whose calls (default: the widest base).")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="Your prices, a YAML file; --template prints one.")
    ] = None,
    record: Annotated[bool, typer.Option(help="Sign this forecast into the dossier.")] = False,
    check: Annotated[
        bool, typer.Option(help="Hold the recorded forecast against what was stored since.")
    ] = False,
    template: Annotated[bool, typer.Option(help="Print the document of prices.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    dossier: DossierOption = None,
) -> None:
    """Forecast bytes, copies, readings and price of what is kept, from what is on file.

    Bytes are looked up in every copy. Seconds are those that checks and drills measured. Prices are
    assumptions in a document with their source and date; put in your own. What was never measured
    has no number, and the command that measures it is said.
    """
    from tenure.dossier.opening import open_view
    from tenure.preserve.cost.forecast import Asked, forecast, measured_from
    from tenure.preserve.cost.prices import read_prices, shipped

    if template:
        typer.echo(shipped(), nl=False)
        return
    root = find_dossier(dossier)
    view, held = open_view(root), read_prices(prices)
    stock, work = measured_from(view)
    if check:
        _check(view, stock, as_json=as_json)
        return
    chosen = view.model(model).id if model else None
    asked = Asked(years=years, tunes=fine_tunes, calls=calls_per_day, model=chosen)
    found = forecast(stock, held, work, asked)
    if as_json:
        from tenure.dossier.canonical import canonical

        typer.echo(canonical({**found.to_json(), **_curves(found)}).decode())
    else:
        _print(found, str(prices) if prices else "those that come with Tenure: assumed")
    if record:
        _record(root, found, quiet=as_json)


def _curves(found: Any) -> dict[str, Any]:
    from dataclasses import asdict

    points = found.growth.points(found.tunes) if found.growth else ()
    woken = found.waking
    return {
        "curve": [asdict(point) for point in points],
        "waking": asdict(woken) if woken else None,
    }


def _record(root: Path, found: Any, *, quiet: bool) -> None:
    from tenure.dossier import Dossier
    from tenure.dossier.writer import Draft
    from tenure.preserve.cost.forecast import NOTE

    with Dossier.open(root, create=False) as opened:
        made = opened.append_many([Draft(act="note", name=NOTE, model="", body=found.to_json())])
    if not quiet:
        typer.echo(
            f"\nsigned: {made[0].digest}; 'tenure vault cost --check' holds it against later"
        )


def _print(found: Any, source: str) -> None:
    _stored(found)
    if found.stock.holdings:
        _bill(found, source)
        _ratios(found)
        _growth(found)
        _waking(found)
    if found.lacking:
        typer.echo()
    for said in found.lacking:
        typer.echo(f"not known: {said}")


def _mb(size: float) -> str:
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size:,.0f} bytes"


def _money(amount: float | None, currency: str) -> str:
    if amount is None:
        return "not known"
    if 0 < amount < SMALL:
        return f"under 0.01 {currency} ({amount:.2g})"
    return f"{amount:,.2f} {currency}"


def _stored(found: Any) -> None:
    from tenure.preserve.cost.forecast import places_of

    few, most = found.stock.copies
    copies = f"{few}" if few == most else f"{few} to {most}"
    typer.echo(
        f"on file: {len(found.stock.holdings)} model(s) in {copies} copies each, {found.stock.bytes:,} "
        "bytes, every file of every copy, sizes looked up just now"
    )
    for line in places_of(found.stock, found.prices):
        typer.echo(
            f"  {line['at']}: {line['models']} model(s), {line['form']}, {_mb(line['bytes'])}, class "
            f"'{line['storage']}'"
        )
    own = sum(found.stock.own.values())
    if own:
        typer.echo(f"  the vaults' own guides, reader and what was set aside: {_mb(own)}")


def _bill(found: Any, source: str) -> None:
    meta, one = found.prices.metadata, found.bill
    habits, currency = found.prices.habits, meta.currency
    typer.echo(f"\na year, at prices of {meta.as_of} ({source}):")
    typer.echo(f"  storing        {_money(one.storage, currency)}")
    for name in sorted({line["storage"] for line in _places(found)}):
        held = found.prices.storage[name]
        typer.echo(
            f"    '{name}': {held.gb_month} {currency} a GB and month, {held.gb_read} a GB read; "
            f"{held.source}, {held.date}"
        )
    reading = found.work.reading
    typer.echo(f"  reading it all {_money(one.scrubs, currency)}")
    if reading:
        core = found.prices.computing
        typer.echo(
            f"    {habits.scrubs_a_year:g} a year, {reading.value * 1e9:,.2f} core-seconds a GB: "
            f"{reading.source}; {core.core_hour} {currency} a core-hour; {core.source}, {core.date}"
        )
    typer.echo(f"  bringing back  {_money(one.drills, currency)}")
    if found.work.any_back:
        back = found.work.any_back
        typer.echo(
            f"    {habits.drills_a_year:g} a year for each model, {back.value:,.1f} s: {back.source}"
        )
    models = len(found.stock.holdings)
    typer.echo(f"  together       {_money(one.total, currency)}")
    typer.echo(f"  a model-year   {_money(one.total / models, currency)}: by {models} model(s)")
    if found.years > 1:
        falling = f"falling by {habits.decline_a_year:.0%} a year"
        decline = f"prices {falling if habits.decline_a_year else 'as they are'}"
        typer.echo(f"  {found.years} years       {_money(found.total, currency)}: {decline}")


def _places(found: Any) -> Any:
    from tenure.preserve.cost.forecast import places_of

    return places_of(found.stock, found.prices)


def _ratios(found: Any) -> None:
    if found.ratios:
        typer.echo("\npacked weights, stored over original bytes:")
    for each in found.ratios:
        inside = each.interval()
        said = f"{inside[0]:.3f} to {inside[1]:.3f} for the next one" if inside else "no interval"
        typer.echo(f"  {each.kind:14} {each.mean:.3f} ({said}; n {each.n})")
    if found.parity is not None:
        typer.echo(f"  parity         {found.parity:.3f} of what it covers")


def _growth(found: Any) -> None:
    growth = found.growth
    if growth is None:
        return
    slope, currency = growth.slope, found.prices.metadata.currency
    share = slope.bytes / growth.begin if growth.begin else 0
    typer.echo(
        f"\ngrowth of the family of {growth.of}: linear. Each fine-tune adds {_mb(slope.bytes)} in all "
        f"copies ({_mb(slope.packed)} packed, {_mb(slope.plain)} plain), {share:.2f} of its base, and "
        f"{_money(slope.bill.total, currency)} a year"
    )
    typer.echo(f"  {'fine-tunes':>10}  {'all copies':>10}  {'interval':21}  all plain  a year")
    for point in growth.points(found.tunes):
        if point.tunes not in (*SHOWN, found.tunes):
            continue
        inside = "-"
        if point.low is not None:
            inside = f"{_mb(point.low)} to {_mb(point.high)}"
        typer.echo(
            f"  {point.tunes:10}  {_mb(point.bytes):>10}  {inside:21}  {_mb(point.unpacked):>9}  "
            f"{_money(point.price, currency)}"
        )


def _waking(found: Any) -> None:
    woken = found.waking
    if woken is None:
        return
    currency = found.prices.metadata.currency
    timed = (
        "to the first token, by its drill" if woken.to_token else "a whole drill with its checks"
    )
    typer.echo(
        f"\n{found.back_of}, always served on {woken.machine}: {_money(woken.served, currency)} a "
        f"year. Woken when called: {woken.seconds:,.1f} s ({timed}), then awake {woken.awake:g} s"
    )
    typer.echo(
        f"  below {woken.surely_below:,.0f} calls a day waking is cheaper even if each call wakes it "
        "for itself"
    )
    even = (
        f"when calls share a wake both cost the same at {woken.even:,.0f} calls a day"
        if woken.even is not None
        else "when calls share a wake it is never dearer: reading the copy costs nothing, callers wait"
    )
    typer.echo(f"  {even}\n  calls a day  time on  callers that wait  a year")
    for each in woken.points:
        typer.echo(
            f"  {each.calls:11,g}  {each.on:7.1%}  {each.waiting:17.1%}  {_money(each.price, currency)}"
        )


def _check(view: Any, stock: Any, *, as_json: bool) -> None:
    from tenure.dossier.canonical import canonical
    from tenure.preserve.cost.forecast_check import held_against

    found = held_against(view, stock)
    if as_json:
        typer.echo(canonical(found.to_json()).decode())
        return
    typer.echo(f"the forecast of {found.event.time[:10]}, event {found.event.index}:")
    for row in found.rows:
        typer.echo(
            f"  {row.model}, {row.kind}: {_mb(row.foreseen)} foreseen in all copies, {_mb(row.stored)} "
            f"stored ({row.stored / row.foreseen - 1:+.1%}); {_judged(row)}"
        )
    for name in found.unforeseen:
        typer.echo(f"  {name}: nothing of its kind was measured then, so nothing was foreseen")
    if found.rows:
        judged = [row for row in found.rows if row.inside is not None]
        typer.echo(
            f"  together {_mb(found.foreseen)} foreseen, {_mb(found.stored)} stored "
            f"({found.stored / found.foreseen - 1:+.1%}); {sum(bool(r.inside) for r in judged)} of "
            f"{len(judged)} ratios inside their interval of 95%"
        )
    else:
        typer.echo("  nothing that it foresaw was kept since; keep a model and ask again")
    typer.echo(f"  kept before: {found.before:,} bytes then, {found.before_now:,} now")


def _judged(row: Any) -> str:
    if row.ratio is None:
        return "plain copies only"
    said = f"packed weights {row.ratio:.3f}, foreseen {row.mean:.3f}"
    if row.inside is None:
        return f"{said}, without an interval"
    return f"{said}, {row.low:.3f} to {row.high:.3f}: {'inside' if row.inside else 'OUTSIDE'}"
