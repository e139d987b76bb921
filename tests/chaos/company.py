"""A company under chaos: its policy, what its leads do, what sales answers, and bad records.

What must come out of it depends on neither timing nor order, but for one team: its promise is
answered as soon as the handoff is seen, in time or not, and the judge asks the records.
"""

import itertools
import json
import random
import threading
import time
from collections import Counter

from harness import Message, produce

FORMS, ENGAGEMENT, FOLLOW_UPS = "marketing.form-submissions", "marketing.engagement", "sales.follow-ups"
SOURCES = (FORMS, ENGAGEMENT, FOLLOW_UPS)
TEAMS = ("patient", "quick", "watched", "scarce")
HANDOFFS = tuple(f"sales.handoffs.{team}" for team in TEAMS)
DEAD_LETTERS = "tasuki.dead-letters"
OUTPUTS = (*HANDOFFS, "sales.sla", "marketing.feedback", "leads.lifecycle", DEAD_LETTERS)
SECRET = "chaos"
CAPACITY = {"dan": 10, "eve": 10}
# Of eight leads in a row.
TEAM_OF = ("patient", "patient", "quick", "quick", "quick", "watched", "scarce", None)
ANSWERS = {"patient": ("contacted", "won"), "watched": ("contacted",), "scarce": ("won",)}
COUNTRIES = {"patient": "DE", "quick": "JP", "watched": "FR", "scarce": "IT"}
EVERY = 0.5
LEADS_AT_ONCE = 20
# What leads of no team say of themselves, so that shards grow large within minutes.
ATTRIBUTES, TEXT = 12, "x" * 1_000
# Of a hundred records.
BAD, TWICE = 2, 20


def policy(quick="2s", watched="30s"):
    """Around the clock; only two teams' promises end while anybody looks."""
    within = {"patient": "12h", "quick": quick, "watched": watched, "scarce": "12h"}
    reps = {"patient": ("ana", "ben"), "quick": ("cho",), "watched": ("fay",), "scarce": ("dan", "eve")}
    routes = "".join(f'[[route]]\nname = "{team}"\nwhen = [{{ attribute = "country", one_of = ["{country}"] }}]\n'
                     f'team = "{team}"\n' for team, country in COUNTRIES.items() if team != "patient")
    teams = "".join(f'[[team]]\nid = "{team}"\ncalendar = "always"\n[team.sla]\nwithin = "{span}"\n'
                    for team, span in within.items())
    people = "".join(f'[[rep]]\nid = "{rep}"\nteam = "{team}"\ncapacity = {CAPACITY.get(rep, 1_000_000)}\n'
                     for team, names in reps.items() for rep in names)
    return f"""version = 1
name = "chaos"
[score]
forget_after_days = 180
[[score.engagement]]
rule = "demo-request"
form = ["demo-request"]
points = 40
[[score.engagement]]
rule = "pages"
activity = ["page_viewed"]
points = 1
at_most = 20
[[score.fit]]
rule = "big"
when = [{{ attribute = "employees", at_least = 300 }}]
points = 30
[qualify]
fit_at_least = 20
engagement_at_least = 40
requalify_after_days = 30
{routes}[[route]]
name = "rest"
team = "patient"
{teams}{people}[[calendar]]
id = "always"
time_zone = "UTC"
always = true
"""


def email(lead):
    return f"lead{lead}@example.com"


def message(topic, key, value):
    return Message(topic, json.dumps(value, separators=(",", ":")).encode(), key.encode())


class Company(threading.Thread):
    """Sends events and answers until it is stopped; all of it is sent again until it is durable."""

    def __init__(self, broker, reader, seed):
        super().__init__(daemon=True)
        self.broker = broker
        self.reader = reader
        self.random = random.Random(seed)
        self.leads = itertools.count()
        self.taken = 0
        self.sent = Counter()
        self.answered_at = {}
        self.works, self.is_open = threading.Event(), True
        self.idle = threading.Event()

    def run(self):
        answering = threading.Thread(target=self._answer, daemon=True)
        answering.start()
        while self.is_open:
            self.idle.set()
            self.works.wait()
            self.idle.clear()
            begun = time.monotonic()
            self._send(self._batch())
            time.sleep(max(0.0, begun + EVERY - time.monotonic()))

    def pause(self):
        """Sends nothing new; comes back when everything begun is durable. Sales goes on."""
        self.works.clear()
        self.idle.wait()

    def go_on(self):
        self.works.set()

    def _send(self, messages):
        """A record may get there more than once: that is what names of events are for."""
        while True:
            try:
                return produce(self.broker, messages)
            except RuntimeError:
                time.sleep(0.5)

    def _batch(self):
        events = []
        for lead in itertools.islice(self.leads, LEADS_AT_ONCE):
            team, person = TEAM_OF[lead % len(TEAM_OF)], {"email": email(lead)}
            self.sent[team] += 1
            for page in range(2):
                view = {"id": f"page-{lead}-{page}", "person": person, "activity": "page_viewed"}
                events.append(message(ENGAGEMENT, email(lead), view))
            if team:
                form = {"id": f"form-{lead}", "person": person, "form": "demo-request",
                        "profile": {"employees": 500, "country": COUNTRIES[team]}}
                events.append(message(FORMS, email(lead), form))
            else:
                large = {f"attribute-{number}": TEXT for number in range(ATTRIBUTES)}
                events.append(message(ENGAGEMENT, email(lead), {"id": f"profile-{lead}", "type": "tasuki.profile.changed.v1",
                                                                "person": person, "profile": large}))
            if self.random.randrange(100) < BAD * 3:
                self.sent["bad"] += 1
                broken = b'{"id":"broken-%d",' % lead
                events.append(Message(self.random.choice(SOURCES), broken, b"broken"))
        events += [event for event in events if self.random.randrange(100) < TWICE]
        self.random.shuffle(events)
        return events

    def _answer(self):
        while self.is_open:
            time.sleep(0.1)
            records = self.reader.since(self.taken)
            self.taken += len(records)
            answers, handoffs = [], []
            for record in records:
                headers = dict(record["headers"])
                if headers.get("ce_type") == "tasuki.lead.handed-off.v1":
                    data = json.loads(record["payload"])
                    for outcome in ANSWERS.get(data["team"], ()):
                        answer = {"id": f"{data['handoff_id']}-{outcome}", "handoff_id": data["handoff_id"], "outcome": outcome}
                        answers.append(message(FOLLOW_UPS, data["lead"], answer))
                        handoffs.append(data["handoff_id"])
            if answers:
                self._send(answers)
                # From here on they are in their topic for certain.
                self.answered_at.update(dict.fromkeys(handoffs, time.time()))
