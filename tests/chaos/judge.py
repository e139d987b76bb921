"""What must have come out, from what lies in the source topics; shares no code with Tasuki.

Reads the sources to their end, and the outputs as a read_committed consumer saw them. A lead must
have been handed off once, to its team; each promise kept or breached as the records say; each
follow-up fed back once; each bad record a dead letter once; and the numbers of each shard without
gap or repeat, in the order of the topics.
"""

import functools
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime

from company import CAPACITY, DEAD_LETTERS, SECRET, SOURCES, TEAM_OF, FORMS, FOLLOW_UPS
from harness import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
import blake3  # noqa: E402  (of the second implementation)

READ_WAIT = 60
STAGES = {"patient": ("inquiry", "marketing-qualified", "sales-accepted", "won"),
          "quick": ("inquiry", "marketing-qualified"),
          "watched": ("inquiry", "marketing-qualified", "sales-accepted"),
          "scarce": ("inquiry", "marketing-qualified", "won"), None: ("inquiry",)}
KEY = blake3.derive_key("tasuki lead id v1", SECRET.encode())


@functools.cache
def lead_id(address):
    return blake3.keyed(KEY, f"email:{address}".encode())[:16].hex()


def instant(text):
    return datetime.fromisoformat(text).timestamp()


def read(address, topic):
    """A topic to its end, as (partition, offset, timestamp in ms, value)."""
    words = ["kcat", "-C", "-q", "-e", "-b", address, "-t", topic, "-o", "beginning", "-X", "isolation.level=read_committed",
             "-f", "%p %o %T %s\n"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=READ_WAIT, check=True)
    for line in done.stdout.splitlines():
        partition, offset, timestamp, value = line.split(b" ", 3)
        yield int(partition), int(offset), int(timestamp), value


def kept(record, name, made):
    """Made once for each record: all of them are judged again after every round."""
    if name not in record:
        record[name] = made()
    return record[name]


class Outputs:
    """Decisions by lead and kind, out of the records of a reader."""

    def __init__(self, records):
        self.of = defaultdict(lambda: defaultdict(list))
        self.numbers = defaultdict(list)
        self.dead = Counter()
        self.releases = []
        for record in sorted(records, key=lambda record: (record["topic"], record["partition"], record["offset"])):
            headers = kept(record, "named", lambda: dict(record["headers"]))
            place = record["topic"], record["partition"]
            if record["topic"] == DEAD_LETTERS:
                self._number(headers["tasuki_dlq_shard"], headers["tasuki_dlq_sequence"], place)
                origin = headers["tasuki_dlq_topic"], int(headers["tasuki_dlq_partition"]), int(headers["tasuki_dlq_offset"])
                self.dead[origin, headers["tasuki_dlq_reason"], record["payload"]] += 1
            else:
                self._number(headers["ce_tasukishard"], headers["ce_sequence"], place)
                kind = headers["ce_type"].removeprefix("tasuki.").removesuffix(".v1")
                decided = kept(record, "decided", lambda: {
                    **json.loads(record["payload"]), "time": headers["ce_time"], "sequence": int(headers["ce_sequence"]),
                    "seen": record["seen"]})
                self.of[headers["ce_subject"]][kind].append(decided)

    def _number(self, shard, sequence, place):
        self.numbers[shard].append((int(sequence), place))

    def count(self, kind):
        return sum(len(kinds[kind]) for kinds in self.of.values())


