"""A made-up week of a small company: events of all roles, in every format, good and bad.

Every event is known in one canonical form, a structured CloudEvent, from which the independent
reading of the contract in tests/oracle computes what must come out; and in the form in which it
is sent. Whatever is sent together may arrive in any order: nothing expected here hangs on it.

Personal data carries marks (`CANARIES`), so that a leak is found by searching for them.
"""

import json
import os
import random
import sys
from datetime import datetime, timedelta, timezone

from harness import ROOT, Message

sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
import oracle  # noqa: E402  (the contract read a second time, by somebody else)

CANARIES = ("leak.example", "kanarienvogel", "7777-")
# The promise of each team, in seconds: long enough to answer in time on a busy machine.
WITHIN = 25

ROLES = {
    "forms": ("marketing.form-submissions", "tasuki.form.submitted.v1"),
    "engagement": ("marketing.engagement", "tasuki.engagement.recorded.v1"),
    "follow-ups": ("sales.follow-ups", "tasuki.follow-up.recorded.v1"),
    "roster": ("sales.roster", "tasuki.rep.changed.v1"),
    "privacy": ("privacy.requests", "tasuki.lead.erased.v1"),
}
PROFILE = "tasuki.profile.changed.v1"
CONSENT = "tasuki.consent.changed.v1"

TEAM_TOPICS = ["sales.handoffs.enterprise", "sales.handoffs.inside"]
DEAD_LETTERS = "tasuki.dead-letters"
OUTPUTS = [*TEAM_TOPICS, "sales.sla", "marketing.feedback", "leads.lifecycle", DEAD_LETTERS]


def policy(version=1):
    """The agreement: two teams around the clock, room for everybody, seconds instead of hours."""
    reps = "".join(f'[[rep]]\nid = "{rep}"\nteam = "{team}"\ncapacity = 1000\n'
                   for rep, team in [("ana", "enterprise"), ("carl", "enterprise"), ("ben", "inside"), ("dora", "inside")])
    teams = "".join(f'[[team]]\nid = "{team}"\ncalendar = "always"\n[team.sla]\nwithin = "{WITHIN}s"\n'
                    for team in ("enterprise", "inside"))
    return f"""version = {version}
name = "acceptance"
[score]
forget_after_days = 180
[[score.engagement]]
rule = "demo-request"
form = ["demo-request"]
points = 40
at_most = 80
[[score.engagement]]
rule = "pricing"
activity = ["page_viewed"]
target_prefix = ["/pricing"]
points = 10
at_most = 30
[[score.engagement]]
rule = "webinar"
activity = ["webinar_attended"]
points = 25
[[score.fit]]
rule = "large"
when = [{{ attribute = "employees", at_least = 300 }}]
points = 30
[[score.fit]]
rule = "medium"
when = [{{ attribute = "employees", at_least = 50 }}, {{ attribute = "employees", at_most = 299 }}]
points = 20
[qualify]
fit_at_least = 20
engagement_at_least = 40
requalify_after_days = 30
[[qualify.block]]
name = "competitor"
when = [{{ attribute = "company", one_of = ["Rival KK"] }}]
[[route]]
name = "large"
when = [{{ attribute = "employees", at_least = 300 }}]
team = "enterprise"
[[route]]
name = "everyone-else"
team = "inside"
{teams}{reps}[[calendar]]
id = "always"
always = true
[reject]
wrong-territory = "reassign"
"""


class Event:
    """One event, good or bad, as it is sent twice."""

    def __init__(self, role, message, canonical=None, result="accepted", reason=None):
        self.role = role
        self.message = message
        self.canonical = canonical
        self.result = result
        self.reason = reason

    def results(self):
        """What becomes of the first and of the second copy: a dead letter leaves no mark."""
        again = "dead_letter" if self.result == "dead_letter" else "duplicate"
        return [self.result, again]


