"""How late breach notices come, with nothing wrong and under one fault.

    python3 tests/chaos/notices.py [--deadlines N] [--tasuki PATH]
    python3 tests/chaos/notices.py --fault kill       one of the faults below, in the middle of it
    python3 tests/chaos/notices.py --all              with nothing wrong, then each fault

Two `tasuki serve` on one Kafka, four sources of six partitions each, a thousand events a second.
Promises end after 5 and 20 s. Some handoffs are answered at any moment before, also while the
fault lasts, some as their promise ends; the others never are. The broker writes down when each
record was appended, so it is known which answers were there in time, and a read_committed reader
says when each notice could be seen.
"""

import heapq
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict, namedtuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "acceptance"))

from company import COUNTRIES, DEAD_LETTERS, ENGAGEMENT, FOLLOW_UPS, FORMS, Company, email, message, policy  # noqa: E402
from harness import DIES_WITH_US, Checks, arguments, ends, ground, wait_for  # noqa: E402
from judge import instant, percentile, read  # noqa: E402
from town import HEAL_WAIT, SESSION, Town  # noqa: E402

SECOND_FOLLOW_UPS = "crm.activities"
SETTINGS = f"""sources."{SECOND_FOLLOW_UPS}".role = "follow-ups"
sources."sales.roster".enabled = false
sources."privacy.requests".enabled = false
"""
SOURCES, SOURCE_PARTITIONS = (FORMS, ENGAGEMENT, FOLLOW_UPS, SECOND_FOLLOW_UPS), 6
SLA = "sales.sla"
OUTPUTS = ("sales.handoffs.quick", "sales.handoffs.watched", SLA, DEAD_LETTERS)
APPEND_TIMES = ["log.message.timestamp.type=LogAppendTime"]
PROCESSES = 2
QUICK, WATCHED = 5, 20
# Of eight leads in a row, and whether sales answers.
LEADS = (("watched", True), ("watched", False), ("quick", True), ("quick", False),
         ("watched", True), ("watched", False), ("quick", False), ("quick", False))
UNANSWERED = sum(not answers for _, answers in LEADS)
EVERY, EVENTS_A_SECOND, LEADS_A_SECOND = 0.5, 1_000, 100
# Less than that was no such load.
PACE_MIN = 0.95
# Some of the answers come as the promise ends, before or after.
BESIDE = 0.5
# So many of the latest leads look at pages.
VISITORS = 2_000
# p99, in seconds.
LATE_MAX, LATE_MAX_IN_TROUBLE = 1.0, 30.0
# A notice that is false may come later than all the others.
AFTERWARDS = 3
LONGER_THAN_A_SESSION = SESSION + 3
# Leads of before these seconds are in neither a start's nor a fault's way.
SETTLING = 5


def killed(town):
    """kill -9, and started again when the other has long missed it."""
    with town.processes[0].lock:
        town.processes[0].kill()
        time.sleep(LONGER_THAN_A_SESSION)
        town.processes[0].start()


def all_killed(town):
    """Nobody is there while promises end."""
    for process in town.processes:
        process.kill()
    time.sleep(LONGER_THAN_A_SESSION)
    for process in town.processes:
        process.start()


FAULTS = {
    "kill": killed,
    "stop": lambda town: town.processes[0].freeze(LONGER_THAN_A_SESSION),
    "broker": lambda town: town.kill_broker(3),
    "pause": lambda town: town.pause_broker(LONGER_THAN_A_SESSION),
    "network": lambda town: town.proxies[0].cut_for(LONGER_THAN_A_SESSION),
    "down": all_killed,
}


