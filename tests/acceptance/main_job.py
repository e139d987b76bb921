"""The main job, end to end: on a real Kafka that it starts itself, and on the local log by HTTP.

    python3 tests/acceptance/main_job.py [--tasuki PATH] [--only kafka|local] [--keep]

Events are written by kcat, shuffled, each twice, while somebody else's read_committed consumer
reads the outputs. What must come out is computed by the contract's independent reading in
tests/oracle. Each check quotes or names the sentence it shows.
"""

import hashlib
import json
import random
import re
import sys
import threading
import time
from collections import Counter

import story
from harness import Checks, arguments, ends, ground, produce, read_raw, wait_for
from story import DEAD_LETTERS, OUTPUTS, ROLES, TEAM_TOPICS, Expected, Story, encode, facts

SEED = 20261001
LIMIT_SECONDS = 240
# Nothing more is to be expected after so long without a record.
QUIET = 2.0


# ---- what is compared ------------------------------------------------------


def expected_events(events):
    """`tasuki_events_total` by (result, role)."""
    return dict(Counter((result, event.role) for event in events for result in event.results()))


def expected_reasons(events):
    """`tasuki_dead_letters_total` by (reason,); every dead letter is sent twice."""
    return {(reason,): 2 * count for reason, count in Counter(event.reason for event in events if event.reason).items()}


def fingerprint(key, value, headers):
    """A hash of key, value and headers; nothing and nothing-at-all differ, as do order and number."""
    hasher = hashlib.sha256()
    for part in [key, value, *(part for header in headers for part in header)]:
        part = part.encode() if isinstance(part, str) else part
        hasher.update(b"-" if part is None else b"%d:" % len(part) + part)
    return hasher.hexdigest()[:16]


def check_facts(checks, found, expected):
    """Decisions against the independent reading."""
    checks.equal(found["handed-off"], expected["handed-off"],
                 f"exactly one handoff per lead that crosses the threshold, {len(expected['handed-off'])} of them")
    doubled = [key for key, count in found["handed-off"].items() if count > 1]
    checks.that(not doubled, "no handoff twice", doubled[:5])
    breaches = {key: count for key, count in expected["sla"].items() if key[0] == "sla.breached"}
    found_breaches = {key: count for key, count in found["sla"].items() if key[0] == "sla.breached"}
    checks.equal(found_breaches, breaches,
                 f"one breach for each one not answered in time ({len(breaches)}), none for those answered")
    checks.equal(found["sla"], expected["sla"], f"met, late, excused as they should be, {len(expected['sla'])} SLA events")
    checks.equal(found["stages"], expected["stages"], f"each lead's stages, {len(expected['stages'])} changes")
    checks.equal(found["feedback"], expected["feedback"], f"every follow-up fed back, {len(expected['feedback'])} of them")
    checks.equal(found["others"], expected["others"], "withdrawn, forgotten and nothing else")


def check_sequences(checks, numbered):
    """`sequence`: "consecutive per tasukishard over all its outputs in all topics, dead letters
    included, so that a gap or a repeat is visible"; it begins at 1."""
    shards = {}
    for shard, sequence in numbered:
        shards.setdefault(int(shard), []).append(sequence)
    wrong = []
    for shard, sequences in sorted(shards.items()):
        if any(not re.fullmatch(r"\d{20}", text) for text in sequences):
            wrong.append(f"shard {shard}: a sequence that is not 20 digits")
        numbers = sorted(map(int, sequences))
        if numbers != list(range(1, len(numbers) + 1)):
            missing = sorted(set(range(1, numbers[-1] + 1)) - set(numbers))
            twice = [number for number, count in Counter(numbers).items() if count > 1]
            wrong.append(f"shard {shard}: {missing[:10]} missing, {twice[:10]} twice")
    checks.that(shards and not wrong, f"sequences without gap or repeat from 1 in {len(shards)} shards, dead letters included",
                *wrong)


def check_no_leak(checks, texts):
    """"E-mail, name and phone never reach a log line, a metric or an error text." """
    for name, text in texts.items():
        lowered = text.lower()
        found = [mark for mark in story.CANARIES if mark in lowered]
        lines = [line[:300] for line in text.splitlines() if any(mark in line.lower() for mark in found)]
        checks.that(text and not found, f"no e-mail, name or phone in {name}", *lines[:3])


def check_no_errors(checks, service):
    """Nothing of all this is an error, and nothing that is there is said to be lost."""
    words = ('"level":"ERROR"', "starting over from the log", "deleted records before", "panicked")
    wrong = [line[:300] for line in service.errors().splitlines() if any(word in line for word in words)]
    checks.that(not wrong, f"nothing is amiss in the log of {service.name}", *wrong[:3])


