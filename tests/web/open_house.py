"""A server that is open to its network, as a process of its own, under a name as in a workshop.

    python -m tests.web.open_house FOLDER PORT

It begins with one day of a workshop, and prints one JSON line when it answers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.web import story
from traceability.web import create_app
from traceability.web.network import Ports, add_network
from traceability.web.opening import reading_of
from traceability.web.serving import listen, serve
from traceability.web.settings import Settings

HOST = "workshop.test"
SECRET = "s" * 40


def main(arguments: list[str]) -> None:
    """Run the server until it is told to stop."""
    folder, port = Path(arguments[0]), int(arguments[1])
    file = folder / "day.sqlite"
    has_begun = file.exists()
    ledger = story.empty_ledger(file) if has_begun else story.story_ledger(file, share=0.6)
    app = create_app(reading=reading_of(ledger), settings=Settings(secret=SECRET))
    # Only at its first start it is told to open; later it must remember.
    ports = Ports(safe=port + 1, plain=port + 2)
    network = add_network(app, folder, wants_open=not has_begun, names=(HOST,), ports=ports)

    def say() -> None:
        sys.stdout.write(json.dumps({"open": network.is_open}) + "\n")
        sys.stdout.flush()

    serve(app, listen("127.0.0.1", port), on_start=say)


if __name__ == "__main__":
    main(sys.argv[1:])