class Judge:
    """Compares; every difference is a line of `faults`."""

    def __init__(self, address, answered_at):
        self.answered_at = answered_at
        self.people, self.expected_dead = {}, Counter()
        self.follow_ups = defaultdict(dict)
        for topic in SOURCES:
            for partition, offset, timestamp, value in read(address, topic):
                self._source(topic, partition, offset, timestamp, value)
        self.faults = []

    def _source(self, topic, partition, offset, timestamp, value):
        try:
            event = json.loads(value)
        except ValueError:
            self.expected_dead[(topic, partition, offset), "not-json", value.decode()] += 1
            return
        if topic == FOLLOW_UPS:
            of_handoff = self.follow_ups[event["handoff_id"]]
            # The first in its partition counts; what was sent again has the same name.
            of_handoff.setdefault(event["id"], (timestamp, event["outcome"]))
        else:
            address = event["person"]["email"]
            number = int(address.removeprefix("lead").split("@")[0])
            has_form = self.people.get(address, (None, False))[1]
            self.people[address] = TEAM_OF[number % len(TEAM_OF)], has_form or topic == FORMS

    def is_complete(self, records):
        """A cheap look: as many decisions of each kind as must come."""
        outputs = Outputs(records)
        counts = Counter(team if has_form else None for team, has_form in self.people.values())
        wanted = {"lead.handed-off": counts.total() - counts[None], "feedback.recorded": sum(map(len, self.follow_ups.values()))}
        return (all(outputs.count(kind) >= count for kind, count in wanted.items())
                and outputs.count("sla.breached") >= counts["quick"]
                and outputs.count("sla.met") + outputs.count("sla.excused") >= counts["patient"] + counts["scarce"] + counts["watched"]
                and outputs.dead.total() >= self.expected_dead.total())

    def that(self, holds, what, *details):
        if not holds:
            self.faults.append(" ".join([what, *map(str, details)]))

    def judge(self, records):
        """Every difference, in words."""
        outputs = Outputs(records)
        self.faults = []
        self._numbers(outputs.numbers)
        known = {}
        for address, (team, has_form) in self.people.items():
            known[lead_id(address)] = address
            self._lead(address, team if has_form else None, outputs.of[lead_id(address)])
        self.that(set(outputs.of) <= set(known), "decisions about nobody we know:", set(outputs.of) - set(known))
        for letter in outputs.dead.keys() | self.expected_dead.keys():
            found, wanted = outputs.dead[letter], self.expected_dead[letter]
            self.that(found == wanted, f"dead letter {letter[0]} {letter[1]}: {found} times, not {wanted}")
        self._capacity(outputs.of)
        return self.faults

    def _numbers(self, shards):
        for shard, numbers in shards.items():
            plain = sorted(number for number, _ in numbers)
            twice = [number for number, count in Counter(plain).items() if count > 1]
            missing = sorted(set(range(1, plain[-1] + 1)) - set(plain))
            self.that(not twice and not missing, f"shard {shard}: {twice[:5]} twice, {missing[:5]} missing")
            last = {}
            for number, place in numbers:
                self.that(number > last.get(place, 0), f"shard {shard}: {number} behind {last.get(place)} in {place}")
                last[place] = number

    def _lead(self, address, team, kinds):
        def count(kind, wanted):
            self.that(len(kinds[kind]) == wanted, f"{address} of {team}: {len(kinds[kind])} {kind}, not {wanted}")
            return kinds[kind]

        changes = sorted(kinds["lead.stage-changed"], key=lambda change: change["sequence"])
        path = [(change["from"], change["to"]) for change in changes]
        stages = STAGES[team]
        self.that(path == list(zip((None, *stages), stages)), f"{address} of {team}: stages {path}")
        for handed_off in count("lead.handed-off", 1 if team else 0):
            self.that(handed_off["team"] == team, f"{address}: handed to {handed_off['team']}, not {team}")
            self._promise(address, team, handed_off["handoff_id"], handed_off["sla"]["respond_by"], kinds)
        self.that(len(kinds["lead.queued"]) <= (team == "scarce"), f"{address} of {team}: queued")
        for kind in ("sla.at-risk", "sla.escalated", "handoff.withdrawn", "lead.forgotten"):
            count(kind, 0)

    def _promise(self, address, team, handoff, respond_by, kinds):
        wanted = Counter(outcome for _, outcome in self.follow_ups[handoff].values())
        found = Counter(feedback["outcome"] for feedback in kinds["feedback.recorded"])
        self.that(found == wanted, f"{address} of {team}: fed back {dict(found)}, not {dict(wanted)}")
        breached, met, excused = (kinds[f"sla.{kind}"] for kind in ("breached", "met", "excused"))
        shape = len(breached), len(met), len(excused), any(end.get("late") for end in met)
        if team == "quick":
            allowed = [(1, 0, 0, False)]
        elif team in ("patient", "scarce"):
            allowed = [(0, 1, 0, False)]
        else:
            allowed = self._allowed(handoff, instant(respond_by))
        self.that(shape in allowed, f"{address} of {team}: (breached, met, excused, late) {shape}, allowed {allowed}")
        for breach in breached:
            self.that(breach["time"] == respond_by, f"{address}: a breach at {breach['time']}, not {respond_by}")
            self.that(breach["seen"] >= instant(respond_by), f"{address}: a breach before its time")

    def _allowed(self, handoff, respond_by):
        """An answer that was there in time is no breach; one that was late, one breach; what was on
        its way may have been either."""
        kept, excused, late = (0, 1, 0, False), (1, 0, 1, False), (1, 1, 0, True)
        happened = [at / 1_000 for at, _ in self.follow_ups[handoff].values()]
        if not happened:
            return [(1, 0, 0, False)]
        if min(happened) > respond_by:
            return [late]
        return [kept] if self.answered_at.get(handoff, respond_by + 1) < respond_by else [kept, excused]

    def _capacity(self, leads):
        """A place is taken at the start of a promise and freed by what sales said, both in journal
        time, so this count is never above the desk's own."""
        for rep, capacity in CAPACITY.items():
            steps = []
            for kinds in leads.values():
                steps += [(handed_off["sla"]["start"], 1) for handed_off in kinds["lead.handed-off"] if handed_off["rep"] == rep]
                steps += [(back["time"], -1) for back in kinds["feedback.recorded"] if back.get("rep") == rep]
            taken = most = 0
            for _, step in sorted(steps):
                taken += step
                most = max(most, taken)
            self.that(most <= capacity, f"{rep} had {most} open handoffs, {capacity} fit")


def lateness(records):
    """Seconds from the instant of each breach until the reader saw it, sorted."""
    outputs = Outputs(records)
    return sorted(breach["seen"] - instant(breach["respond_by"]) for kinds in outputs.of.values() for breach in kinds["sla.breached"])


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))]


def digest(record):
    return hashlib.sha256(json.dumps([record["key"], record["payload"], record["headers"]]).encode()).hexdigest()[:16]
