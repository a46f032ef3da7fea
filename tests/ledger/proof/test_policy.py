"""Policies: what the standard allows is read, everything else is named with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger.proof.evidence_keys import LOG, cosigned, many, vkeys
from traceability.ledger.proof.bundle_check import Checkpoint as AuditorsCheckpoint
from traceability.ledger.proof.bundle_check import Policy as AuditorsPolicy
from traceability.ledger.proof.bundle_check import Wrong
from traceability.ledger.proof.note import open_note
from traceability.ledger.proof.policy import InvalidPolicy, Policy

NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
KEYS = vkeys()
WITNESS_LINES = "".join(f"witness {name} {KEYS[name]}\n" for name in NAMES)
STANDARD = (
    f"log {LOG.verifier} https://mill.example/log\n\n# two houses\n{WITNESS_LINES}"
    "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n"
    "\t group X-and-Y   all\tX-witnesses Y-witnesses \nquorum X-and-Y\n"
)


@pytest.mark.parametrize(
    ("signed", "is_met"),
    [
        ((), False),
        (("X1", "X2"), False),
        (("X1", "Y1"), False),
        (("X1", "X3", "Y2"), True),
        (NAMES, True),
    ],
)
def test_the_example_of_the_standard(signed: tuple[str, ...], is_met: bool) -> None:
    policy = Policy.parse(STANDARD)
    opened = open_note(cosigned(signed), policy.verifiers)
    found = policy.check(opened)
    assert (found.is_met, tuple(name for name, _ in found.by)) == (is_met, signed)
    assert found.missing == tuple(name for name in NAMES if name not in signed)
    assert found.is_known_log


@given(
    signed=st.sets(st.sampled_from(NAMES)),
    inner=st.sets(st.sampled_from(NAMES), min_size=1),
    threshold=st.integers(1, 7),
    outer=st.sampled_from(["any", "all", "1", "2"]),
)
def test_the_auditors_program_reads_a_policy_as_the_ledger_does(
    signed: set[str], inner: set[str], threshold: int, outer: str
) -> None:
    rest = [name for name in NAMES if name not in inner]
    text = WITNESS_LINES + f"group in {threshold} {' '.join(sorted(inner))}\n"
    text += f"group out {outer} in {' '.join(rest)}\nquorum out\n"
    note = cosigned(sorted(signed))
    try:
        policy = Policy.parse(text)
    except InvalidPolicy:
        with pytest.raises(Wrong):
            AuditorsPolicy(text, "it")
        return
    theirs = AuditorsPolicy(text, "it")
    read = AuditorsCheckpoint.parse(note.decode(), "it")
    times = {name: read.time_by(key) for name, key in theirs.witnesses.items()}
    seen = {name: time for name, time in times.items() if time is not None}
    ours = policy.check(open_note(note, [LOG.verifier, *policy.verifiers]))
    assert (theirs.is_met(seen), seen) == (ours.is_met, dict(ours.by))


def test_nobody_may_be_asked() -> None:
    policy = Policy.parse("quorum none")
    assert policy.asks_nobody
    assert policy.check(open_note(cosigned(()), [LOG.verifier])).is_met


def test_a_log_that_is_not_named_is_said_to_be_unknown() -> None:
    other = f"log {KEYS['other']}\nquorum none\n"
    opened = open_note(cosigned(()), [LOG.verifier])
    assert not Policy.parse(other).check(opened).is_known_log


X1, X2 = KEYS["X1"], KEYS["X2"]
W1 = f"witness X1 {X1}\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no line 'quorum NAME'"),
        (W1, "has no line 'quorum NAME'"),
        ("quorum X1\n" + W1, "Line 1 of the policy: 'X1' is not defined above."),
        (W1 + W1 + "quorum X1\n", "Line 2 of the policy: the key of"),
        (W1 + f"witness X1 {X2}\nquorum X1\n", "Line 2 of the policy: 'X1' is defined above"),
        (f"witness none {X1}\nquorum none\n", "Line 1 of the policy: nothing can be called"),
        (W1 + "group g any none\nquorum g\n", "Line 2 of the policy: 'none' is not defined"),
        (W1 + "group g 2 X1\nquorum g\n", "expected any, all or a number from 1 to 1, got '2'"),
        (W1 + "group g 0 X1\nquorum g\n", "got '0'"),
        (W1 + "group g 01 X1\nquorum g\n", "got '01'"),
        (W1 + "group g some X1\nquorum g\n", "got 'some'"),
        (W1 + "group g any\nquorum g\n", "a group line has at least 4 words, this one has 3"),
        (W1 + "group g any X1 X1\nquorum g\n", "'X1' is in a group already"),
        (W1 + "group g any X1\ngroup h any X1\nquorum h\n", "Line 3 of the policy: 'X1' is in a"),
        (W1 + "group g any g\nquorum g\n", "Line 2 of the policy: 'g' is not defined above"),
        (W1 + "quorum X1\nquorum X1\n", "Line 3 of the policy: there is a quorum above"),
        ("quorum none none\n", "a quorum line has 2 words, this one has 3"),
        ("quorum none\r\n", "Line 1 of the policy: byte 0x0d is no text"),
        ("wittness a b\nquorum none\n", "expected log, witness, group or quorum, got 'wittness'"),
        (f"log {X1}\nquorum none\n", "a log signs with type 1, this key has 4"),
        (f"witness a {LOG.verifier}\nquorum a\n", "a witness signs with type 4, this key has 1"),
        ("log monkeys\nquorum none\n", "Line 1 of the policy: Cannot read a public key"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        Policy.parse(text)
    assert sentence in str(caught.value)
    if "\r" not in text:
        with pytest.raises(Wrong):
            AuditorsPolicy(text, "it")


def test_names_are_octets() -> None:
    kelvin = f"witness \u212a {X1}\nwitness K {X2}\ngroup g all \u212a K\nquorum g\n".encode()
    raw = kelvin.replace("\u212a".encode(), b"\xff\xfe")
    assert [Policy.parse(one).groups[0].threshold for one in (kelvin, raw)] == [2, 2]


def test_thirty_two_of_each_are_read() -> None:
    lines = [f"witness w{n} {many(n)}" for n in range(32)]
    lines += ["group g0 any w0", *(f"group g{n} all g{n - 1} w{n}" for n in range(1, 32))]
    policy = Policy.parse("\n".join([*lines, "quorum g31", ""]))
    assert (len(policy.witnesses), len(policy.groups)) == (32, 32)
