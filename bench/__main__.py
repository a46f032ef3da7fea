"""`python -m bench`: every benchmark in turn, each figure beside its raw limit of the same run."""

from __future__ import annotations

import subprocess
import sys

BENCHES = (
    "bench_append",
    "bench_codecs",
    "bench_identify",
    "bench_ledger",
    "bench_peers",
    "bench_proofs",
    "bench_session",
    "bench_trace",
    "bench_verify",
)


def main() -> int:
    """Run each benchmark in a process of its own, so that none warms another's caches."""
    worst = 0
    for name in BENCHES:
        print(f"== {name.removeprefix('bench_')}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{name}", *sys.argv[1:]], check=False)
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