class Crowd(Company):
    """A thousand events a second whatever happens: what could not be sent is sent after."""

    def __init__(self, broker, reader, leads):
        super().__init__(broker, reader, seed=1)
        self.leads_max, self.lead, self.page, self.events = leads, 0, 0, 0
        self.handed_off, self.last_end = 0, 0.0
        # Answers with the time at which they are due.
        self.due = []

    def run(self):
        begun = time.monotonic()
        batches = 0
        while self.is_open:
            time.sleep(max(0.0, begun + batches * EVERY - time.monotonic()))
            events = self._batch()
            self._send(events)
            batches += 1
            self.events += len(events)
            self.pace = self.events / max(batches * EVERY, time.monotonic() - begun)

    def close(self):
        self.is_open = False
        self.join()

    def _batch(self):
        events = self._answers()
        for _ in range(min(int(LEADS_A_SECOND * EVERY), self.leads_max - self.lead)):
            address, (team, _) = email(self.lead), LEADS[self.lead % len(LEADS)]
            form = {"id": f"form-{self.lead}", "person": {"email": address}, "form": "demo-request",
                    "profile": {"employees": 500, "country": COUNTRIES[team]}}
            events.append(message(FORMS, address, form))
            self.lead += 1
        while len(events) < EVENTS_A_SECOND * EVERY:
            address = email(self.random.randrange(max(0, self.lead - VISITORS), self.lead))
            view = {"id": f"page-{self.page}", "person": {"email": address}, "activity": "page_viewed"}
            events.append(message(ENGAGEMENT, address, view))
            self.page += 1
        return events

    def _answers(self):
        """Those that are due, each in one of two topics."""
        fresh = self.reader.since(self.taken)
        self.taken += len(fresh)
        for handoff, data in handoffs(fresh):
            number, end = int(data["person"]["email"].removeprefix("lead").split("@")[0]), instant(data["sla"]["respond_by"])
            self.handed_off, self.last_end = self.handed_off + 1, max(self.last_end, end)
            if LEADS[number % len(LEADS)][1]:
                at = self.random.uniform(time.time(), end + BESIDE)
                heapq.heappush(self.due, (at, handoff, data["lead"]))
        answers = []
        while self.due and self.due[0][0] <= time.time():
            _, handoff, lead = heapq.heappop(self.due)
            answer = {"id": f"answer-{handoff}", "handoff_id": handoff, "outcome": "contacted"}
            answers.append(message((FOLLOW_UPS, SECOND_FOLLOW_UPS)[len(answers) % 2], lead, answer))
        return answers


def of_type(records, name):
    return (record for record in records if dict(record["headers"]).get("ce_type") == name)


def handoffs(records):
    for record in of_type(records, "tasuki.lead.handed-off.v1"):
        data = json.loads(record["payload"])
        yield data["handoff_id"], data


class Promises:
    """What was promised, answered and said to be broken."""

    def __init__(self, records, answered):
        self.answered = answered
        self.respond_by = {handoff: instant(data["sla"]["respond_by"]) for handoff, data in handoffs(records)}
        self.notices = defaultdict(list)
        for record in of_type(records, "tasuki.sla.breached.v1"):
            self.notices[json.loads(record["payload"])["handoff_id"]].append(record)
        self.dead = sum(record["topic"] == DEAD_LETTERS for record in records)
        self.handoffs = Counter(handoff for handoff, _ in handoffs(records))
        never = float("inf")
        # An answer in the very millisecond may be taken for either.
        self.kept = {handoff for handoff, end in self.respond_by.items() if self.answered.get(handoff, never) < end}
        self.broken = {handoff for handoff, end in self.respond_by.items() if self.answered.get(handoff, never) > end}

    def is_told(self):
        return self.broken <= self.notices.keys()

    def late(self, seen):
        """Seconds behind their instants, sorted; of each notice the first."""
        return sorted(min(map(seen, records)) - self.respond_by[handoff] for handoff, records in self.notices.items())


def promises_of(town):
    """As they lie in the topics now; of each answer the first counts."""
    answered = {}
    for topic in (FOLLOW_UPS, SECOND_FOLLOW_UPS):
        for _, _, appended, value in read(town.broker.address, topic):
            handoff = json.loads(value)["handoff_id"]
            answered[handoff] = min(appended / 1_000, answered.get(handoff, appended / 1_000))
    return Promises(town.witness.all(), answered)


Span = namedtuple("Span", "begin end")


def span(what):
    begin = time.time()
    what()
    return Span(begin, time.time())


def play(town, crowd, fault):
    """The load, with the fault in the middle; when that was."""
    def until(holds, seconds):
        def looked():
            for process in town.processes:
                process.revive()
            return holds()
        wait_for(looked, seconds, 1)

    crowd.start()
    threading.Thread(target=progress, args=(town, crowd), daemon=True).start()
    sending = crowd.leads_max / LEADS_A_SECOND + HEAL_WAIT
    until(lambda: crowd.lead >= crowd.leads_max / 2, sending)
    trouble = span(lambda: FAULTS[fault](town)) if fault else None
    until(lambda: crowd.lead >= crowd.leads_max, sending)
    # The load goes on while promises end.
    until(lambda: crowd.handed_off >= crowd.leads_max and time.time() > crowd.last_end + AFTERWARDS, WATCHED + HEAL_WAIT)
    crowd.close()
    until(lambda: promises_of(town).is_told(), HEAL_WAIT)
    return trouble


def progress(town, crowd):
    while True:
        time.sleep(10)
        if not crowd.is_open:
            return
        ends_told = sum(record["topic"] == SLA for record in town.witness.all())
        print(f"     {time.strftime('%H:%M:%S')} {crowd.pace:.0f} events a second, {crowd.lead} leads, "
              f"{ends_told} ends of promises told", flush=True)


