"""Random policies: every feature of the contract's section 2, on at random."""

import json
from datetime import date, timedelta

from text import DAY, show_time

FORMS = ["demo-request", "contact-sales", "white-paper", "Ｎｅｗｓ letter", "démo"]
ACTIVITIES = ["page_viewed", "link_clicked", "email_opened", "email_clicked", "email_bounced", "unsubscribed",
              "spam_reported", "webinar_registered", "webinar_attended", "video_viewed", "chat_started"]
PREFIXES = ["/pricing", "/docs/", "/", "/Pricing", "/日本"]
SKILLS = ["ja", "en", "de", "EN"]
COUNTRIES = ["JP", "US", "DE", "GB"]
REASONS = ["wrong-territory", "competitor", "too-small", "Kein Budget", "対象外"]
OUTCOMES = ["accepted", "attempted", "contacted", "meeting_held", "qualified", "opportunity_created", "won",
            "lost", "rejected", "recycled"]
ZONES = ["Asia/Tokyo", "America/New_York", "Europe/Berlin", "Europe/London", "Australia/Lord_Howe",
         "Asia/Kathmandu", "UTC", "America/Santiago", "Pacific/Auckland"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
REP_NAMES = ["ana", "ben", "carl", "dörte", "emi", "fay", "gus", "hana", "ivo", "jun", "kaz", "lea"]
TEAMS = ["enterprise", "inside", "partner", "tokyo-desk"]


def toml(value):
    """An inline TOML value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    return str(value)


def section(header, members):
    """A table of a TOML file, without the members that are None."""
    lines = [f"{name} = {toml(value)}" for name, value in members.items() if value is not None]
    return "\n".join([header, *lines, ""])


def maybe(rng, chance, value):
    return value if rng.random() < chance else None


class RandomPolicy:
    """One policy as text, and the names a stream needs."""

    def __init__(self, rng, start, with_holidays):
        self.rng = rng
        self.start = start
        self.with_holidays = with_holidays
        self.teams = rng.sample(TEAMS, rng.randint(1, len(TEAMS)))
        self.sections = [f"version = {rng.randint(1, 9)}\nname = \"random agreement\"\n"]
        self.rules = []
        self.reps = []
        self.calendars = []
        self.reject_table = {}
        for part in (self.score, self.qualify, self.routes, self.calendar_tables, self.team_tables,
                     self.rep_tables, self.reject):
            part()
        self.text = "\n".join(self.sections)

    def add(self, header, members):
        self.sections.append(section(header, members))

    def score(self):
        rng = self.rng
        self.add("[score]", {"forget_after_days": rng.choice([3, 10, 30, 180])})
        for number in range(rng.randint(2, 6)):
            name = f"did-{number}"
            rule = {"rule": name}
            if rng.random() < 0.5:
                rule["form"] = rng.sample(FORMS, rng.randint(1, 3))
            else:
                rule["activity"] = rng.sample(ACTIVITIES, rng.randint(1, 5))
                rule["target_prefix"] = maybe(rng, 0.4, rng.sample(PREFIXES, rng.randint(1, 2)))
            rule["points"] = rng.choice([1, 5, 7, 10, 20, 40, 40, 99, -3, -10])
            rule["at_most"] = maybe(rng, 0.4, rng.choice([1, 15, 50, 80]))
            rule["half_life_days"] = maybe(rng, 0.5, rng.choice([1, 2, 7, 30]))
            rule["within_days"] = maybe(rng, 0.3, rng.choice([1, 3, 14, 60]))
            self.rules.append(name)
            self.add("[[score.engagement]]", rule)
        for number in range(rng.randint(0, 5)):
            self.add("[[score.fit]]", {"rule": f"is-{number}", "when": self.conditions(rng.randint(1, 2)),
                                       "points": rng.choice([5, 10, 30, 30, -20])})

    def conditions(self, count):
        return [self.condition() for _ in range(count)]

    def condition(self):
        rng = self.rng
        return rng.choice([
            {"attribute": "employees", "at_least": rng.choice([10, 300, 299.5])},
            {"attribute": "employees", "at_most": rng.choice([300, 5000])},
            {"attribute": "employees", "equals": 300},
            {"attribute": "employees", "one_of": [10, 300.0, "300"]},
            {"attribute": "country", "one_of": rng.sample(COUNTRIES, rng.randint(1, 3))},
            {"attribute": "country", "equals": "jp"},
            {"attribute": "company", "contains": rng.choice(["kk", "gmbh", "カ"])},
            {"attribute": "vip", "equals": rng.choice([True, True, False, 1])},
            {"attribute": "job_title", "present": rng.random() < 0.5},
            {"attribute": "industry", "one_of": ["Software", "金融", True]},
        ])

    def qualify(self):
        rng = self.rng
        self.add("[qualify]", {
            "fit_at_least": rng.choice([0, 0, 5, 10, 20]), "engagement_at_least": rng.choice([1, 1, 5, 10, 20, 40]),
            "requalify_after_days": rng.choice([1, 1, 3, 10]),
            "not_before": maybe(rng, 0.2, show_time(self.start + rng.randint(0, 10) * DAY))})
        for name in rng.sample(self.rules, rng.randint(0, 2)):
            self.add("[[qualify.fast_track]]", {"rule": name, "fit_at_least": maybe(rng, 0.5, rng.choice([0, 10]))})
        if rng.random() < 0.5:
            self.add("[[qualify.block]]", {"name": "competitor",
                                           "when": [{"attribute": "company", "one_of": ["Rival KK"]}]})
        if rng.random() < 0.2:
            self.add("[[qualify.block]]", {"name": "other", "when": self.conditions(2)})

    def routes(self):
        rng = self.rng
        count = rng.randint(1, 4)
        for number in range(count):
            self.add("[[route]]", {
                "name": f"way-{number}",
                "when": self.conditions(rng.randint(1, 2)) if number < count - 1 else None,
                "team": rng.choice(self.teams),
                "needs": maybe(rng, 0.3, rng.sample(SKILLS, rng.randint(1, 2))),
                "owner_from": maybe(rng, 0.5, "account_owner")})

    def calendar_tables(self):
        rng = self.rng
        for number in range(rng.randint(1, 3)):
            name = f"cal-{number}"
            self.calendars.append(name)
            if rng.random() < 0.2:
                self.add("[[calendar]]", {"id": name, "always": True})
                continue
            hours = {day: self.hours() for day in rng.sample(WEEKDAYS, rng.randint(2, 7))}
            first = date(1970, 1, 1) + timedelta(days=self.start // DAY)
            closed = [str(first + timedelta(days=rng.randint(0, 60))) for _ in range(rng.randint(0, 6))]
            self.add("[[calendar]]", {
                "id": name, "time_zone": rng.choice(ZONES), "hours": hours, "closed": sorted(set(closed)) or None,
                "holidays": ["jp"] if self.with_holidays and rng.random() < 0.5 else None})

    def hours(self):
        return self.rng.choice([
            ["09:00-18:00"], ["09:00-12:00", "13:00-18:00"], ["00:00-24:00"], ["22:00-24:00"], ["00:00-03:30"],
            ["01:00-02:30", "02:45-04:00"], ["08:15-08:16", "12:00-12:30", "20:00-23:59"]])

    def team_tables(self):
        rng = self.rng
        for name in self.teams:
            others = [other for other in self.teams if other != name]
            self.add("[[team]]", {
                "id": name, "topic": maybe(rng, 0.2, f"leads-of-{self.teams.index(name)}"),
                "calendar": rng.choice(self.calendars),
                "overflow": maybe(rng, 0.5, rng.choice(others)) if others else None})
            self.add("[team.sla]", self.sla())

    def sla(self):
        rng = self.rng
        within = rng.choice([1, 30, 60, 90, 240, 480, 1500])
        escalate = maybe(rng, 0.5, within + rng.choice([0, 0, 15, 120]))
        reassign = maybe(rng, 0.65, (escalate or within) + rng.choice([0, 0, 10, 240]))
        return {
            "warn": maybe(rng, 0.6, span(within * 60 - rng.choice([1, 20, 59]) * min(1, within - 1) - 1)),
            "within": span(within * 60), "escalate": escalate and span(escalate * 60),
            "reassign": reassign and span(reassign * 60),
            "reassign_at_most": maybe(rng, 0.5, rng.choice([0, 1, 1, 3])),
            "responses": maybe(rng, 0.3, rng.sample(OUTCOMES, rng.randint(1, 8))),
            "releases": maybe(rng, 0.3, rng.sample(OUTCOMES, rng.randint(1, 8)))}

    def rep_tables(self):
        rng = self.rng
        for team in self.teams:
            for _ in range(rng.choice([0, 1, 2, 2, 3, 4])):
                if len(self.reps) == len(REP_NAMES):
                    return
                name = REP_NAMES[len(self.reps)]
                self.reps.append(name)
                self.add("[[rep]]", {
                    "id": name, "team": team, "weight": maybe(rng, 0.4, rng.choice([1, 2, 3, 7, 1000])),
                    "capacity": rng.choice([0, 1, 1, 2, 2, 3, 5, 10, 1000]),
                    "skills": maybe(rng, 0.7, rng.sample(SKILLS, rng.randint(1, 4)))})

    def reject(self):
        rng = self.rng
        for reason in rng.sample(REASONS, rng.choice([0, 2, 3, 4, 5])):
            self.reject_table[reason] = rng.choice(["recycle", "reassign", "reassign", "reassign", "disqualify"])
        if self.reject_table:
            self.add("[reject]", {toml(reason): leads_to for reason, leads_to in self.reject_table.items()})


def span(seconds):
    """A duration as the policy writes it: `1h30m`."""
    parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    return "".join(f"{n}{unit}" for n, unit in parts if n) or "0s"
