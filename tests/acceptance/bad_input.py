"""Bad input, all of it: on a real Kafka that it starts itself, and over HTTP.

    python3 tests/acceptance/bad_input.py [--tasuki PATH] [--keep] [--passes N] [--memory]

Thirteen thousand records: JSONTestSuite, the Big List of Naughty Strings in every text field, broken
UTF-8, the format tests of JSON Schema, and more than two thousand of our own. What must become of
each is computed by verdicts.py, which reads docs/events.md and shares no code with Tasuki. Each is
written to Kafka and, as far as HTTP can carry it, posted. Nothing may be lost, no reason may be
another, and memory must not grow when the same comes again and again.
"""

import base64
import http.client
import json
import random
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import bad_cases
import bad_corpora
from harness import KAFKA, Checks, arguments, ground, wait_for
from main_job import check_no_errors, fingerprint
from story import DEAD_LETTERS, ROLES, policy
from verdicts import Judge, is_json_media

SEED = 20261128
LIMIT_SECONDS = 360
POSTS_AT_ONCE = 8
# The same traffic is sent so often between two looks at memory, and looked at so often at most behind the first two looks.
PASSES = 3
LOOKS_MAX = 6
# Buffers and pools grow for some hundred thousand records; behind that, and in a short run.
GROWTH_MAX, GROWTH_SHORT_MAX = 1.05, 1.25
WARM_UP = 10
# Allocators that give back at once what nobody holds, so that what is left is held.
ALLOCATORS = {"MIMALLOC_PURGE_DELAY": 0, "MALLOC_ARENA_MAX": 1, "MALLOC_TRIM_THRESHOLD_": 65536, "MALLOC_MMAP_THRESHOLD_": 65536}
INBOX = "tasuki.inbox"
STATUS = {"not-json": 400, "not-cloudevents": 400, "too-large": 413, "unknown-type": 422, "invalid-data": 422,
          "invalid-time": 422, "unknown-handoff": 422}


class Counts:
    """What must be counted, by role; dead letters by reason."""

    def __init__(self):
        self.results, self.reasons = Counter(), Counter()

    def take(self, role, verdict):
        if isinstance(verdict, str):
            self.reasons[verdict,] += 1
        for result in ["dead_letter"] if isinstance(verdict, str) else verdict:
            self.results[result, role] += 1


