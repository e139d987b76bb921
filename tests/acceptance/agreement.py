"""The whole agreement on a running service: decay, calendars, the ladder, queues, overflow, roster.

    python3 tests/acceptance/agreement.py [--tasuki PATH] [--only kafka|local] [--keep]

Some ninety events, each sent twice, one after the other, to a real Kafka by kcat and to the local
log by HTTP. The same events go to the independent reading of the contract in tests/oracle. Every
output must be equal in everything but the instants, which hang on the moment a record was
appended; and each instant must be the one that the reading's calendars give for its start.
"""

import json
import sys
import threading
import time
import urllib.request
from collections import Counter
from datetime import timedelta

import story
from harness import Checks, arguments, ground, produce, wait_for
from story import CONSENT, PROFILE, Story, now, oracle, show
from text import read, write  # of tests/oracle, whose path comes with `story`

LIMIT_SECONDS = 300
TOPICS = ["sales.handoffs.enterprise", "sales.handoffs.inside", "sales.handoffs.partner", "sales.handoffs.ladder",
          "sales.handoffs.spare", "sales.sla", "marketing.feedback", "leads.lifecycle"]
INSTANTS = {"at", "start", "warn_at", "respond_by", "escalate_at", "reassign_at", "response_at", "working_seconds"}
SETTLED_SECONDS = 20
# Seconds of the ladder, far enough apart for a busy machine.
WARN, WITHIN, ESCALATE, REASSIGN = 5, 10, 15, 20

POLICY = f"""version = 1
name = "everything on"
[score]
forget_after_days = 120
[[score.engagement]]
rule = "demo"
form = ["demo-request", "contact"]
points = 40
at_most = 60
half_life_days = 30
[[score.engagement]]
rule = "pages"
activity = ["page_viewed"]
target_prefix = ["/pricing"]
points = 7
at_most = 21
within_days = 14
[[score.engagement]]
rule = "goodbye"
activity = ["unsubscribed"]
points = -30
half_life_days = 10
[[score.engagement]]
rule = "call-me"
form = ["call-me"]
points = 5
[[score.fit]]
rule = "large"
when = [{{ attribute = "employees", at_least = 300 }}]
points = 30
[[score.fit]]
rule = "any"
when = [{{ attribute = "employees", present = true }}]
points = 10
[qualify]
fit_at_least = 10
engagement_at_least = 20
requalify_after_days = 1
not_before = "{show(now() - timedelta(days=100))}"
[[qualify.fast_track]]
rule = "call-me"
fit_at_least = 10
[[qualify.block]]
name = "competitor"
when = [{{ attribute = "company", contains = "rival" }}]
[[route]]
name = "ladder"
when = [{{ attribute = "industry", equals = "ladder" }}]
team = "ladder"
[[route]]
name = "partner"
when = [{{ attribute = "industry", equals = "partner" }}]
team = "partner"
needs = ["ja"]
[[route]]
name = "enterprise"
when = [{{ attribute = "employees", at_least = 300 }}]
team = "enterprise"
owner_from = "account_owner"
[[route]]
name = "everyone-else"
team = "inside"
[[team]]
id = "enterprise"
calendar = "tokyo"
overflow = "spare"
[team.sla]
warn = "1h"
within = "4h"
escalate = "7h30m"
reassign = "20h"
[[team]]
id = "inside"
calendar = "new-york"
[team.sla]
within = "8h"
[[team]]
id = "partner"
calendar = "tokyo"
[team.sla]
within = "2h"
releases = ["qualified", "won", "lost", "rejected", "recycled", "meeting_held"]
[[team]]
id = "ladder"
calendar = "always"
[team.sla]
warn = "{WARN}s"
within = "{WITHIN}s"
escalate = "{ESCALATE}s"
reassign = "{REASSIGN}s"
reassign_at_most = 1
[[team]]
id = "spare"
calendar = "always"
[team.sla]
within = "9h"
[[rep]]
id = "ana"
team = "enterprise"
capacity = 2
[[rep]]
id = "carl"
team = "enterprise"
capacity = 2
[[rep]]
id = "ben"
team = "inside"
weight = 3
capacity = 100
[[rep]]
id = "dora"
team = "inside"
capacity = 100
[[rep]]
id = "jun"
team = "partner"
capacity = 1
skills = ["ja", "en"]
[[rep]]
id = "kim"
team = "partner"
capacity = 9
skills = ["en"]
[[rep]]
id = "lea"
team = "ladder"
capacity = 100
[[rep]]
id = "max"
team = "ladder"
capacity = 100
[[rep]]
id = "sam"
team = "spare"
capacity = 100
[[calendar]]
id = "tokyo"
time_zone = "Asia/Tokyo"
hours = {{ mon = ["09:00-12:00", "13:00-18:00"], tue = ["09:00-12:00", "13:00-18:00"], thu = ["09:00-18:00"], fri = ["10:00-16:30"] }}
holidays = ["jp"]
closed = ["{(now() + timedelta(days=2)).date()}"]
[[calendar]]
id = "new-york"
time_zone = "America/New_York"
hours = {{ mon = ["08:30-17:00"], tue = ["08:30-17:00"], wed = ["08:30-17:00"], sat = ["22:00-24:00"], sun = ["00:00-03:30"] }}
[[calendar]]
id = "always"
always = true
[reject]
wrong-territory = "reassign"
competitor = "disqualify"
"""