def shuffled_waves(rng, events, waves=3):
    """Each event's record twice, shuffled, in some waves."""
    parts = [[] for _ in range(waves)]
    for event in events:
        for _ in range(2):
            rng.choice(parts).append(event.message)
    for part in parts:
        rng.shuffle(part)
    return parts


# ---- on Kafka --------------------------------------------------------------


class OnKafka:
    """The run on a real broker."""

    def __init__(self, checks, made):
        self.checks = checks
        self.made = made
        self.rng = random.Random(SEED)
        self.story = Story(SEED)
        self.expected = Expected(story.policy())
        self.sent = []
        self.broker = made.broker()
        self.environment = {
            "TASUKI__LOG": "kafka", "TASUKI__KAFKA__BROKERS": self.broker.address,
            "TASUKI__POLICY__FILE": made.write("policy.toml", story.policy()),
            "TASUKI__TELEMETRY__LOG_LEVEL": "info,tasuki=debug",
        }

    def run(self):
        self.make_topics()
        reader = self.made.reader(self.broker, OUTPUTS)
        service = self.made.service("first", self.environment)
        self.traffic(service, reader)
        self.look(service, reader)
        self.refused_by_http(service)
        texts = {"the service's log": service.errors(), "/metrics": service.get("/metrics")[1]}
        check_no_leak(self.checks, texts)
        check_no_errors(self.checks, service)
        self.checks.that(service.stop(), "SIGTERM: it finishes and ends with status 0")
        service = self.restarted(reader)
        self.new_policy(service, reader)

    def make_topics(self):
        """"`create` makes the missing ones", after which `check` has nothing to say."""
        made = self.made.run("topics", "create", environment=self.environment)
        self.checks.that(made.returncode == 0, "`tasuki topics create` makes every topic", made.stdout, made.stderr)
        seen = self.made.run("topics", "check", environment=self.environment)
        self.checks.that(seen.returncode == 0, "`tasuki topics check` has nothing to say", seen.stdout, seen.stderr)

    def send(self, events):
        """Twice each, in any order."""
        for wave in shuffled_waves(self.rng, events):
            produce(self.broker, wave)
        self.expected.take(events)
        self.sent += events

    def judged(self, service, seconds=30):
        """Waits until as much has been judged as was sent; the check comes at the end."""
        wanted = sum(expected_events(self.sent).values())
        wait_for(lambda: sum(service.counts("events_total").values()) >= wanted, seconds)

    def traffic(self, service, reader):
        self.send(self.story.before())
        self.judged(service)
        stranger = self.expected.lead_id({"email": "nobody@leak.example"}) + "-1-1"
        self.send(self.story.leads() + self.story.bad(stranger))
        wanted = len(self.expected.facts()["handed-off"])
        wait_for(lambda: len(handoffs(reader)) >= wanted, 40)
        given = handoffs(reader)
        names = {self.expected.lead_id(person): name for name, (person, _) in self.story.people.items()}
        self.send(self.story.answers({handoff: names.get(data["lead"], "") for handoff, data in given.items()}))
        self.judged(service)
        reader.wait_quiet(QUIET, 20)
        last = max((at(data["sla"]["respond_by"]) for data in handoffs(reader).values()), default=story.now())
        time.sleep(max(0, (last - story.now()).total_seconds()) + 1)
        reader.wait_quiet(QUIET, 20)
        breached = {data["handoff_id"]: at(data["respond_by"]) for data in of_type(reader, "sla.breached")}
        self.send(self.story.late_answers(breached))
        self.judged(service)
        reader.wait_quiet(QUIET, 20)

    def look(self, service, reader):
        """Everything that was seen, against everything that was to be expected."""
        check_facts(self.checks, facts(seen(reader)), self.expected.facts())
        records = reader.all()
        places = [(record["topic"], record["partition"], record["offset"]) for record in records]
        self.checks.that(len(places) == len(set(places)), "the concurrent reader read nothing twice")
        check_sequences(self.checks, [number_of(record) for record in records])
        wrong = [f"{record['topic']} {record['offset']}: {fault}" for record in records if (fault := envelope_fault(record))]
        self.checks.that(not wrong, "outputs are CloudEvents in binary mode, keyed by the lead", *wrong[:5])
        wrong = [fault for record in records if (fault := breach_fault(record))]
        self.checks.that(not wrong, "each breach carries its instant as its time, and comes after it", *wrong[:5])
        self.checks.equal(service.counts("events_total"), expected_events(self.sent),
                          "/metrics shows exactly the events sent: accepted, duplicate, ignored, erased, dead letters")
        self.checks.equal(service.counts("dead_letters_total"), expected_reasons(self.sent),
                          "/metrics shows exactly the dead letters by reason")
        self.dead_letters()

    def dead_letters(self):
        """"Key, value and headers as they were, plus headers `tasuki_dlq_…`"."""
        found, ours = Counter(), []
        for record in read_raw(self.broker, DEAD_LETTERS):
            added = dict(header for header in record.headers if header[0].startswith("tasuki_dlq_"))
            kept = [header for header in record.headers if not header[0].startswith("tasuki_dlq_")]
            found[added["tasuki_dlq_reason"], fingerprint(record.key, record.value, kept)] += 1
            ours.append(added)
        expected = Counter()
        for event in self.sent:
            if event.reason:
                message = event.message
                headers = [(name, value) for name, value in message.headers]
                expected[event.reason, fingerprint(message.key or None, message.value, headers)] += 2
        self.checks.equal(dict(found), dict(expected),
                          f"every bad record in the dead letters, equal in key, value and headers: {expected.total()}")
        names = {f"tasuki_dlq_{name}" for name in
                 ("reason", "detail", "topic", "partition", "offset", "timestamp", "shard", "sequence")}
        self.checks.that(all(set(added) == names for added in ours), "each with the eight headers that say why and whence")
        places = {(added["tasuki_dlq_topic"], added["tasuki_dlq_partition"], added["tasuki_dlq_offset"]) for added in ours}
        self.checks.that(len(places) == len(ours), "each place of a bad record is named once")
        check_no_leak(self.checks, {"the details of dead letters": "\n".join(added["tasuki_dlq_detail"] for added in ours)})

    def refused_by_http(self, service):
        """"Over HTTP, what can be judged without state is refused with the same reason"."""
        refused_by_http(self.checks, service)

    def restarted(self, reader):
        """"A restart with nothing new in the sources writes nothing to any output topic." """
        before, known = ends(self.broker, OUTPUTS), len(reader.all())
        service = self.made.service("again", self.environment)
        time.sleep(4)
        self.checks.equal(ends(self.broker, OUTPUTS), before, "after a restart with nothing new no output topic grows")
        self.checks.that(len(reader.all()) == known, "and the concurrent reader sees nothing")
        self.checks.equal(service.counts("events_total"), {}, "and no event is counted again")
        return service

    def new_policy(self, first, reader):
        """"A running system adopts a higher version"; given to one instance, all adopt it."""
        higher = self.environment | {"TASUKI__POLICY__FILE": self.made.write("policy-2.toml", story.policy(2))}
        second = self.made.service("second", higher)
        for service in (first, second):
            adopted = wait_for(lambda: {key[1] for key in service.counts("policy_info")} == {"2"}, 30)
            self.checks.that(adopted, f"a higher policy version given to one instance is in force on the {service.name}",
                             service.counts("policy_info"))
        shared = wait_for(lambda: sorted(owned(service) for service in (first, second)) == [6, 6], 30)
        self.checks.that(shared, "the journal's partitions are shared by the two",
                         [owned(service) for service in (first, second)])
        known = set(handoffs(reader))
        events = self.story.event("forms", {"person": {"email": "last@leak.example"}, "form": "demo-request",
                                            "profile": {"employees": 500}})
        produce(self.broker, [events.message])
        wait_for(lambda: set(handoffs(reader)) - known, 20)
        new = [data for handoff, data in handoffs(reader).items() if handoff not in known]
        self.checks.that([data["policy"]["version"] for data in new] == [2], "and the next handoff is decided by it",
                         [data["policy"] for data in new])
        check_no_leak(self.checks, {"the second instance's log": second.errors()})
        for service in (first, second):
            check_no_errors(self.checks, service)


