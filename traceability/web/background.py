"""What a server does beside answering: it follows and signs the ledger, and watches over a demo's.

The follower folds what pages may show a second later. The signer signs what has grown. Large
documents are taken in slice by slice, those too that an earlier server left half done. The watch
verifies a demo's whole ledger every few seconds, so that a visitor who alters a row sees it named
at once; a workshop's own ledger is verified when somebody asks.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from traceability.capture_jobs import CaptureJobs
from traceability.ledger.network_time import keep_asking
from traceability.ledger.proof.cosigning import Reply, keep_cosigning
from traceability.ledger.proof.signing import LogSigner, SigningState, keep_signing
from traceability.projections import happenings
from traceability.web.checks import Checks

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

_log = structlog.get_logger()

FOLLOW_WAIT_S = 0.5
"""Longest sleep of the follower: with the append's own wake-up it lags less than a second."""
FOLLOW_PAUSE_S = 0.2
"""Entries that come within this are folded together."""
TROUBLE_PAUSE_S = 5.0
WATCH_EVERY_S = 2.0
WATCH_SHARE = 8
"""The watch rests this many times as long as it works: at most a ninth of one core."""
SIGNER_ENDS_S = 3.0
"""How long a signature in the making is waited for at the end."""


class Background:
    """The threads beside the pages of one server."""

    def __init__(self, ledger: Ledger, checks: Checks, *, is_watched: bool) -> None:
        self._ledger = ledger
        self._checks = checks
        self._is_watched = is_watched
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.captures = CaptureJobs(ledger)
        """The large documents, and who takes them in."""
        self.signing = SigningState()
        """How the signing goes. Replaced as a whole by its thread."""
        self.witnesses: tuple[Reply, ...] = ()
        """What each witness said last. Replaced as a whole by its thread."""

    def start(self) -> None:
        """Begin to work; a second call does nothing."""
        if self._threads:
            return
        self._make_key()
        self._threads = [
            threading.Thread(target=self._sign, name="signer", daemon=True),
            threading.Thread(target=self._follow, name="follower", daemon=True),
            threading.Thread(target=self._cosign, name="cosigner", daemon=True),
            threading.Thread(target=self._mind_time, name="time", daemon=True),
            threading.Thread(target=self._take_in, name="captures", daemon=True),
        ]
        if self._is_watched:
            self._threads.append(threading.Thread(target=self._watch, name="watch", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the work; threads go within their next breath. A signature in the making is ended."""
        self._stopping.set()
        if self._threads:
            signer, follower = self._threads[:2]
            signer.join(SIGNER_ENDS_S)
            # It would open the database again behind whoever closes it.
            follower.join(FOLLOW_WAIT_S + FOLLOW_PAUSE_S)

    def _make_key(self) -> None:
        # Before the first answer: whoever writes first then always gets the same position. What
        # stands in the way is said by the signer's thread; the pages open all the same.
        with suppress(Exception):
            LogSigner(self._ledger).prepare()

    def _sign(self) -> None:
        keep_signing(self._ledger, self._stopping, self._tell_signing)

    def _tell_signing(self, state: SigningState) -> None:
        self.signing = state

    def _cosign(self) -> None:
        keep_cosigning(self._ledger, self._stopping, self._tell_witnesses)

    def _tell_witnesses(self, replies: tuple[Reply, ...]) -> None:
        self.witnesses = replies

    def _mind_time(self) -> None:
        keep_asking(self._ledger, self._stopping)

    def _take_in(self) -> None:
        self.captures.keep_working(self._stopping)

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                if happenings.follow(self._ledger):
                    continue
                self._ledger.wait_for(self._ledger.size, FOLLOW_WAIT_S)
                self._stopping.wait(FOLLOW_PAUSE_S)
            except Exception as error:  # noqa: BLE001 - the top of a thread
                # A busy database, or an entry that cannot be read: the bars wait, the pages do not.
                _log.warning("the follower waits", reason=str(error))
                self._stopping.wait(TROUBLE_PAUSE_S)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            begun = time.monotonic()
            self._checks.look()
            spent = time.monotonic() - begun
            self._stopping.wait(max(WATCH_EVERY_S, WATCH_SHARE * spent))
