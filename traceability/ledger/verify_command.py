"""`hangtag ledger verify`: is the record what it was, and what can it be held against?"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from traceability.ledger.checks.finding import Gap
from traceability.ledger.checks.start import find_start, remember
from traceability.ledger.proof.note import Verifier
from traceability.ledger.verify import Kept, Report, kept_by_signer, verify
from traceability.opening import ledger_options, open_ledger
from traceability.progress_bar import progress_bar

__all__ = ["verify_command"]


@click.command("verify")
@ledger_options
@click.option("--projections", is_flag=True, help="Also fold everything anew and compare.")
@click.option(
    "--checkpoint",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A signed checkpoint kept elsewhere; may be given several times.",
)
@click.option(
    "--vkey",
    "vkeys",
    metavar="KEY",
    multiple=True,
    help="A key that you rely on (NAME+ID+KEY, or a file with it): of the log, of a witness.",
)
@click.option(
    "--from-checkpoint",
    "since",
    metavar="[FILE|SIZE]",
    is_flag=False,
    flag_value="",
    default=None,
    help="Only what came since: since the last check here, a checkpoint's file, or a size.",
)
@click.pass_context
def verify_command(
    ctx: click.Context,
    db: str | None,
    ledger_name: str,
    as_json: bool,
    projections: bool,
    files: tuple[Path, ...],
    vkeys: tuple[str, ...],
    since: str | None,
) -> None:
    """Derive every hash again and name the first position that does not fit."""
    opened = open_ledger(db, ledger_name)
    own = kept_by_signer(opened)
    kept = Kept(
        (*own.notes, *((str(path), path.read_bytes()) for path in files)),
        tuple(_verifier(text) for text in vkeys),
        own.verifiers,
    )
    start = None if since is None else find_start(opened, since, kept)
    with progress_bar("Checking", quiet=as_json) as step:
        report = verify(opened, projections=projections, progress=step, kept=kept, start=start)
    if report.finding is None:
        remember(opened, report)
    if as_json:
        click.echo(json.dumps(_as_tree(report)))
    elif report.finding is None:
        for line in _sentences(report):
            click.echo(line)
    if report.finding is not None:
        finding = report.finding
        where = "" if finding.position is None else f"position {finding.position}: "
        click.echo(f"Not true: {where}{finding.kind}. {finding.detail}", err=True)
        ctx.exit(1)


def _verifier(text: str) -> Verifier:
    path = Path(text)
    if "+" not in text and path.is_file():
        text = path.read_text("utf-8")
    return Verifier.parse(text.strip())


def _as_tree(report: Report) -> dict[str, Any]:
    if report.finding is not None:
        finding = report.finding
        return {
            "ok": False,
            "position": finding.position,
            "kind": finding.kind,
            "detail": finding.detail,
        }
    return {
        "ok": True,
        "size": report.size,
        "root": report.root,
        "seconds": round(report.seconds, 3),
        "erased": report.erased,
        "projections": report.with_projections,
        "since": report.since,
        "sampled": report.sampled,
        "checkpoints": report.checkpoints,
        "outside": [
            {
                "source": one.source,
                "size": one.size,
                "signed": one.signed_by is not None,
                "cosigned": list(one.cosigned_by),
            }
            for one in report.outside
        ],
        "restores": [asdict(gap) for gap in report.gaps],
    }


def _sentences(report: Report) -> list[str]:
    what = " and the state that follows from them" if report.with_projections else ""
    count = report.size - report.since
    scope = f"{count} entries" if not report.since else f"{count} entries since {report.since}"
    drawn = f", {report.sampled} before drawn by lot" if report.sampled else ""
    first = (
        f"All true: {scope}{what}{drawn} checked in {report.seconds:.1f} s, "
        f"{report.size} in all, root {report.root[:16]}."
    )
    lines = [first]
    if report.erased:
        lines.append(f"Erased, and said to be: the words of {report.erased} entries.")
    lines += [_gap_sentence(gap) for gap in report.gaps]
    lines.append(_held_against(report))
    return lines


def _gap_sentence(gap: Gap) -> str:
    line = f"Declared restore at {gap.position}: what came after entry {gap.first - 1} is missing"
    if gap.known_size is not None:
        line += f", {gap.known_size - gap.first} entries at least"
    if gap.is_understated and gap.seen_size is not None:
        line += f", and up to {gap.seen_size - 1} by a checkpoint kept elsewhere"
    signed = "" if gap.is_signed_by_old else "; the key before did not sign it"
    return f"{line}{signed}."


def _held_against(report: Report) -> str:
    names = [f"{one.source} ({one.size})" for one in report.outside]
    table = f"{report.checkpoints} checkpoints of its own table"
    if names:
        return f"Held against {table}, and from outside: {', '.join(names)}."
    return (
        f"Held against {table} and nothing from outside: whoever can write this database could "
        "have made all of it anew."
    )