def owned(service):
    return int(service.metrics().get("partitions_owned", 0))


def at(text):
    return story.datetime.fromisoformat(text)


def seen(reader):
    """Decisions, as (topic, type, data)."""
    for record in reader.all():
        if record["topic"] != DEAD_LETTERS:
            yield record["topic"], dict(record["headers"])["ce_type"], json.loads(record["payload"])


def of_type(reader, name):
    return [data for _, kind, data in seen(reader) if kind == f"tasuki.{name}.v1"]


def handoffs(reader):
    return {data["handoff_id"]: data for data in of_type(reader, "lead.handed-off")}


def number_of(record):
    headers = dict(record["headers"])
    if record["topic"] == DEAD_LETTERS:
        return headers["tasuki_dlq_shard"], headers["tasuki_dlq_sequence"]
    return headers["ce_tasukishard"], headers["ce_sequence"]


def envelope_fault(record):
    """"CloudEvents, Kafka binding, binary mode, JSON data, key = lead id. `source` =
    `/tasuki/<deployment>`, `subject` = lead id"; None where it is so."""
    if record["topic"] == DEAD_LETTERS:
        return None
    headers = dict(record["headers"])
    lead = json.loads(record["payload"])["lead"]
    wanted = {"ce_specversion": "1.0", "ce_source": "/tasuki/local", "ce_subject": lead}
    wrong = [name for name, value in wanted.items() if headers.get(name) != value]
    wrong += [name for name in ("ce_id", "ce_type", "ce_time", "ce_causationid") if not headers.get(name)]
    wrong += ["key"] if record["key"] != lead else []
    wrong += [] if headers.get("content-type", "").startswith("application/json") else ["content-type"]
    return wrong or None


