"""Writes random policies and random streams for them.

    python3 generate.py --seed N --policies P --events E --out DIR [--holidays FILE] [--edge]

Case n is `policy-n.toml`, `in-n.ndjson`, `until-n.txt` and `expected-n.ndjson`.
Without `--edge` no stream depends on a rule where the contract is silent and
nothing natural follows (marked "edge" in NOTES.md).
"""

import argparse
import os
import random
import sys
from collections import Counter

from oracle import Oracle, holiday_lists
from random_policy import RandomPolicy
from random_stream import RandomStream
from text import read_time, show_time, write

STARTS = ["2026-01-05T00:00:00Z", "2026-03-01T12:00:00Z", "2026-03-25T06:30:00Z", "2026-09-28T00:00:00Z",
          "2026-10-20T23:00:00Z", "2027-04-26T00:00:00Z", "2025-12-20T09:00:00Z"]


class Case:
    """One policy, its stream, what the oracle says to it."""

    def __init__(self, seed, number, count, lists, edge):
        rng = random.Random(f"{seed}/{number}")
        start = read_time(rng.choice(STARTS)) + rng.randint(0, 86_400_000)
        policy = RandomPolicy(rng, start, bool(lists["jp"]))
        oracle = Oracle(policy.text.encode(), holiday_lists=lists)
        stream = RandomStream(rng, policy, oracle, start, edge)
        until = stream.run(count)
        self.name = f"{number:03d}"
        self.policy = policy.text
        self.lines = stream.lines
        self.until = show_time(until)
        self.expected = stream.expected + [oracle.until(until)]
        self.coverage = oracle.coverage


def cases(seed, policies, count, lists, edge=False):
    """The cases of a seed, one after the other."""
    for number in range(policies):
        yield Case(seed, number, count, lists, edge)


def save(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--policies", type=int, default=5)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--out", required=True)
    parser.add_argument("--holidays", default="data/holidays_jp.txt")
    parser.add_argument("--edge", action="store_true")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    coverage = Counter()
    for case in cases(options.seed, options.policies, options.events, holiday_lists(options.holidays), options.edge):
        save(options.out, f"policy-{case.name}.toml", case.policy)
        save(options.out, f"in-{case.name}.ndjson", "".join(line + "\n" for line in case.lines))
        save(options.out, f"until-{case.name}.txt", case.until + "\n")
        save(options.out, f"expected-{case.name}.ndjson",
             "".join(write(each) + "\n" for outputs in case.expected for each in outputs))
        coverage += case.coverage
    for name, count in sorted(coverage.items()):
        print(f"{count:8} {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