def examine(crowd, promises, checks, deadlines):
    checks.that(crowd.pace >= EVENTS_A_SECOND * PACE_MIN, f"{crowd.pace:.0f} events a second were sent, {crowd.events} in all")
    checks.that(len(promises.handoffs) == crowd.lead and max(promises.handoffs.values()) == 1 and not promises.dead,
                f"{crowd.lead} leads, each handed off once", f"{len(promises.handoffs)} handed off, {promises.dead} dead letters")
    checks.that(len(promises.broken) >= deadlines, f"{len(promises.broken)} deadlines passed, {deadlines} are planned")
    missing = promises.broken - promises.notices.keys()
    checks.that(not missing, "a notice for each that was not answered in time", f"{len(missing)} missing", sorted(missing)[:5])
    twice = [handoff for handoff, records in promises.notices.items() if len(records) > 1]
    checks.that(not twice, "each once", twice[:5])
    false = promises.kept & promises.notices.keys()
    checks.that(not false, f"none for {len(promises.kept)} whose answer was in its topic in time", f"{len(false)} false",
                *(f"{handoff} answered {promises.respond_by[handoff] - promises.answered[handoff]:.3f} s before its end"
                  for handoff in sorted(false)[:5]))
    # Neither seen nor written.
    earliest = min(promises.late(written)[0], promises.late(seen)[0])
    checks.that(earliest >= 0, f"none before its time, the first {earliest:.3f} s behind it")


def seen(record):
    return record["seen"]


def written(record):
    return record["ts"] / 1_000


def report(promises, crowd, trouble, fault, checks):
    """The line with all figures."""
    late, on_disk = promises.late(seen), promises.late(written)
    most = LATE_MAX_IN_TROUBLE if fault else LATE_MAX
    p99 = percentile(late, 0.99)
    checks.that(p99 <= most, f"99 of 100 notices within {most:.0f} s of their instants", f"p99 {p99:.2f} s")
    words = [f"{fault or 'nothing wrong'}: {len(late)} notices at {crowd.pace:.0f} events a second",
             f"median {percentile(late, 0.5):.3f} s, p99 {p99:.3f} s, at most {late[-1]:.3f} s",
             f"as the broker wrote them {percentile(on_disk, 0.5):.3f}, {percentile(on_disk, 0.99):.3f}, {on_disk[-1]:.3f} s",
             f"{len(promises.kept)} answered in time"]
    if trouble:
        def within(handoffs, instants):
            return {handoff for handoff in handoffs if trouble.begin <= instants[handoff] <= trouble.end}
        answered = within(promises.kept, promises.answered)
        words.append(f"in {trouble.end - trouble.begin:.1f} s of trouble {len(within(promises.broken, promises.respond_by))} deadlines "
                     f"and {len(answered)} answers in time, {len(within(answered, promises.respond_by))} to promises that ended in it")
    print("; ".join(words), flush=True)


def measure(options):
    checks, fault = Checks(), options.fault
    with ground(f"notices-{fault or 'plain'}", options, checks) as made:
        town = Town(made, policy(f"{QUICK}s", f"{WATCHED}s"), PROCESSES, SETTINGS, APPEND_TIMES, OUTPUTS, audits="false")
        checks.that(wait_for(town.is_whole, HEAL_WAIT), "two processes share the partitions")
        partitions = Counter(topic for topic, _ in ends(town.broker, SOURCES))
        checks.equal(dict(partitions), dict.fromkeys(SOURCES, SOURCE_PARTITIONS), "four sources of six partitions")
        time.sleep(SETTLING)
        crowd = Crowd(town.broker, town.witness, -(-options.deadlines * len(LEADS) // UNANSWERED))
        trouble = play(town, crowd, fault)
        promises = promises_of(town)
        examine(crowd, promises, checks, options.deadlines)
        report(promises, crowd, trouble, fault, checks)
    return checks.finish()


def each(options):
    """One after the other, each in a program of its own, since their threads end with it."""
    failed = []
    for fault in (None, *FAULTS):
        words = [sys.executable, os.path.abspath(__file__), "--deadlines", str(options.deadlines), *(["--fault", fault] if fault else []),
                 *(["--tasuki", options.tasuki] if options.tasuki else []), *(["--keep"] if options.keep else [])]
        print(f"-- {fault or 'nothing wrong'}", flush=True)
        if subprocess.run([*DIES_WITH_US, *words], check=False).returncode:
            failed.append(fault or "nothing wrong")
    print(f"failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def main():
    parser = arguments(__doc__, 0)
    parser.add_argument("--deadlines", type=int, default=10_000, help="so many promises are broken")
    parser.add_argument("--fault", choices=FAULTS, help="what goes wrong in the middle of it")
    parser.add_argument("--all", action="store_true", help="with nothing wrong, then each fault")
    options = parser.parse_args()
    options.time_limit = options.time_limit or 300 + options.deadlines // 25
    return each(options) if options.all else measure(options)


if __name__ == "__main__":
    sys.exit(main())