class BadInput:
    """The run."""

    def __init__(self, checks, made, options):
        self.checks, self.made, self.passes = checks, made, options.passes
        self.warm_up, self.growth_max = (WARM_UP, GROWTH_MAX) if options.memory else (0, GROWTH_SHORT_MAX)
        self.rng = random.Random(SEED)
        self.cases = [*bad_cases.known(), *bad_cases.own(), *bad_corpora.corpora()]
        self.judge = Judge(["enterprise", "inside"], ["ana", "ben", "carl", "dora"])
        self.expected, self.letters = Counts(), Counter()
        self.broker = made.broker()
        self.environment = {
            "TASUKI__LOG": "kafka", "TASUKI__KAFKA__BROKERS": self.broker.address,
            "TASUKI__POLICY__FILE": made.write("policy.toml", policy()),
            # Nearly everything is bad here, and a paused source would wait.
            "TASUKI__INTAKE__GUARD_RECORDS": 0, **ALLOCATORS,
        }

    def run(self):
        made = self.made.run("topics", "create", environment=self.environment)
        self.checks.that(made.returncode == 0, "the topics are made", made.stderr)
        self.service = self.made.service("kafka", self.environment)
        for late in (False, True):
            self.write([case for case in self.cases if case.late == late])
        self.look("on Kafka")
        self.dead_letters()
        self.over_http()
        self.memory()
        check_no_errors(self.checks, self.service)
        self.checks.that(self.service.stop(), "SIGTERM: it finishes and ends with status 0")

    # ---- on Kafka ----------------------------------------------------------

    def write(self, cases, times=1):
        """Writes the cases in some order, and waits until all are judged."""
        self.rng.shuffle(cases)
        lines = "".join(line(case) for case in cases).encode()
        subprocess.run([KAFKA, "write", self.broker.directory, str(times)], input=lines, check=True, timeout=120)
        for _ in range(times):
            for case in cases:
                self.take(case)
        self.judged()

    def take(self, case):
        topic, default = ROLES[case.role]
        verdict = self.judge.verdict(case.value, case.headers, default, topic)
        self.expected.take(case.role, verdict)
        told = verdict[0] if isinstance(verdict, list) else verdict
        if case.ours and told not in (case.ours, "duplicate"):
            self.checks.that(False, f"{case.name} is {case.ours}", told)
        if isinstance(verdict, str):
            self.letters[verdict, fingerprint(case.key, case.value, case.headers)] += 1

    def judged(self, seconds=60):
        wanted = sum(self.expected.results.values())
        wait_for(lambda: sum(self.service.counts("events_total").values()) >= wanted, seconds)

    def look(self, where):
        """in = applied + duplicate + ignored + erased + dead letters, each as often as expected."""
        found = self.service.counts("events_total")
        self.checks.equal(found, dict(self.expected.results),
                          f"{where}, every one of {sum(self.expected.results.values())} facts and bad records is counted as it should be")
        self.checks.equal(self.service.counts("dead_letters_total"), dict(self.expected.reasons),
                          f"{where}, each dead letter has the right reason, {sum(self.expected.reasons.values())} of them")

    def dead_letters(self):
        found = Counter()
        read = subprocess.run([KAFKA, "read", self.broker.directory, DEAD_LETTERS], capture_output=True, check=True, timeout=120)
        for each in read.stdout.splitlines():
            key, value, headers = record(each)
            reason = dict(headers)["tasuki_dlq_reason"].decode()
            kept = [header for header in headers[:-8]]
            found[reason, fingerprint(key, value, kept)] += 1
        self.checks.equal(found, self.letters, f"{self.letters.total()} dead letters, equal in key, value and headers, for their reasons")

    # ---- over HTTP ---------------------------------------------------------

    def over_http(self):
        """Accepted, or refused with the reason that Kafka gives; what only state can judge is taken."""
        refused, posted = Counter(), 0
        for late in (False, True):
            cases = [case for case in self.cases if case.by_http and case.late == late]
            with ThreadPoolExecutor(POSTS_AT_ONCE) as pool:
                answers = list(pool.map(Poster(self.service.port).post, cases))
            for case, answer in zip(cases, answers):
                refused[self.answered(case, *answer)] += 1
            posted += len(cases)
            self.judged()
        told = {reason: count for reason, count in refused.items() if reason}
        self.checks.that(not refused.get("wrong"), f"POST /events, {posted} requests: accepted or refused as they should be, {told}")
        self.look("over HTTP")

    def answered(self, case, status, body):
        """The reason of a refusal, none where it was taken; `wrong` where that is not right."""
        headers = as_posted(case)
        wanted = "unsupported-media-type"
        if headers is not None:
            known = Counter(self.expected.results), Counter(self.expected.reasons)
            try:
                self.judge.stateless(case.value, headers, None, INBOX)
                wanted = None
                self.expected.take("inbox", self.judge.verdict(case.value, headers, None, INBOX))
            except Exception as bad:
                self.expected.results, self.expected.reasons = known
                wanted = str(bad)
        reason = None if status == 202 else json.loads(body).get("reason")
        right = status == (202 if wanted is None else STATUS.get(wanted, 415)) and reason == wanted
        if not right:
            self.checks.that(False, f"POST of {case.name}: {wanted or 'accepted'}", status, body[:200])
        return reason if right else "wrong"

    # ---- memory ------------------------------------------------------------

    def memory(self):
        """The same leads, the same bad records, again and again: what memory comes down to between
        batches does not grow. (What it goes up to hangs on how records happen to be batched. So does
        the floor a little, and a single look says little; what is lost grows with each.)"""
        again = [case for case in self.cases if self.leaves_nothing(case)]
        for _ in range(self.warm_up):
            print(f"     memory comes down to {self.floor(again):.1f} MiB", flush=True)
        first = max(self.floor(again), self.floor(again))
        later = [self.floor(again)]
        while min(later) > first * self.growth_max and len(later) < LOOKS_MAX:
            later.append(self.floor(again))
        self.look(f"after {(self.warm_up + 2 + len(later)) * self.passes} more passes")
        self.checks.that(min(later) <= first * self.growth_max,
                         f"resident memory comes down to {min(later):.1f} MiB after {self.passes * len(again)} records and more, "
                         f"at most {self.growth_max} × {first:.1f} MiB before", later)

    def leaves_nothing(self, case):
        """It is bad, or a duplicate: an event without an `id` is another one each time, and leaves its
        mark for seven days. (The largest are left out to save time.)"""
        verdict = self.judge.verdict(case.value, case.headers, ROLES[case.role][1], ROLES[case.role][0])
        return (case.value is None or len(case.value) < 300_000) and (isinstance(verdict, str) or "accepted" not in verdict)

    def floor(self, cases):
        with Floor(self.service) as floor:
            self.write(cases, self.passes)
        return floor.lowest