def show(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def now():
    return datetime.now(timezone.utc)


class Story:
    """Makes events; the same seed makes the same ones."""

    def __init__(self, seed, by_http=False):
        self.rng = random.Random(seed)
        self.count = 0
        self.by_http = by_http
        self.people = {}

    # ---- who ---------------------------------------------------------------

    def person(self, name):
        """A person of a kind: identifiers and a profile that never change."""
        if name not in self.people:
            number = len(self.people)
            by = self.rng.choice(["email", "email", "lead_id", "anonymous_id"])
            identifier = {"email": {"email": f"{name}@Leak.Example"},
                          "lead_id": {"lead_id": f"crm-{name}", "email": f"{name}@leak.example"},
                          "anonymous_id": {"anonymous_id": f"visitor-{name}"}}[by]
            profile = {"employees": self.rng.choice([60, 120, 300, 5000]), "country": "JP", "company": f"Company {number}",
                       "contact_name": f"Kanarienvogel {name}", "phone": f"+81-90-7777-{number:04d}"}
            self.people[name] = (identifier, profile)
        return self.people[name]

    # ---- how it is sent ----------------------------------------------------

    def event(self, role, data, kind=None, at=None, result="accepted", form=None):
        """One event in one of the formats, to the topic of a role, with some key."""
        self.count += 1
        topic, default = ROLES[role]
        kind = kind or default
        number = f"{role}-{self.count}"
        form = form or self.rng.choice(["bare", "bare", "bare", "structured", "structured", "binary"])
        source = topic if form == "bare" else "//test/source"
        canonical = {"specversion": "1.0", "id": number, "source": source, "type": kind, "data": data}
        if at is not None:
            canonical["time"] = show(at)
        value, headers = self._written(form, canonical, default)
        return Event(role, Message(topic, value, self._key(), headers), canonical, result)

    def _written(self, form, canonical, default):
        if form == "structured":
            media = ("content-type", "application/cloudevents+json; charset=UTF-8")
            return encode(canonical), self.rng.choice([(), (media,), (media, ("trace", None))])
        if form == "binary":
            headers = [(f"ce_{name}", value) for name, value in canonical.items() if name != "data"]
            return encode(canonical["data"]), (*headers, ("content-type", "application/json"))
        bare = {"id": canonical["id"], **canonical["data"]}
        if self.by_http or canonical["type"] != default:
            bare["type"] = canonical["type"]
        if "time" in canonical:
            bare["occurred_at"] = canonical["time"]
        if self.by_http:
            bare["source"] = canonical["source"]
        return encode(bare), ()

    def _key(self):
        return self.rng.choice([None, b"key-%d" % self.rng.randrange(50), b"\xc3\xa9\x01", b"same"])

    def past(self, days=60):
        """Some time in the last days, well before the start."""
        return now() - timedelta(seconds=self.rng.randrange(3600, days * 86_400))

    # ---- what happens ------------------------------------------------------

    def before(self):
        """What must be known before the leads come: roster, refusals, blocks, erasures."""
        events = [self.event("roster", {"rep": "eve", "team": "inside", "capacity": 1000}),
                  self.event("roster", {"rep": "carl", "available": False}, at=now() - timedelta(seconds=20)),
                  self.event("roster", {"rep": "carl", "available": True}, at=now() - timedelta(seconds=10)),
                  self.event("roster", {"rep": "carl", "capacity": 900})]
        for number in range(6):
            person, profile = self.person(f"refuses{number}")
            events.append(self.event("privacy", {"person": person, "sales_contact": False}, CONSENT))
            person, profile = self.person(f"rival{number}")
            profile["company"] = "ＲＩＶＡＬ KK"
            events.append(self.event("forms", {"person": person, "profile": profile}, PROFILE))
        for number in range(6):
            events.append(self.event("privacy", {"person": only_one(self.person(f"erased{number}")[0])}))
        return events

    def leads(self):
        """What the leads do: about half of them cross the threshold."""
        events = []
        for number in range(60):
            events += self._crosses(f"buyer{number}")
        for number in range(40):
            events += self._stays_below(f"reader{number}")
        for number in range(6):
            events += self._crosses(f"refuses{number}") + self._crosses(f"rival{number}")
            gone = f"erased{number}"
            events += [self._page(gone, self.past(), result="erased"), self._form(gone, self.past(), result="erased")]
        for number in range(3):
            # A person who was erased and comes again is a new lead.
            events += [self._form(f"erased{number}", None), self._webinar(f"erased{number}", None)]
        return events

    def _crosses(self, name):
        events = [self._form(name, self.past())]
        for _ in range(self.rng.randrange(3)):
            events.append(self.rng.choice([self._page, self._webinar])(name, self.past()))
        if self.rng.random() < 0.3:
            events.append(self._form(name, self.past(), kind="newsletter"))
        return events

    def _stays_below(self, name):
        """Who fits does too little, or the same too often (`at_most`); who does enough doesn't fit."""
        person, profile = self.person(name)
        # Bots ask for a hundred demos and change nothing.
        bot = {"person": person, "activity": "webinar_attended", "is_bot": True}
        events = [self.event("engagement", bot, at=self.past(), result="ignored") for _ in range(self.rng.randrange(3))]
        if self.rng.random() < 0.4:
            small = {"person": person, "form": "demo-request", "profile": dict(profile, employees=5)}
            return [*events, self.event("forms", small, at=self.past()), self._page(name, self.past())]
        events.append(self.event("forms", {"person": person, "profile": profile}, PROFILE))
        if self.rng.random() < 0.5:
            return [*events, self._webinar(name, self.past()), self._page(name, self.past())]
        return events + [self._page(name, self.past()) for _ in range(6)]

    def _form(self, name, at, kind="Demo-Request", result="accepted"):
        person, profile = self.person(name)
        data = {"person": person, "form": kind, "profile": profile, "message": f"Call Kanarienvogel, +81-90-7777-{self.count}",
                "campaign": {"source": "search", "name": "spring"}}
        return self.event("forms", data, at=at, result=result)

    def _page(self, name, at, result="accepted"):
        data = {"person": self.person(name)[0], "activity": "page_viewed", "target": "/pricing/teams"}
        return self.event("engagement", data, at=at, result=result)

    def _webinar(self, name, at):
        return self.event("engagement", {"person": self.person(name)[0], "activity": "webinar_attended"}, at=at)

    def answers(self, handoffs):
        """Sales answers two thirds of the handoffs in time; `handoffs`: {handoff id: name}."""
        events, outcomes = [], ["contacted", "meeting_held", "qualified", "won", "lost", "rejected", "reassign", "attempted",
                                "accepted", "person"]
        for number, (handoff, name) in enumerate(sorted(handoffs.items(), key=lambda each: each[1])):
            what = {"handoff_id": handoff}
            outcome = outcomes[number // 3 * 2 % len(outcomes) + number % 3] if number % 3 < 2 else None
            if outcome == "person":
                what, outcome = {"person": self.person(name)[0]}, "contacted"
            elif outcome == "reassign":
                what, outcome = {"handoff_id": handoff, "reason": "wrong-territory"}, "rejected"
            elif outcome == "won":
                what["amount"] = {"value": "1200000", "currency": "JPY"}
            if outcome:
                what |= {"outcome": outcome, "note": f"spoke to Kanarienvogel on +81-90-7777-{number}"}
                events.append(self.event("follow-ups", what, at=now()))
        return events

    def late_answers(self, breached):
        """After the breach: too late, or in time but told too late; {handoff id: respond_by}."""
        events = []
        for number, (handoff, respond_by) in enumerate(sorted(breached.items())[:6]):
            late = number % 2 == 0
            at = now() if late else respond_by - timedelta(seconds=5)
            events.append(self.event("follow-ups", {"handoff_id": handoff, "outcome": "contacted"}, at=at))
        return events

    def bad(self, stranger):
        """At least one record for each reason; `stranger`: a handoff id of a lead nobody knows."""
        mail = "who@leak.example"
        person = {"email": mail}
        structured = {"specversion": "1.0", "id": "bad", "source": "//test/source", "type": "tasuki.form.submitted.v1",
                      "data": {"person": person, "form": "demo-request"}}
        without_id = {name: value for name, value in structured.items() if name != "id"}
        form = {"person": person, "form": "demo-request"}
        twice = (("trace", "a"), ("trace", "b"), ("nothing", None), ("empty", ""), ("größe", "ü"))
        binary = tuple((f"ce_{name}", structured[name]) for name in ("specversion", "id", "source", "type"))
        large = encode({"id": "large", **form, "message": "who@leak.example " * 18_000})
        both = encode(structured)
        return [
            self._bad("not-json", "forms", None, b"only-a-key", twice),
            self._bad("not-json", "engagement", None, b"k", ()),
            self._bad("not-json", "forms", b'{"id": "cut", "person": {"email": "who@leak.example"', None, ()),
            self._bad("not-json", "privacy", b"\xff\xfe who@leak.example", b"\x00\x01", twice[:2]),
            self._bad("not-cloudevents", "forms", both, None, binary),
            self._bad("not-cloudevents", "forms", encode(structured | {"specversion": "2.0"}), b"k", ()),
            self._bad("not-cloudevents", "engagement", encode(without_id), b"k", twice[2:3]),
            self._bad("unknown-type", "engagement", encode({"id": 1, "type": f"vendor.{mail}.v1", **form}), None, twice),
            self._bad("unknown-type", "roster", encode(structured | {"type": "tasuki.lead.handed-off.v1"}), b"k", ()),
            self._bad("invalid-data", "forms", encode({"id": "nobody", "form": "demo-request"}), None, twice[3:]),
            self._bad("invalid-data", "engagement", encode({"id": "bot", "person": person, "activity": mail, "is_bot": mail}),
                      b"who@leak.example", ()),
            self._bad("invalid-data", "follow-ups", encode({"id": "odd", "person": person, "outcome": mail}), None, ()),
            self._bad("invalid-data", "roster", encode({"id": "cap", "rep": "new", "team": "inside"}), None, ()),
            self._bad("invalid-time", "forms", encode({"id": "when", "occurred_at": f"yesterday, {mail}", **form}), None, ()),
            self._bad("unknown-rep", "roster", encode({"id": "rep", "rep": "Kanarienvogel", "available": False}), b"r", twice),
            self._bad("unknown-team", "roster", encode({"id": "team", "rep": "new", "team": mail, "capacity": 3}), None, ()),
            self._bad("unknown-handoff", "follow-ups", encode({"id": "form", "handoff_id": mail, "outcome": "won"}), None, ()),
            self._bad("unknown-handoff", "follow-ups", encode({"id": "lead", "handoff_id": stranger, "outcome": "won"}), b"k", ()),
            self._bad("unknown-handoff", "follow-ups",
                      encode({"id": "person", "person": {"email": "stranger@leak.example"}, "outcome": "contacted"}),
                      None, (("trace", None), ("trace", None))),
            self._bad("too-large", "forms", large, b"large", twice),
        ]

    def _bad(self, reason, role, value, key, headers):
        return Event(role, Message(ROLES[role][0], value, key, headers), result="dead_letter", reason=reason)


def only_one(person):
    """One identifier of a person, the strongest, which is the one that names the lead."""
    name = next(name for name in ("lead_id", "email", "anonymous_id") if name in person)
    return {name: person[name]}


def encode(value):
    return json.dumps(value, ensure_ascii=False).encode()


class Expected:
    """What must come out, by the contract's independent reading in tests/oracle."""

    def __init__(self, policy_text):
        self.oracle = oracle.Oracle(policy_text.encode())
        self.outputs = []

    def lead_id(self, person):
        return self.oracle.lead_id(oracle.events.identities(person)[0])

    def take(self, events):
        """Good events, each twice, at this moment and in some order."""
        for event in events:
            for _ in range(2 if event.canonical else 0):
                self._keep(self.oracle.line(json.dumps({"at": show(now()), "event": event.canonical})))

    def until(self, seconds):
        """Deadlines of the next seconds."""
        self._keep(self.oracle.until(oracle.read_time(show(now() + timedelta(seconds=seconds)))))

    def _keep(self, outputs):
        self.outputs += outputs

    def facts(self):
        return facts((output["topic"], output["type"], output["data"]) for output in self.outputs)


def facts(outputs):
    """Of outputs (topic, type, data): what does not hang on the order of arrival, as counts."""
    kinds = {"handed-off": {}, "stages": {}, "sla": {}, "feedback": {}, "others": {}}

    def count(kind, key):
        kinds[kind][key] = kinds[kind].get(key, 0) + 1

    for topic, name, data in outputs:
        name = name.removeprefix("tasuki.").removesuffix(".v1")
        if name == "lead.handed-off":
            count("handed-off", (topic, data["handoff_id"], data["team"], data["route"]))
        elif name == "lead.stage-changed":
            count("stages", (data["lead"], data["cycle"], data["from"], data["to"]))
        elif topic == "sales.sla":
            count("sla", (name, data["handoff_id"], data.get("late", False)))
        elif name == "feedback.recorded":
            count("feedback", (data["lead"], data.get("handoff_id"), data["outcome"], data.get("reason")))
        else:
            count("others", (topic, name, data["lead"], data.get("handoff_id")))
    return kinds
