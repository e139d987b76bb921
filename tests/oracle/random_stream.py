"""Random streams for one policy: every event of the contract's section 1, good and bad.

The stream is made against a running oracle, so that follow-ups can name real
handoffs and times can lie exactly on their instants.
"""

import copy

import events
from random_policy import ACTIVITIES, FORMS, OUTCOMES, PREFIXES, REASONS, SKILLS
from text import DAY, Number, read_time, show_time, write

SECOND = 1000
HOUR = 3_600_000

HANDOFFS = ("tasuki.lead.handed-off.v1", "tasuki.lead.queued.v1")
WIDE = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})
CAMPAIGNS = ["search", "mail", "春の展示会", "Été"]


class RandomStream:
    """Makes lines until there are enough; keeps what it needs to make the next."""

    def __init__(self, rng, policy, oracle, start, edge):
        self.rng = rng
        self.policy = policy
        self.oracle = oracle
        self.edge = edge
        self.at = start
        self.number = 0
        self.lines = []
        self.expected = []
        self.past = []
        self.again = None
        self.roster_time = None
        self.handoffs = []
        self.answered = set()
        self.reps = list(policy.reps)
        self.people = [self.make_person(n) for n in range(rng.choice([4, 12, 30]))]
        self.pace = rng.choice([0.2, 1, 1, 3])

    def run(self, count):
        """`count` lines with an event or a clock, then the time to go on until."""
        while len(self.lines) < count:
            self.step_time()
            self.put(self.make_event())
        return self.at + self.rng.choice([0, HOUR, 30 * DAY])

    def put(self, event):
        """One line through the oracle; its outputs are what later lines may refer to."""
        entry = {"at": self.show(self.at)}
        if event is not None:
            entry["event"] = event
            self.past.append((self.at, event))
        line = write(entry)
        self.lines.append(line)
        outputs = self.oracle.line(line, len(self.lines))
        self.expected.append(outputs)
        self.handoffs += [each["data"] for each in outputs if each["type"] in HANDOFFS]

    # ---- time --------------------------------------------------------------

    def step_time(self):
        rng = self.rng
        if rng.random() < 0.12 and self.jump_to_instant():
            return
        if rng.random() < 0.03 and self.jump_to_window_end():
            return
        step = rng.choices([0, 1, SECOND, 60 * SECOND, HOUR, 8 * HOUR, 3 * DAY, 15 * DAY],
                           [8, 2, 20, 30, 25, 10, 2, 0.4])[0]
        self.at += int(step * rng.uniform(0.1, 2) * self.pace)

    def jump_to_instant(self):
        """On, just before or just after a deadline, a duplicate window's end, a requalifying moment."""
        instants = []
        for handoff in self.handoffs[-6:]:
            instants += [read_time(handoff["sla"][name]) for name in
                         ("warn_at", "respond_by", "escalate_at", "reassign_at") if handoff["sla"][name]]
        instants += [lead.stage_since + self.oracle.policy.requalify_after
                     for lead in self.oracle.leads.values() if lead.stage in ("recycled", "lost")]
        near = [at + d for at in instants for d in (-1, 0, 1) if self.at <= at + d <= self.at + 3 * DAY]
        if near:
            self.at = self.rng.choice(near)
        return bool(near)

    def jump_to_window_end(self):
        """Where an earlier event's 7 days end; that event comes once more."""
        near = [each for each in self.past if self.at < each[0] + 7 * DAY <= self.at + 2 * DAY]
        if near:
            at, self.again = self.rng.choice(near)
            self.at = at + 7 * DAY + self.rng.choice([0, 0, 1])
        return bool(near)

    def show(self, at):
        """A time in one of the ways RFC 3339 allows."""
        text = show_time(at)
        way = self.rng.random()
        if way < 0.8:
            return text
        if way < 0.85:
            return text[:-1] + "999Z"
        if way < 0.9 and at % 1000 == 0:
            return text[:19] + "Z"
        if way < 0.95:
            return show_time(at + 9 * HOUR)[:-1] + "+09:00"
        return show_time(at - 5 * HOUR - 1_800_000)[:-1] + "-05:30"

    # ---- events ------------------------------------------------------------

    def make_event(self):
        if self.again is not None:
            event, self.again = self.again, None
            return copy.deepcopy(event)
        make = self.rng.choices(
            [self.form, self.engagement, self.profile, self.consent, self.follow_up, self.roster, self.erasure,
             self.repeated, self.broken, lambda: None],
            [26, 20, 8, 4, 28, 10, 1, 5, 5, 3])[0]
        event = make()
        if event and self.rng.random() < 0.03:
            self.blank(event)
        if self.edge and event and self.rng.random() < 0.08:
            self.to_the_edge(event)
        return event

    def blank(self, event):
        """A member that somebody left empty, as forms and CRMs send it."""
        data = event.get("data")
        if isinstance(data, dict):
            name, value = self.rng.choice([
                ("form", " "), ("activity", "\u3000"), ("message", ""), ("message", " \n"), ("target", ""), ("note", " "),
                ("reason", ""), ("rep", " "), ("team", ""), ("handoff_id", ""), ("campaign", {}),
                ("campaign", {"source": " ", "medium": "", "name": "\t"}), ("campaign", {"source": "", "name": "spring"}),
                ("amount", {"value": "12", "currency": " "})])
            data[name] = value

    def to_the_edge(self, event):
        """Where the contract is silent: see the entries marked "edge" in NOTES.md."""
        data = event.get("data")
        if not isinstance(data, dict):
            return
        name, value = self.rng.choice([
            ("form", "f" * 257), ("reason", "r" * 300), ("target", "/pricing" + "x" * 400),
            ("person", {"email": "e" * 257}), ("person", {"lead_id": "i" * 256}), ("person", {"lead_id": Number("-7")}),
            ("profile", {f"a{n}": Number("1") for n in range(65)}), ("profile", {"company": "c" * 1025}),
            ("profile", {"employees": Number("3e2")}), ("profile", {"employees": Number("1.0000000")}),
            ("profile", {"employees": Number("1e30")}), ("profile", {"": "unnamed"}), ("note", "é" * 3000),
            ("message", "é" * 3000), ("message", "x" * 4096), ("message", "x" * 4097),
            ("rep", "ANA"), ("capacity", Number("5.0")), ("skills", ["", " ja "]),
            ("amount", {"value": "12", "currency": None}), ("amount", {"value": "a lot", "currency": "JPY"})])
        data[name] = value

    def envelope(self, kind, data, time="default"):
        self.number += 1
        event = {"specversion": "1.0", "id": f"e{self.number}",
                 "source": self.rng.choice(["marketing.form-submissions", "/crm", "urn:x:ｙ"]), "type": kind}
        time = self.event_time() if time == "default" else time
        if time is not None:
            event["time"] = self.show(time)
        if self.rng.random() < 0.3:
            event["datacontenttype"] = "application/json"
        event["data"] = data
        return event

    def event_time(self):
        """Mostly now; also absent, earlier by anything, and in the future."""
        rng = self.rng
        way = rng.random()
        if way < 0.05:
            return None
        if way < 0.6:
            return self.at
        if way < 0.7:
            return self.at - self.at % DAY
        if way < 0.95:
            return self.at - int(rng.choice([1, SECOND, HOUR, DAY, 5 * DAY, 40 * DAY]) * rng.uniform(0.5, 2))
        return self.at + rng.choice([1, HOUR, 100 * DAY])

    def make_person(self, number):
        rng = self.rng
        person = {"email": f"person{number}@例え.example"}
        if rng.random() < 0.3:
            person = {"lead_id": rng.choice([str(1000 + number), Number(str(1000 + number)), f" L-{number} "])} | person
        if rng.random() < 0.4:
            person["anonymous_id"] = f"anon-{number}"
        return person

    def person(self):
        """One of the pool, their address as people write it, some identifiers missing."""
        rng = self.rng
        person = dict(rng.choice(self.people))
        way = rng.random()
        if way < 0.1:
            person["email"] = f"  {person['email'].upper()}\u3000"
        elif way < 0.2:
            person["email"] = person["email"].translate(WIDE)
        elif way < 0.25 and len(person) > 1:
            del person["email"]
        elif way < 0.35:
            person.pop("lead_id", None)
        elif way < 0.4:
            person["lead_id"] = None
        if isinstance(person.get("lead_id"), Number) and rng.random() < 0.3:
            person["lead_id"] = person["lead_id"].text
        return person

    def folded(self, text):
        """The same text after folding, written otherwise."""
        way = self.rng.random()
        if way < 0.8:
            return text
        return text.upper() if way < 0.87 else text.translate(WIDE) if way < 0.94 else text.replace("é", "e\u0301")

    def attributes(self):
        rng = self.rng
        owners = self.reps or ["nobody"]
        values = {
            "employees": [Number("5"), Number("300"), Number("300.0"), Number("299.999999"), Number("5000"), "300",
                          Number("1234567890123456789"), Number("0.1234567"), [Number("300")], {"n": "300"}],
            "country": ["JP", "jp", "ＪＰ", "US", "DE", "GB", "FR", ""],
            "company": ["Rival KK", "rival ｋｋ", "Strasse GmbH", "ﾎﾝﾀﾞ ｶ", "Acme"],
            "industry": ["software", "金融", "food", True],
            "vip": [True, False, "true", Number("1")],
            "job_title": ["CEO", "", "部長"],
            "account_owner": [self.folded(rng.choice(owners)), rng.choice(owners), "stranger", Number("7")],
            "x-note": ["a \"quoted\" \\ line\n", "😀"],
        }
        chosen = rng.sample(sorted(values), rng.randint(0, 5))
        return {name: rng.choice(values[name]) if rng.random() < 0.9 else None for name in chosen}

    def campaign(self):
        rng = self.rng
        campaign = {name: rng.choice(CAMPAIGNS) for name in ("source", "medium", "name")}
        for name in rng.sample(sorted(campaign), rng.choice([0, 0, 1, 2])):
            del campaign[name]
        return campaign

    def form(self):
        rng = self.rng
        data = {"person": self.person(), "form": self.folded(rng.choice(FORMS))}
        if rng.random() < 0.7:
            data["profile"] = self.attributes()
        if rng.random() < 0.5:
            data["campaign"] = self.campaign()
        if rng.random() < 0.15:
            data["consent"] = rng.choice([{"sales_contact": rng.random() < 0.6}, {"sales_contact": None}, {}, None])
        if rng.random() < 0.4:
            data["message"] = f"call me {self.number} – お願いします"
        if rng.random() < 0.1:
            data["utm_junk"] = {"deep": [Number("1"), None]}
        return self.envelope(events.FORM, data)

    def engagement(self):
        rng = self.rng
        data = {"person": self.person(), "activity": self.folded(rng.choice(ACTIVITIES))}
        if rng.random() < 0.6:
            data["target"] = rng.choice(PREFIXES) + rng.choice(["", "x", "/y"])
        if rng.random() < 0.3:
            data["campaign"] = self.campaign()
        if rng.random() < 0.3:
            data["is_bot"] = rng.choice([True, False, None])
        return self.envelope(events.ENGAGEMENT, data)

    def profile(self):
        return self.envelope(events.PROFILE, {"person": self.person(), "profile": self.attributes()})

    def consent(self):
        return self.envelope(events.CONSENT, {"person": self.person(), "sales_contact": self.rng.random() < 0.6})

    def erasure(self):
        return self.envelope(events.ERASED, {"person": self.person()})

    def follow_up(self):
        """By handoff id or by person; in time, on the instant, late, out of order, in advance, to nobody."""
        rng = self.rng
        data, time = {}, "default"
        way = rng.random()
        if way < 0.85 and self.handoffs:
            fresh = [each for each in self.handoffs[-8:] if each["handoff_id"] not in self.answered]
            handoff = rng.choice(fresh if fresh and rng.random() < 0.6 else
                                 self.handoffs[-12:] if rng.random() < 0.8 else self.handoffs)
            moved = [each for each in self.handoffs if self.has_moved(each)]
            if moved and rng.random() < 0.3:
                handoff = rng.choice(moved)
            self.answered.add(handoff["handoff_id"])
            data["handoff_id"] = handoff["handoff_id"]
            if rng.random() < 0.05:
                data["person"] = self.person()
            if rng.random() < 0.3:
                time = read_time(handoff["sla"][rng.choice(["respond_by", "start"])]) + rng.choice([-1, 0, 0, 1])
            if rng.random() < 0.05:
                data["handoff_id"] = self.guess(handoff)
        elif way < 0.97:
            data["person"] = self.person()
        else:
            data["handoff_id"] = rng.choice(["x", "0" * 32 + "-1-1", "A" * 32 + "-1-1", "0" * 32 + "-01-1"])
        data["outcome"] = rng.choices(OUTCOMES, [3, 2, 3, 1, 2, 2, 1, 2, 6, 2])[0]
        if data["outcome"] in ("rejected", "lost", "recycled") and rng.random() < 0.85:
            data["reason"] = self.folded(self.reason(data["outcome"]))
        if rng.random() < 0.1:
            data["note"] = "talked to them «twice»"
        if rng.random() < 0.2:
            data["rep"] = rng.choice(self.reps + ["somebody"])
        if rng.random() < 0.1:
            data["amount"] = {"value": "1200000", "currency": "JPY"}
        return self.envelope(events.FOLLOW_UP, data, time)

    def has_moved(self, handoff):
        """An open handoff whose rep is in another team by now."""
        lead = self.oracle.leads.get(handoff["lead"])
        attempt = lead and lead.attempt
        return (attempt and attempt.rep and attempt.handoff_id == handoff["handoff_id"]
                and attempt.rep.team != attempt.team.id)

    def reason(self, outcome):
        """Often one that leads to the team being asked again."""
        again = [reason for reason, leads_to in self.policy.reject_table.items() if leads_to == "reassign"]
        if outcome == "rejected" and again and self.rng.random() < 0.5:
            return self.rng.choice(again)
        return self.rng.choice(REASONS + ["other"])

    def guess(self, handoff):
        """A cycle or an attempt that never was."""
        if self.rng.random() < 0.5:
            return f"{handoff['lead']}-{handoff['cycle'] + 1}-1"
        return f"{handoff['lead']}-{handoff['cycle']}-{handoff['attempt'] + 3}"

    def roster(self):
        rng = self.rng
        way = rng.random()
        if way < 0.15 or not self.reps:
            rep = f"new-{self.number}"
            self.reps.append(rep)
            data = {"rep": rep, "team": rng.choice(self.policy.teams), "capacity": Number(str(rng.choice([0, 1, 5])))}
        else:
            data = {"rep": rng.choice(self.reps)}
        if rng.random() < 0.6:
            known = self.oracle.desk.reps.get(data["rep"])
            away = known is not None and not known.available
            data["available"] = rng.random() < (0.9 if away else 0.5)
        if rng.random() < 0.3:
            data["capacity"] = Number(str(rng.choice([0, 1, 2, 8, 20])))
        if rng.random() < 0.3:
            data["team"] = rng.choice(self.policy.teams)
        if rng.random() < 0.15:
            data["weight"] = Number(str(rng.choice([1, 2, 5, 1000])))
        if rng.random() < 0.2:
            data["skills"] = rng.sample(SKILLS, rng.randint(0, 4))
        time = self.roster_time
        if time is None or rng.random() < 0.7:
            time = self.roster_time = self.event_time()
        return self.envelope(events.REP, data, time)

    def repeated(self):
        """An event that was there before: the same, or only the same name; at any lag."""
        if not self.past:
            return None
        rng = self.rng
        recent = self.past[-20:] if rng.random() < 0.5 else self.past
        event = copy.deepcopy(rng.choice(recent)[1])
        if rng.random() < 0.15 and isinstance(event.get("id"), str):
            other = rng.choice([self.form, self.engagement, self.follow_up])()
            other["id"], other["source"] = event["id"], event.get("source", "/crm")
            return other
        return event

    # ---- bad records -------------------------------------------------------

    def broken(self):
        """One of each kind that ends in the dead letters."""
        rng = self.rng
        event = rng.choice([self.form, self.engagement, self.profile, self.consent, self.follow_up, self.roster,
                            self.erasure])()
        rng.choice([self.break_attributes, self.break_type, self.break_data, self.break_data, self.break_time,
                    self.break_roster, self.break_size])(event)
        if rng.random() < 0.2:
            event["time"] = "yesterday"
        return event

    def break_attributes(self, event):
        name = self.rng.choice(["specversion", "id", "source", "type"])
        if self.rng.random() < 0.5:
            del event[name]
        else:
            event[name] = self.rng.choice([None, "", Number("7"), {}])

    def break_type(self, event):
        event["type"] = self.rng.choice(["tasuki.form.submitted.v2", "com.example.thing", "Tasuki.lead.erased.v1"])

    def break_time(self, event):
        event["time"] = self.rng.choice(["2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", "",
                                         "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "noon", Number("1700000000")])

    def break_size(self, event):
        if self.rng.random() < 0.1:
            event["data"]["message"] = "x" * 300_000
        else:
            self.break_data(event)

    def break_data(self, event):
        if self.rng.random() < 0.2:
            event["data"] = self.rng.choice([None, [], "text", Number("1")])
            return
        wrong = {
            events.FORM: [("person", None), ("person", {}), ("person", "me"), ("form", None), ("form", Number("1")),
                          ("profile", []), ("campaign", "x"), ("campaign", {"source": Number("1")}),
                          ("consent", True), ("consent", {"sales_contact": "yes"}), ("message", {}),
                          ("person", {"email": "  "}), ("person", {"lead_id": Number("1.5")}),
                          ("person", {"lead_id": True})],
            events.ENGAGEMENT: [("activity", None), ("is_bot", "no"), ("is_bot", Number("1")), ("target", Number("1")),
                                ("person", {"email": Number("1")})],
            events.PROFILE: [("profile", None), ("profile", "x"), ("person", [])],
            events.CONSENT: [("sales_contact", None), ("sales_contact", "true")],
            events.FOLLOW_UP: [("outcome", None), ("outcome", "maybe"), ("outcome", "Won"), ("reason", Number("1")),
                               ("amount", {"value": Number("5"), "currency": "JPY"}), ("amount", "5"), ("note", []),
                               ("rep", Number("1")), ("handoff_id", Number("1"))],
            events.REP: [("rep", None), ("rep", Number("1")), ("available", "yes"), ("capacity", "5"),
                         ("capacity", Number("-1")), ("capacity", Number("1000001")), ("weight", Number("0")),
                         ("weight", Number("1001")), ("skills", "ja"), ("skills", [Number("1")]),
                         ("capacity", True), ("team", Number("1"))],
            events.ERASED: [("person", None), ("person", {"email": None})],
        }
        name, value = self.rng.choice(wrong[event["type"]])
        event["data"][name] = value

    def break_roster(self, event):
        event["type"] = events.REP
        event["data"] = self.rng.choice([
            {"rep": "stranger", "available": True}, {"rep": "stranger", "team": "no-such-team", "capacity": Number("1")},
            {"rep": "stranger", "team": self.policy.teams[0]}, {"rep": "stranger", "team": None},
            {"rep": self.rng.choice(self.reps or ["x"]), "team": "no-such-team", "available": False}])
