"""Compares `tasuki replay` with the oracle, output by output.

    python3 compare.py --tasuki PATH_TO_BINARY [--seed N] [--policies P] [--events E]
                       [--holidays FILE] [--edge] [--all] [--shrink] [--keep DIR]
    python3 compare.py --tasuki PATH_TO_BINARY --policy FILE --input FILE [--until TIME]

The first difference is printed with the policy's path, the input line and both
outputs, and the exit status is 1. `--all` goes on with the next policy,
`--shrink` takes away input lines as long as some difference remains.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter

from generate import cases, save
from oracle import LineError, Oracle, holiday_lists
from text import read, read_time, write

FIELDS = ("specversion", "source", "type", "topic", "subject", "time", "id", "sequence", "causationid", "data")
# Of a record without readable attributes the contract names no cause.
NAMELESS = {"not-cloudevents", "too-large"}
ANY_ORDER = {"profile", "record"}


class Tools:
    """The two programs under comparison."""

    def __init__(self, tasuki, lists):
        self.tasuki = tasuki
        self.lists = lists
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TASUKI__")}

    def ours(self, policy, lines, until):
        """Outputs of the oracle, by input line; the last list is what `--until` fires."""
        oracle = Oracle(policy, holiday_lists=self.lists)
        outputs = [oracle.line(line, number) for number, line in enumerate(lines, 1)]
        return outputs + [oracle.until(read_time(until)) if until else []]

    def theirs(self, policy_path, lines, until):
        """Outputs of the binary, or a text that says how it failed."""
        command = [self.tasuki, "replay", "--policy", policy_path] + (["--until", until] if until else [])
        done = subprocess.run(command, input="".join(line + "\n" for line in lines).encode(), timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment, check=False)
        if done.returncode != 0:
            return f"exit status {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}"
        return [read(line) for line in done.stdout.decode().splitlines()]


def difference(ours, theirs, path=""):
    """Where two JSON values differ first, their members' order included; None if nowhere."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in list(ours) + [name for name in theirs if name not in ours]:
            if name not in theirs or name not in ours:
                return f"{path}.{name} is only {'ours' if name in ours else 'theirs'}"
            if found := difference(ours[name], theirs[name], f"{path}.{name}"):
                return found
        in_order = path.rsplit(".", 1)[-1] not in ANY_ORDER and ".record" not in path
        return f"{path}: the members' order" if in_order and list(ours) != list(theirs) else None
    if isinstance(ours, list) and isinstance(theirs, list):
        for number, (one, other) in enumerate(zip(ours, theirs)):
            if found := difference(one, other, f"{path}[{number}]"):
                return found
        return f"{path}: {len(ours)} and {len(theirs)} elements" if len(ours) != len(theirs) else None
    return None if write(ours) == write(theirs) else path or "."


def comparable(output):
    """The fields that the contract names, without the free text of a dead letter."""
    fields = {name: output.get(name) for name in FIELDS}
    if fields["type"] == "tasuki.dead-letter.v1" and isinstance(fields["data"], dict):
        fields["data"] = dict(fields["data"], detail="")
        if fields["data"].get("reason") in NAMELESS:
            fields["id"] = fields["causationid"] = None
    return fields


def normal(value):
    """Numbers of our own making as they look once read back."""
    return read(write(value))


def first_difference(ours, theirs):
    """(number of the input line, where, our output, their output), or None."""
    if isinstance(theirs, str):
        return (0, theirs, None, None)
    index = 0
    for number, outputs in enumerate(ours, 1):
        for output in outputs:
            other = theirs[index] if index < len(theirs) else None
            where = "an output is missing" if other is None else difference(
                comparable(normal(output)), comparable(other))
            if where:
                return (number, where, output, other)
            index += 1
    if index < len(theirs):
        cause = theirs[index].get("causationid")
        before = sum(1 for outputs in ours for _ in outputs)
        return (len(ours), f"an output too many, after {before} (cause {cause})", None, theirs[index])
    return None


def shrink(tools, policy, policy_path, lines, until):
    """Fewer lines, some difference still; pieces are halved down to single lines."""
    def differs(kept):
        try:
            return first_difference(tools.ours(policy, kept, until), tools.theirs(policy_path, kept, until))
        except LineError:
            return None

    found = differs(lines)
    if found and 0 < found[0] < len(lines) and differs(lines[:found[0] + 1]):
        lines = lines[:found[0] + 1]
    size = len(lines) // 2
    while size >= 1:
        start = 0
        while start < len(lines):
            kept = lines[:start] + lines[start + size:]
            if differs(kept):
                lines = kept
            else:
                start += size
        size //= 2
    return lines


def report(policy_path, input_path, lines, found):
    number, where, ours, theirs = found
    print(f"policy   {policy_path}\ninput    {input_path}")
    line = lines[number - 1] if 0 < number <= len(lines) else "(what --until fires, or the whole run)"
    print(f"line     {number}: {line}\nwhere    {where}")
    print(f"ours     {write(ours) if ours else 'nothing'}")
    print(f"theirs   {write(theirs) if theirs else 'nothing'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasuki", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--policies", type=int, default=20)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--holidays", default="data/holidays_jp.txt")
    parser.add_argument("--edge", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--keep", help="where cases that differ are written")
    parser.add_argument("--policy")
    parser.add_argument("--input")
    parser.add_argument("--until")
    options = parser.parse_args()
    lists = holiday_lists(options.holidays)
    tools = Tools(os.path.abspath(options.tasuki), lists)
    folder = options.keep or tempfile.mkdtemp(prefix="tasuki-compare-")
    os.makedirs(folder, exist_ok=True)
    counts, kinds, differences = Counter(), Counter(), 0
    for name, policy, lines, until in given(options) if options.policy else made(options, lists):
        policy_path = save(folder, f"policy-{name}.toml", policy)
        ours = tools.ours(policy.encode(), lines, until)
        found = first_difference(ours, tools.theirs(policy_path, lines, until))
        counts.update(policies=1, events=len(lines))
        kinds.update(output["type"] for outputs in ours for output in outputs)
        if found is None:
            os.remove(policy_path)
            continue
        differences += 1
        if options.shrink:
            lines = shrink(tools, policy.encode(), policy_path, lines, until)
            found = first_difference(tools.ours(policy.encode(), lines, until),
                                     tools.theirs(policy_path, lines, until))
        input_path = save(folder, f"in-{name}.ndjson", "".join(line + "\n" for line in lines))
        save(folder, f"until-{name}.txt", (until or "") + "\n")
        report(policy_path, input_path, lines, found)
        if not options.all:
            break
    if not differences and not options.keep:
        os.rmdir(folder)
    outputs = " ".join(f"{kind}={count}" for kind, count in sorted(kinds.items()))
    print(f"policies={counts['policies']} events={counts['events']} outputs={sum(kinds.values())} "
          f"{outputs} differences={differences}")
    return 1 if differences else 0


def made(options, lists):
    """Cases of the generator."""
    for case in cases(options.seed, options.policies, options.events, lists, options.edge):
        yield f"{options.seed}-{case.name}", case.policy, case.lines, case.until


def given(options):
    """One case from files."""
    with open(options.policy, encoding="utf-8") as file:
        policy = file.read()
    with open(options.input, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if line.strip()]
    yield "given", policy, lines, options.until


if __name__ == "__main__":
    sys.exit(main())
