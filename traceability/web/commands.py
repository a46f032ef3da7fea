"""`hangtag serve`: the pages, the capture door and the live stream in one process."""

from __future__ import annotations

import json
from pathlib import Path

import click

from traceability.database import DEFAULT_URL
from traceability.errors import Refused

DEFAULT_PORT = 8080


@click.command()
@click.option(
    "--db",
    envvar="HANGTAG_DB",
    default=DEFAULT_URL,
    show_default=True,
    help="Address of the database.",
)
@click.option("--ledger", default="main", show_default=True, help="Name of the ledger in it.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port; a taken one gives way to the next free one.",
)
@click.option(
    "--secret",
    "secret_file",
    type=click.Path(path_type=Path),
    help="File that keeps what signs cookies and order links.  [default: beside the database]",
)
@click.option("--certificate", type=click.Path(exists=True), help="Certificate for TLS (PEM).")
@click.option("--key", type=click.Path(exists=True), help="Its private key (PEM).")
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON line.")
def serve(
    db: str,
    ledger: str,
    host: str,
    port: int,
    secret_file: Path | None,
    certificate: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Run the server: pages, capture and live stream."""
    from traceability.web import create_app
    from traceability.web.opening import open_reading
    from traceability.web.serving import Address, is_loopback, listen
    from traceability.web.serving import serve as run
    from traceability.web.settings import Settings, kept_secret, secret_path

    if bool(certificate) != bool(key):
        raise Refused("TLS needs both: --certificate and --key.")
    is_tls = certificate is not None
    settings = Settings(
        secret=kept_secret(secret_file or secret_path(db)),
        listens_on_loopback=is_loopback(host),
        is_tls=is_tls,
    )
    bound = listen(host, port)
    address = Address(host, int(bound.getsockname()[1]), is_tls)
    app = create_app(settings=settings, reading=open_reading(db, ledger))
    enter = f"{address.url}/enter?token={settings.admin_token}"

    def say() -> None:
        if as_json:
            line = {"url": address.url, "enter": enter, "port": address.port, "ledger": ledger}
            click.echo(json.dumps(line))
            return
        if port and address.port != port:
            click.echo(f"Port {port} is taken; {address.port} is free.")
        click.echo(f"Open {enter}" if not settings.listens_on_loopback else f"Open {address.url}")
        if settings.listens_on_loopback:
            click.echo(f"From another browser of this PC: {enter}")
        elif not is_tls:
            click.echo(
                "Without --certificate nobody's words are hidden on this network, and phones "
                "cannot use their camera.",
                err=True,
            )
        click.echo("Ctrl-C stops.")

    run(app, bound, on_start=say, certificate=certificate, key=key)
