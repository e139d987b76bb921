"""One lead, its attempts and its score (contract, sections 3, 4 and 9)."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import choices
from policy import all_hold
from text import DAY, show_day

STAGES = ["inquiry", "marketing-qualified", "sales-accepted", "sales-qualified", "opportunity", "won"]


def _weights():
    """w[k] = round(2^31 · 2^(−k/64)), computed with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        return [int((Decimal(2) ** (31 - Decimal(k) / 64)).to_integral_value(ROUND_HALF_EVEN))
                for k in range(64)]


WEIGHTS = _weights()


def weight(age, half_life_days):
    """How much a touch of this age still weighs, in parts of 2^31."""
    if half_life_days is None:
        return 1 << 31
    steps = 64 * age // half_life_days
    shift = steps // 64
    return 0 if shift >= 31 else WEIGHTS[steps % 64] >> shift


class Attempt:
    """One promise: a rep's, or the queue's (rep None)."""

    def __init__(self, lead, number, team, rep, cost, start, may_reassign):
        sla = team.policy
        self.lead = lead
        self.cycle = lead.cycle
        self.number = number
        self.handoff_id = f"{lead.id}-{lead.cycle}-{number}"
        self.team = team
        self.rep = rep
        self.cost = cost
        self.start = start
        due = {"warn": sla.warn, "breach": sla.within, "escalate": sla.escalate,
               "reassign": sla.reassign if rep and may_reassign else None}
        self.instants = {kind: None if amount is None else sla.calendar.after(start, amount)
                         for kind, amount in due.items()}
        self.respond_by = self.instants["breach"]
        self.timers = {kind: at for kind, at in self.instants.items() if at is not None}
        self.open = True
        self.responded = False
        self.flagged = False
        self.excused = False
        self.released = False


class Lead:
    """What is remembered of one lead: everything, as it came."""

    def __init__(self, lead_id, cycle):
        self.id = lead_id
        self.person = {}
        self.attributes = {}
        self.consent = None
        self.touches = []
        self.campaigns = []
        self.messages = []
        self.stage = None
        self.stage_since = None
        self.cycle = cycle
        self.attempts = {}
        self.attempt = None
        self.refused = set()
        self.reassigned = 0
        self.route = None
        self.qualified = None
        self.rules_of_cycle = {}
        self.teams = {}

    def remember(self, event):
        """Identifiers, profile, consent: the latest event time stands, then the later in the journal."""
        for name, value in event.person.items():
            _set_latest(self.person, name, value, event.time)
        for name, value in event.profile.items():
            _set_latest(self.attributes, name, value, event.time)
        if event.sales_contact is not None and (self.consent is None or event.time >= self.consent[0]):
            self.consent = (event.time, event.sales_contact)
        if event.campaign is not None:
            self.campaigns.append((event.time, event.campaign))

    def identifiers(self):
        """`person` of the outputs: the identifiers as last given."""
        return {name: self.person[name][1] if name in self.person else None
                for name in ("lead_id", "email", "anonymous_id")
                if name in self.person or choices.NULL_IN_PERSON}

    def profile(self):
        """The attributes that stand, without the removed ones."""
        return {name: value for name, (_, value) in sorted(self.attributes.items()) if value is not None}

    def campaign(self):
        """First and last by event time; at equal times by place in the journal."""
        by_time = sorted(self.campaigns, key=lambda each: each[0])
        return {"first": by_time[0][1] if by_time else None, "last": by_time[-1][1] if by_time else None}

    def message(self):
        """The last one, by event time, of the forms received since the last cycle ended."""
        return sorted(self.messages, key=lambda each: each[0])[-1][1] if self.messages else None

    def refuses(self):
        return self.consent is not None and self.consent[1] is False


def _set_latest(values, name, value, time):
    if name not in values or time >= values[name][0]:
        values[name] = (time, value)


def counts(rule, policy, touch_day, today):
    """Only age decides whether a touch counts (section 3)."""
    age = max(0, today - touch_day)
    return age <= policy.forget_after_days and (rule.within_days is None or age <= rule.within_days)


def value_of(rule, policy, lead, today):
    """(points, touches that count, latest such day) of one engagement rule."""
    days = [day for name, day in lead.touches
            if name == rule.name and counts(rule, policy, day, today)]
    total = sum(rule.points * weight(max(0, today - day), rule.half_life_days) for day in days)
    points = abs(total) // (1 << 31) * (1 if total >= 0 else -1)
    if rule.at_most is not None:
        points = max(-rule.at_most, min(rule.at_most, points))
    return points, len(days), max(days, default=None)


def score(policy, lead, now):
    """`score` of the outputs: a function of touches, profile, policy and day."""
    today, reasons, engagement, fit = now // DAY, [], 0, 0
    for rule in policy.engagement:
        points, touches, last = value_of(rule, policy, lead, today)
        engagement += points
        if touches:
            reasons.append({"rule": rule.name, "points": points, "touches": touches, "last": show_day(last)})
    for rule in policy.fit:
        if all_hold(rule.when, lead.profile()):
            fit += rule.points
            reasons.append({"rule": rule.name, "points": rule.points, "touches": None, "last": None})
    engagement, fit = max(0, engagement), max(0, fit)
    return {"fit": fit, "engagement": engagement, "total": fit + engagement, "reasons": reasons}