def breach_fault(record):
    """"Deadlines are due strictly after their instant, carry that instant as their time"; None where it is so."""
    headers = dict(record["headers"])
    if headers.get("ce_type") != "tasuki.sla.breached.v1":
        return None
    respond_by = json.loads(record["payload"])["respond_by"]
    holds = headers["ce_time"] == respond_by and record["seen"] > at(respond_by).timestamp()
    return None if holds else f"{respond_by} promised, {headers['ce_time']} its time, seen {record['seen']}"


def refused_by_http(checks, service):
    """Bad requests: the status, the reason, and nothing personal in the answer."""
    media = {"Content_Type": "application/cloudevents+json"}
    mail = "who@leak.example"
    event = {"specversion": "1.0", "id": mail, "source": "//test", "type": ROLES["forms"][1],
             "data": {"person": {"email": mail}, "form": "demo-request"}}
    bad = [
        (400, "not-json", b'{"who@leak.example', media),
        (400, "not-cloudevents", encode(event | {"specversion": mail}), media),
        (413, "too-large", b'{"person": "who@leak.example ' + b"7777-" * 250_000, media),
        (415, "unsupported-media-type", b"who@leak.example", {"Content_Type": "text/plain"}),
        (422, "unknown-type", encode(event | {"type": mail}), media),
        (422, "invalid-data", encode(event | {"data": {"person": mail}}), media),
        (422, "invalid-time", encode(event | {"time": mail}), media),
    ]
    answers = []
    for status, reason, body, headers in bad:
        found, answer = service.post("/events", body, **headers)
        answers.append(answer)
        checks.that(found == status and reason in answer, f"POST /events: {reason} is refused with {status}", found, answer)
    check_no_leak(checks, {"HTTP answers": "\n".join(answers)})


# ---- on the local log ------------------------------------------------------