class Run:
    """The story on one log; `send` and `outputs` are the log's own."""

    def __init__(self, checks, made, log):
        self.checks = checks
        self.made = made
        self.log = log
        self.story = Story(7, by_http=log == "local")
        lists = oracle.holiday_lists(f"{story.ROOT}/src/wire/holidays_jp.txt")
        self.reading = oracle.Oracle(POLICY.encode(), holiday_lists=lists)
        self.expected = []
        self.service = None

    def run(self):
        environment = {"TASUKI__LOG": self.log, "TASUKI__POLICY__FILE": self.made.write(f"everything-{self.log}.toml", POLICY)}
        if self.log == "kafka":
            self.broker = self.made.broker()
            environment |= {"TASUKI__KAFKA__BROKERS": self.broker.address, "TASUKI__JOURNAL__PARTITIONS": 3}
            created = self.made.run("topics", "create", environment=environment)
            self.checks.that(created.returncode == 0, "`tasuki topics create` makes every topic", created.stderr)
            reader = self.made.reader(self.broker, TOPICS)
            self.outputs = lambda: [of_record(record) for record in reader.all()]
        else:
            environment["TASUKI__LOCAL__PATH"] = self.made.path("everything")
        self.service = self.made.service(f"everything-{self.log}", environment)
        if self.log == "local":
            streams = Streams(self.service)
            self.outputs = lambda: [of_event(event) for event in streams.all()]
        self.play()
        self.compare()
        self.checks.that(self.service.stop(), "SIGTERM: it finishes and ends with status 0")

    # ---- telling the story -------------------------------------------------

    def tell(self, role, data, kind=None, at=None):
        """One event, twice, to the service and to the reading; waits until all it sets off is out."""
        event = self.story.event(role, data, kind, at or now())
        if self.log == "kafka":
            produce(self.broker, [event.message, event.message])
        else:
            for _ in range(2):
                headers = {name: value for name, value in event.message.headers if value is not None}
                if "ce_specversion" not in headers:
                    headers = {"Content_Type": "application/cloudevents+json" if headers else "application/json"}
                self.service.post("/events", event.message.value, **headers)
        for _ in range(2):
            self.expected += self.reading.line(json.dumps({"at": show(now()), "event": event.canonical}))
        self.settle()

    def settle(self):
        return wait_for(lambda: len(self.outputs()) >= len(self.expected), SETTLED_SECONDS, 0.02)

    def lead(self, name, form="demo-request", at=None, **profile):
        """Somebody asks for something."""
        profile = {"employees": 50} | profile
        data = {"person": person(name), "form": form, "profile": profile, "message": f"call {name}",
                "campaign": {"source": "search", "name": form}}
        self.tell("forms", data, at=at)

    def page(self, name, days, activity="page_viewed", target="/pricing"):
        data = {"person": person(name), "activity": activity, "target": target}
        self.tell("engagement", data, at=now() - timedelta(days=days))

    def answer(self, name, outcome, at=None, **more):
        """A follow-up on the last promise made about somebody."""
        lead = self.reading.lead_id(oracle.events.identities(person(name))[0])
        given = [output["data"]["handoff_id"] for output in self.expected
                 if output["subject"] == lead and output["type"] in ("tasuki.lead.handed-off.v1", "tasuki.lead.queued.v1")]
        self.tell("follow-ups", {"handoff_id": given[-1], "outcome": outcome, **more}, at=at)

    def rep(self, rep, **members):
        self.tell("roster", {"rep": rep, **members})

    # ---- the story ---------------------------------------------------------

    def play(self):
        self.scoring()
        self.rotation()
        self.capacity_and_queue()
        self.outcomes()
        self.erasures()
        self.ladder()

    def scoring(self):
        """Decay, window, limit, negative points, fast track, block, consent, `not_before`."""
        days_ago = lambda days: now() - timedelta(days=days)  # noqa: E731
        self.lead("fades", at=days_ago(29))
        self.lead("faded", at=days_ago(31))
        self.page("faded", 20)
        self.page("faded", 3)
        self.page("looks", 1)
        self.tell("forms", {"person": person("looks"), "profile": {"employees": 20}}, PROFILE)
        self.page("looks", 2)
        self.page("looks", 13)
        self.page("leaves", 0, activity="unsubscribed")
        self.lead("leaves")
        self.lead("early", at=days_ago(101))
        self.lead("raises", form="call-me")
        self.lead("rival", company="My Rival KK")
        self.tell("privacy", {"person": person("refuses"), "sales_contact": False}, CONSENT)
        self.lead("refuses")
        self.tell("privacy", {"person": person("refuses"), "sales_contact": True}, CONSENT)

    def rotation(self):
        """Weights 3 and 1; an owner; an absence that earns no burst; a newcomer; a move."""
        for number in range(6):
            self.lead(f"turn{number}")
        self.rep("ben", available=False)
        self.lead("turn6")
        self.rep("ben", available=True)
        self.rep("eve", team="inside", capacity=3, weight=2)
        for number in range(7, 11):
            self.lead(f"turn{number}")
        self.rep("dora", team="spare")
        self.lead("turn11")
        self.lead("owned", employees=400, account_owner="Carl")

    def capacity_and_queue(self):
        """Full teams: overflow where there is one, else the queue, in order, by needs."""
        for number in range(5):
            self.lead(f"large{number}", employees=1000)
        for number in range(4):
            self.lead(f"partner{number}", industry="partner")
        self.answer("partner0", "meeting_held")
        self.rep("kim", skills=["en", "ja"], capacity=1)
        self.rep("jun", capacity=2)
        self.answer("partner3", "contacted")

    def outcomes(self):
        """Every outcome, stages that never move back, reasons that lead elsewhere."""
        for outcome in ("attempted", "accepted", "contacted", "meeting_held", "qualified", "accepted",
                        "opportunity_created", "won", "contacted"):
            self.answer("turn0", outcome, **({"amount": {"value": "9.50", "currency": "EUR"}} if outcome == "won" else {}))
        self.answer("turn1", "lost", reason="no budget")
        self.answer("turn2", "recycled")
        self.lead("turn2")
        self.answer("turn3", "rejected", reason="Competitor")
        self.answer("turn4", "rejected", reason="wrong-territory")
        self.answer("turn4", "rejected", reason="wrong-territory")
        self.answer("turn4", "rejected", reason="wrong-territory")
        self.answer("turn5", "rejected", reason="too small")
        self.tell("follow-ups", {"person": person("turn6"), "outcome": "contacted"})
        self.tell("follow-ups", {"person": person("turn2"), "outcome": "contacted"})

    def erasures(self):
        """With a promise open; of somebody unknown; and who comes back is new."""
        for name in ("turn7", "nobody"):
            self.tell("privacy", {"person": person(name)})
        self.lead("turn7", at=now() - timedelta(days=1))
        self.lead("turn7")

    def ladder(self):
        """Warned, breached, escalated, withdrawn; met, late, excused."""
        for name in ("silent", "prompt", "late", "excused"):
            self.lead(name, industry="ladder")
            time.sleep(1)
        begun = {data["lead"]: at(data["sla"]["start"]) for kind, data, *_ in self.outputs() if kind.endswith("handed-off.v1")}
        lead = {name: self.reading.lead_id(oracle.events.identities(person(name))[0]) for name in ("prompt", "late", "excused")}
        start = {name: begun[lead[name]] for name in lead}
        self.sleep_until(start["prompt"] + timedelta(seconds=(WARN + WITHIN) / 2))
        self.answer("prompt", "contacted")
        self.sleep_until(start["excused"] + timedelta(seconds=(WITHIN + ESCALATE) / 2 - 1))
        self.answer("late", "meeting_held")
        self.answer("excused", "contacted", at=start["excused"] + timedelta(seconds=2))
        self.sleep_until(max(start.values()) + timedelta(seconds=REASSIGN + ESCALATE + 4))
        self.expected += self.reading.until(oracle.read_time(show(now())))
        self.settle()
        time.sleep(1)

    @staticmethod
    def sleep_until(moment):
        time.sleep(max(0, (moment - now()).total_seconds()))

    # ---- what came of it ---------------------------------------------------

    def compare(self):
        found = self.outputs()
        expected = [(output["type"], read(write(output["data"])), output["topic"], output["id"], output["causationid"])
                    for output in self.expected]
        kinds = Counter(kind for kind, *_ in expected)
        for kind in sorted(set(kinds) | {kind for kind, *_ in found}):
            differences(self.checks, kind, [timeless(each) for each in found if each[0] == kind],
                        [timeless(each) for each in expected if each[0] == kind])
        self.checks.that(len(kinds) == 11, "every type of output is among them", sorted(kinds))
        wrong = [fault for each in found if (fault := self.promise_fault(each[1]))]
        self.checks.that(not wrong, "each promise has the instants that its calendar gives for its start", *wrong[:5])

    def promise_fault(self, data):
        """A promise against the reading's calendars and the policy's durations."""
        sla = data.get("sla")
        if not sla:
            return None
        team = next(team for team in self.reading.policy.teams if team.id == data["team"])
        start = oracle.read_time(sla["start"])
        for lasts, name in [(team.warn, "warn_at"), (team.within, "respond_by"), (team.escalate, "escalate_at")]:
            instant = lasts and oracle.show_time(team.calendar.after(start, lasts))
            if sla[name] != instant:
                return f"{data['handoff_id']}: {name} is {sla[name]}, not {instant}, for {sla['start']}"
        return None