class Floor:
    """The lowest resident memory of a service while something goes on, in MiB."""

    def __init__(self, service):
        self.path = f"/proc/{service.process.pid}/status"
        self.lowest = float("inf")
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self.over.wait(0.02):
            with open(self.path, encoding="ascii") as file:
                kib = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
            self.lowest = min(self.lowest, kib / 1024)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def line(case):
    """A record as `tests/bin/kafka write` takes it."""
    parts = [ROLES[case.role][0], "-" if case.time is None else str(case.time), shown(case.key), shown(case.value)]
    for name, value in case.headers:
        parts += [shown(name.encode()), shown(value)]
    return "\t".join(parts) + "\n"


def shown(content):
    return "-" if content is None else base64.b64encode(content).decode()


def record(text):
    """Key, value and headers of a record as `tests/bin/kafka read` prints it."""
    key, value, *headers = [None if part == b"-" else base64.b64decode(part) for part in text.split(b"\t")[2:]]
    return key, value, [(name.decode(), content) for name, content in zip(headers[::2], headers[1::2])]


def media_of(case):
    return next((content for name, content in case.headers if name.lower() == "content-type"), None)


def as_posted(case):
    """The headers that count over HTTP: those of the event in binary mode, the type of the content,
    else none; None where the content's type is not one that is taken."""
    media = media_of(case) if media_of(case) is not None else b"application/json"
    essence = media.split(b";")[0].strip().lower()
    kind = [("content-type", media)]
    if essence == b"application/cloudevents+json":
        return kind
    if any(name == "ce_specversion" for name, _ in case.headers) and is_json_media(media):
        return kind + [header for header in case.headers if header[0].startswith("ce_")]
    return kind if essence == b"application/json" else None


class Poster:
    """Connections that are kept, one for each thread."""

    def __init__(self, port):
        self.port, self.kept = port, threading.local()

    def post(self, case):
        if not hasattr(self.kept, "connection"):
            self.kept.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection = self.kept.connection
        connection.putrequest("POST", "/events")
        connection.putheader("content-length", str(len(case.value)))
        connection.putheader("content-type", media_of(case) if media_of(case) is not None else b"application/json")
        for name, content in case.headers:
            if name.startswith("ce_"):
                connection.putheader("ce-" + name[3:], quote(content, safe="/:"))
        connection.endheaders(case.value)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def main():
    parser = arguments(__doc__.splitlines()[0], LIMIT_SECONDS)
    parser.add_argument("--passes", type=int, default=PASSES, help="how often all comes again between two looks at memory")
    parser.add_argument("--memory", action="store_true", help="warm up for minutes, then hold memory to 1.05")
    options = parser.parse_args()
    options.time_limit *= 4 if options.memory else 1
    checks = Checks()
    with ground("bad-input", options, checks) as made:
        BadInput(checks, made, options).run()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