class OnLocalLog:
    """The same run without Kafka: POST /events in, GET /outputs/<topic> out."""

    def __init__(self, checks, made):
        self.checks = checks
        self.made = made
        self.rng = random.Random(SEED)
        self.story = Story(SEED, by_http=True)
        self.expected = Expected(story.policy())
        self.sent = []
        self.environment = {
            "TASUKI__LOG": "local", "TASUKI__LOCAL__PATH": made.path("data"),
            "TASUKI__POLICY__FILE": made.write("policy-local.toml", story.policy()),
        }

    def run(self):
        service = self.made.service("local", self.environment)
        self.traffic(service)
        self.look(service)
        refused_by_http(self.checks, service)
        check_no_leak(self.checks, {"the service's log": service.errors(), "/metrics": service.get("/metrics")[1]})
        check_no_errors(self.checks, service)
        before = self.outputs(service)
        self.checks.that(service.stop(), "SIGTERM: it finishes and ends with status 0")
        service = self.made.service("local-again", self.environment)
        time.sleep(2)
        self.checks.that(self.outputs(service) == before, "after a restart with nothing new no output topic grows")
        self.checks.equal(service.counts("events_total"), {}, "and no event is counted again")

    def send(self, service, events):
        """Each twice, in any order, in the HTTP binding's three modes."""
        twice = [event for event in events for _ in range(2)]
        self.rng.shuffle(twice)
        for event in twice:
            status, answer = self.post(service, event)
            if (status, answer) != (202, '{"accepted":1}'):
                self.checks.that(False, "POST /events takes a good event", status, answer)
        self.expected.take(events)
        self.sent += events

    @staticmethod
    def post(service, event):
        headers = {name: value for name, value in event.message.headers if value is not None}
        if "ce_specversion" not in headers:
            headers = {"Content_Type": "application/cloudevents+json" if headers else "application/json"}
        return service.post("/events", event.message.value, **headers)

    def traffic(self, service):
        wanted = lambda: sum(expected_events(self.sent).values())  # noqa: E731
        judged = lambda: sum(service.counts("events_total").values()) >= wanted()  # noqa: E731
        self.send(service, self.story.before())
        wait_for(judged, 30)
        stranger = self.expected.lead_id({"email": "nobody@leak.example"}) + "-1-1"
        self.send(service, self.story.leads() + self.only_judged_by_state(stranger))
        wait_for(lambda: len(self.handoffs(service)) >= len(self.expected.facts()["handed-off"]), 40)
        given = self.handoffs(service)
        names = {self.expected.lead_id(person): name for name, (person, _) in self.story.people.items()}
        self.send(service, self.story.answers({handoff: names.get(data["lead"], "") for handoff, data in given.items()}))
        wait_for(judged, 30)
        time.sleep(QUIET)
        last = max((at(data["sla"]["respond_by"]) for data in self.handoffs(service).values()), default=story.now())
        time.sleep(max(0, (last - story.now()).total_seconds()) + QUIET)
        breached = {event["data"]["handoff_id"]: at(event["data"]["respond_by"])
                    for event in service.outputs("sales.sla") if event["type"] == "tasuki.sla.breached.v1"}
        self.send(service, self.story.late_answers(breached))
        wait_for(judged, 30)
        time.sleep(QUIET)

    def only_judged_by_state(self, stranger):
        """Bad events that HTTP takes, since only state can tell; each becomes a dead letter."""
        bad = [("roster", "unknown-rep", {"rep": "Kanarienvogel", "available": False}),
               ("roster", "unknown-team", {"rep": "new", "team": "who@leak.example", "capacity": 3}),
               ("roster", "invalid-data", {"rep": "new", "team": "inside"}),
               ("follow-ups", "unknown-handoff", {"handoff_id": stranger, "outcome": "won"})]
        events = []
        for role, reason, data in bad:
            event = self.story.event(role, data)
            event.canonical, event.result, event.reason = None, "dead_letter", reason
            events.append(event)
        return events

    def outputs(self, service):
        return {topic: service.outputs(topic) for topic in OUTPUTS if topic != DEAD_LETTERS}

    @staticmethod
    def handoffs(service):
        events = [event for topic in TEAM_TOPICS for event in service.outputs(topic)]
        return {event["data"]["handoff_id"]: event["data"] for event in events if event["type"] == "tasuki.lead.handed-off.v1"}

    def look(self, service):
        outputs = self.outputs(service)
        found = facts((topic, event["type"], event["data"]) for topic, events in outputs.items() for event in events)
        check_facts(self.checks, found, self.expected.facts())
        judged = Counter()
        for event in self.sent:
            for result in event.results():
                judged[result, "inbox"] += 1
        self.checks.equal(service.counts("events_total"), dict(judged), "/metrics shows exactly the events sent")
        self.checks.equal(service.counts("dead_letters_total"), expected_reasons(self.sent),
                          "/metrics shows exactly the dead letters by reason")
        numbers = Counter(event["tasukishard"] for events in outputs.values() for event in events)
        self.checks.that(len(numbers) == 4, "every shard has decided something", numbers)
        sequences = [(event["tasukishard"], event["sequence"]) for events in outputs.values() for event in events]
        self.checks.that(len(set(sequences)) == len(sequences), "no sequence twice")


def main():
    parser = arguments(__doc__.splitlines()[0], LIMIT_SECONDS)
    parser.add_argument("--only", choices=["kafka", "local"], help="run one of the two")
    options = parser.parse_args()
    checks = Checks()
    with ground("main-job", options, checks) as made:
        runs = []
        for name, run in [("kafka", OnKafka), ("local", OnLocalLog)]:
            if options.only in (None, name):
                runs.append(threading.Thread(target=guarded, args=(checks.named(name), run, made)))
        for run in runs:
            run.start()
        for run in runs:
            run.join()
    return checks.finish()


def guarded(checks, run, made):
    """A run that ends early has failed; the other goes on."""
    try:
        run(checks, made).run()
    except Exception as error:  # whatever it is, it is said, and counted
        checks.that(False, "the run came to its end", f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(main())