def person(name):
    return {"email": f"{name}@leak.example"}


def at(text):
    return story.datetime.fromisoformat(text)


def timeless(output):
    """An output as text, without its instants."""
    return write([without(part) for part in output])


def without(value):
    if isinstance(value, dict):
        # A profile's attributes come in any order.
        return {name: "…" if name in INSTANTS and inner else without(inner) if name != "profile" else dict(sorted(inner.items()))
                for name, inner in value.items()}
    return [without(inner) for inner in value] if isinstance(value, list) else value


def differences(checks, kind, found, expected):
    found, expected = Counter(found), Counter(expected)
    details = [f"only {whose}: {text}" for whose, texts in
               [("found", found - expected), ("expected", expected - found)] for text in list(texts)[:4]]
    checks.that(found == expected, f"{kind}: {expected.total()}, equal in all but their instants", *details)


def of_record(record):
    headers = dict(record["headers"])
    return (headers["ce_type"], read(record["payload"]), record["topic"], headers["ce_id"], headers["ce_causationid"])


def of_event(event):
    return (event["type"], event["data"], event["topic"], event["id"], event["causationid"])


class Streams:
    """GET /outputs/<topic> of every topic, read on and on."""

    def __init__(self, service):
        self.events = []
        self.lock = threading.Lock()
        for topic in TOPICS:
            threading.Thread(target=self._read, args=(f"http://127.0.0.1:{service.port}/outputs/{topic}?from=0",), daemon=True).start()

    def _read(self, address):
        try:
            with urllib.request.urlopen(address, timeout=LIMIT_SECONDS) as answer:
                for line in answer:
                    if line.startswith(b"data:"):
                        with self.lock:
                            self.events.append(read(line[5:].decode()))
        except OSError:
            return  # the service has ended

    def all(self):
        with self.lock:
            return list(self.events)


def main():
    parser = arguments(__doc__.splitlines()[0], LIMIT_SECONDS)
    parser.add_argument("--only", choices=["kafka", "local"], help="run one of the two")
    options = parser.parse_args()
    checks = Checks()
    with ground("agreement", options, checks) as made:
        runs = [threading.Thread(target=guarded, args=(checks.named(log), made, log))
                for log in ("kafka", "local") if options.only in (None, log)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
    return checks.finish()


def guarded(checks, made, log):
    """A run that ends early has failed; the other goes on."""
    try:
        Run(checks, made, log).run()
    except Exception as error:  # whatever it is, it is said, and counted
        checks.that(False, "the run came to its end", f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(main())
