"""A naive reference implementation of the contract, for comparing with `tasuki replay`.

    python3 oracle.py --policy FILE [--until TIME] [--secret TEXT] [--source-name NAME]
                      [--holidays FILE] [--coverage] < in.ndjson > out.ndjson

In: lines `{"at": time, "event": {CloudEvents}}` or `{"at": time}`. Out: every
output as a CloudEvents JSON line with its `topic` (contract, section 6).
"""

import argparse
import os
import sys
from collections import Counter, deque

import choices
import events
from blake3 import blake3, derive_key, keyed
from desk import Desk
from events import Bad
from lead import STAGES, Attempt, Lead, counts, score
from policy import Policy, all_hold, read_holidays
from text import DAY, fold, read, read_time, show_time, write

SLA = "sales.sla"
LIFECYCLE = "leads.lifecycle"
FEEDBACK = "marketing.feedback"
DEAD_LETTERS = "tasuki.dead-letters"

KINDS = ("warn", "breach", "escalate", "reassign")
DUPLICATE_WINDOW = 7 * 86_400_000
MARKS_LIMIT = 4096

REACHES = {"accepted": "sales-accepted", "contacted": "sales-accepted", "meeting_held": "sales-accepted",
           "qualified": "sales-qualified", "opportunity_created": "opportunity"}
ENDS = {"won", "lost", "recycled"}


class LineError(Exception):
    """A line that stops the replay (section 9, Outputs)."""


class Oracle:
    """One journal partition, one line at a time."""

    def __init__(self, policy_bytes, secret="tasuki", deployment="local", holiday_lists=None):
        self.policy = Policy(policy_bytes, holiday_lists or {})
        self.source = f"/tasuki/{deployment}"
        self.key = derive_key("tasuki lead id v1", secret.encode())
        self.desk = Desk(self.policy)
        self.leads = {}
        self.erased = {}           # lead id: (moment of the erasure, last cycle)
        self.lead_marks = {}       # lead id: {(source, id): journal time of the first}
        self.rep_marks = {}
        self.lead_ids = {}
        self.now = None
        self.cause = None
        self.cause_type = None
        self.counters = {}
        self.sequence = 0
        self.out = []
        self.work = deque()
        self.coverage = Counter()

    # ---- the journal -------------------------------------------------------

    def line(self, text, number=0):
        """One input line; returns its outputs. Deadlines earlier than `at` come first."""
        try:
            entry = read(text)
        except ValueError:
            raise LineError(f"line {number}: not JSON") from None
        at = read_time(entry.get("at")) if isinstance(entry, dict) else None
        if at is None:
            raise LineError(f"line {number}: no readable at")
        if self.now is not None and at < self.now:
            raise LineError(f"line {number}: at goes back in time")
        self.fire_deadlines(at)
        self.now = at
        if "event" in entry:
            self.take(entry["event"])
        return self.drain_outputs()

    def until(self, at):
        """Deadlines earlier than this fire at the end."""
        self.fire_deadlines(at)
        return self.drain_outputs()

    def drain_outputs(self):
        out, self.out = self.out, []
        return out

    def take(self, event):
        """One event; a bad one becomes a dead letter and nothing else."""
        self.begin(events.causation(event))
        self.cause_type = event.get("type") if isinstance(event, dict) else None
        try:
            parsed = events.parse(event, self.now)
            TAKERS[parsed.type](self, parsed)
        except Bad as bad:
            self.coverage[f"dead-letter {bad.reason}"] += 1
            self.emit("tasuki.dead-letter.v1", DEAD_LETTERS, None,
                      {"reason": bad.reason, "detail": bad.detail, "record": event})
        self.finish()

    def begin(self, cause):
        self.cause = cause
        self.counters = {}

    def finish(self):
        """What was set off, first in first out (section 9, Attempts)."""
        while self.work:
            what, subject = self.work.popleft()
            if what == "serve":
                self.serve_queue(self.desk.teams[subject])
            else:
                self.ask(subject)

    # ---- outputs -----------------------------------------------------------

    def emit(self, kind, topic, lead_id, data, attempt=None):
        """One output, enveloped (section 5; `id` and `sequence` section 9)."""
        self.coverage[kind] += 1
        self.sequence += 1
        parts = [kind, lead_id or "", str(data.get("cycle", "")),
                 str(data.get("attempt", attempt or "")), self.cause or ""]
        counter = self.counters.get(tuple(parts), 0)
        self.counters[tuple(parts)] = counter + 1
        named = b"".join(part.encode() + b"\0" for part in parts) + str(counter).encode()
        event = {"specversion": "1.0", "id": blake3(named).hex()[:32], "source": self.source, "type": kind,
                 "subject": lead_id, "time": show_time(self.now), "datacontenttype": "application/json",
                 "tasukishard": 0, "sequence": f"{self.sequence:020d}", "causationid": self.cause,
                 "topic": topic, "data": data}
        self.out.append({name: value for name, value in event.items() if value is not None})

    def emit_stage(self, lead, stage, rule=None, reason=None):
        """A stage change and its output."""
        before, lead.stage, lead.stage_since = lead.stage, stage, self.now
        event = self.cause if choices.BECAUSE_EVENT == "id" else self.cause_type
        if rule == "thresholds" and not choices.RULE_SAYS_THRESHOLDS:
            rule = None
        because = _given({"event": event, "rule": rule, "reason": reason})
        self.coverage[f"stage {before} -> {stage}" + (" with reason" if reason else "")] += 1
        self.emit("tasuki.lead.stage-changed.v1", LIFECYCLE, lead.id, {
            "lead": lead.id, "cycle": lead.cycle, "from": before, "to": stage, "at": show_time(self.now),
            "because": because, "score": score(self.policy, lead, self.now), "policy": self.policy.stamp()})

    def emit_sla(self, kind, attempt, response_at=None, late=None):
        """One of the five on `sales.sla`."""
        working = None if response_at is None else _working_seconds(attempt, response_at)
        data = {"handoff_id": attempt.handoff_id, "lead": attempt.lead.id, "cycle": attempt.cycle,
                "attempt": attempt.number, "team": attempt.team.id,
                "rep": attempt.rep and attempt.rep.id, "respond_by": show_time(attempt.respond_by)}
        data |= _given({"response_at": show_time(response_at), "late": late, "working_seconds": working})
        data["policy"] = self.policy.stamp()
        self.coverage[f"sla {kind}" + (" late" if late else "") + (" of a queue" if not attempt.rep else "")] += 1
        self.emit(f"tasuki.sla.{kind}.v1", SLA, attempt.lead.id, data)

    def emit_withdrawn(self, attempt, because):
        self.coverage[f"withdrawn by {next(iter(because))}"] += 1
        self.emit("tasuki.handoff.withdrawn.v1", attempt.team.policy.topic, attempt.lead.id, {
            "handoff_id": attempt.handoff_id, "lead": attempt.lead.id, "cycle": attempt.cycle,
            "attempt": attempt.number, "team": attempt.team.id, "rep": attempt.rep.id,
            "because": because, "policy": self.policy.stamp()})

    def emit_feedback(self, lead, attempt, event):
        """Every follow-up, back to marketing (section 4)."""
        rep = attempt.rep.id if attempt and attempt.rep else event.rep
        cycle = attempt.cycle if attempt else lead.cycle
        data = {"lead": lead.id}
        if attempt:
            data |= {"handoff_id": attempt.handoff_id, "cycle": attempt.cycle, "team": attempt.team.id}
        data |= _given({"rep": rep})
        data["outcome"] = event.outcome
        data |= _given({"reason": event.reason, "note": event.note, "amount": event.amount})
        data |= {"at": show_time(event.time), "campaign": lead.campaign(),
                 "rules": lead.rules_of_cycle.get(cycle, [])}
        if attempt and (choices.WORKING_SECONDS_ALWAYS or event.outcome in attempt.team.policy.responses):
            data["working_seconds"] = _working_seconds(attempt, event.time)
        data["policy"] = self.policy.stamp()
        how = "without an attempt" if not attempt else "on an open attempt" if attempt.open else "on a closed attempt"
        self.coverage[f"feedback {how}"] += 1
        number = attempt.number if attempt and choices.FEEDBACK_ID_HAS_ATTEMPT else None
        self.emit("tasuki.feedback.recorded.v1", FEEDBACK, lead.id, data, number)

    # ---- who, twice, erased ------------------------------------------------

    def lead_id(self, identity):
        """First 16 bytes of the keyed hash over the strongest identifier (section 1)."""
        if identity not in self.lead_ids:
            self.lead_ids[identity] = keyed(self.key, identity.encode()).hex()[:32]
        return self.lead_ids[identity]

    def is_duplicate(self, marks, event):
        """Within 7 days of journal time of the first accepted one, the end included (section 9)."""
        first = marks.get((event.source, event.id))
        if first is None:
            return False
        if self.now - first <= DUPLICATE_WINDOW:
            self.coverage["duplicate" + (" at the window's end" if self.now - first == DUPLICATE_WINDOW else "")] += 1
            return True
        self.coverage["same id after the window"] += 1
        return False

    def mark(self, marks, event):
        """Marked by the first accepted event, also by one that changes nothing."""
        marks.pop((event.source, event.id), None)
        marks[(event.source, event.id)] = self.now
        if len(marks) > MARKS_LIMIT:
            marks.pop(next(iter(marks)))

    # ---- what leads do -----------------------------------------------------

    def take_lead_event(self, event):
        """Form, engagement, profile, consent: remember, then look at qualifying (section 3)."""
        lead_id = self.lead_id(events.identities(event.person)[0])
        marks = self.lead_marks.setdefault(lead_id, {})
        if self.is_duplicate(marks, event):
            return
        self.mark(marks, event)
        moment, last_cycle = self.erased.get(lead_id, (None, 0))
        if moment is not None and event.time <= moment:
            self.coverage["erased: event from before"] += 1
            return
        if event.is_bot:
            self.coverage["bot"] += 1
            return
        lead = self.leads.get(lead_id)
        if lead is None:
            lead = self.leads[lead_id] = Lead(lead_id, last_cycle)
            if moment is not None:
                self.coverage["lead anew after an erasure"] += 1
        lead.remember(event)
        left = self.leave_touches(lead, event)
        if event.type == events.FORM and event.message is not None:
            lead.messages.append((event.time, event.message))
        if lead.stage is None:
            self.emit_stage(lead, "inquiry")
        self.look_at_qualifying(lead, event, left)

    def leave_touches(self, lead, event):
        """A touch for each rule that the event matches, each once."""
        left = set()
        for rule in self.policy.engagement:
            if event.type == events.FORM and rule.matches_form(event.form):
                left.add(rule.name)
            if event.type == events.ENGAGEMENT and rule.matches_activity(event.activity, event.target):
                left.add(rule.name)
        lead.touches += [(name, event.time // DAY) for name in sorted(left)]
        return left

    def look_at_qualifying(self, lead, event, left):
        """The MQL definition (section 3; "Score" of section 9)."""
        if lead.stage in ("recycled", "lost"):
            if self.now - lead.stage_since < self.policy.requalify_after:
                self.coverage["not yet requalifying"] += 1
                return
        elif lead.stage != "inquiry":
            return
        by = self.qualifies_by(lead, event, left)
        if by is None:
            return
        if self.policy.not_before is not None and event.time < self.policy.not_before:
            self.coverage["not qualified: not before"] += 1
            return
        if any(all_hold(block, lead.profile()) for block in self.policy.blocks):
            self.coverage["not qualified: block"] += 1
            return
        if lead.refuses():
            self.coverage["not qualified: consent"] += 1
            return
        self.coverage["qualified by " + ("thresholds" if by == "thresholds" else "a fast track")] += 1
        lead.cycle += 1
        lead.reassigned = 0
        lead.qualified = {"at": show_time(self.now), "by": by}
        lead.rules_of_cycle[lead.cycle] = score(self.policy, lead, self.now)["reasons"]
        lead.route = next(r for r in self.policy.routes if all_hold(r.when, lead.profile()))
        self.emit_stage(lead, "marketing-qualified", rule=by)
        self.work.append(("ask", lead))

    def qualifies_by(self, lead, event, left):
        """`thresholds`, the fast-track rule, or None."""
        has = score(self.policy, lead, self.now)
        if has["fit"] >= self.policy.fit_at_least and has["engagement"] >= self.policy.engagement_at_least:
            return "thresholds"
        for name, fit_at_least in self.policy.fast_tracks:
            rule = next(r for r in self.policy.engagement if r.name == name)
            if (name in left and has["fit"] >= fit_at_least
                    and counts(rule, self.policy, event.time // DAY, self.now // DAY)):
                return name
        return None

    # ---- asking for a rep --------------------------------------------------

    def owner_test(self, lead):
        """Whether the route's attribute names a rep; read at each ask (section 9)."""
        named = lead.profile().get(lead.route.owner_from) if lead.route.owner_from else None
        return lambda rep: isinstance(named, str) and fold(named) == fold(rep.id)

    def ask(self, lead):
        """The route's team, then its overflow, then the queue (section 4)."""
        home = self.desk.teams[lead.route.team]
        owner = self.owner_test(lead)
        asked = [home]
        rep = self.desk.choose(home, lead, owner)
        if rep is None and home.policy.overflow is not None:
            asked.append(self.desk.teams[home.policy.overflow])
            rep = self.desk.choose(asked[-1], lead, owner)
        passed_over = self.desk.passed_over(asked, rep, lead)
        if rep is not None:
            self.coverage["granted by " + ("the overflow" if len(asked) > 1 else "the team")] += 1
            self.grant(lead, asked[-1], rep, passed_over)
        else:
            self.queue(lead, home, passed_over)

    def open_attempt(self, lead, team, rep, cost):
        """The next attempt of the cycle; its instants are fixed now."""
        number = 1 + sum(1 for cycle, _ in lead.attempts if cycle == lead.cycle)
        may_reassign = lead.reassigned < team.policy.reassign_at_most
        attempt = Attempt(lead, number, team, rep, cost, self.now, may_reassign)
        if rep and team.policy.reassign is not None and not may_reassign:
            self.coverage["reassign used up"] += 1
        lead.attempts[(lead.cycle, number)] = lead.attempt = attempt
        return attempt

    def grant(self, lead, team, rep, passed_over):
        """Given to a rep: `handed-off`."""
        if self.owner_test(lead)(rep):
            self.coverage["granted to the owner"] += 1
        for each in passed_over:
            self.coverage[f"passed over: {each['why']}"] += 1
        attempt = self.open_attempt(lead, team, rep, self.desk.assign(team, rep))
        lead.teams.setdefault(team.id, team.policy.topic)
        data = {"handoff_id": attempt.handoff_id, "lead": lead.id, "cycle": lead.cycle,
                "attempt": attempt.number, "team": team.id, "rep": rep.id, "route": lead.route.name,
                "person": lead.identifiers(), "profile": lead.profile(), "campaign": lead.campaign(),
                "score": score(self.policy, lead, self.now), "qualified": lead.qualified,
                "passed_over": passed_over, "sla": _sla(attempt)}
        data |= _given({"message": lead.message()})
        data["policy"] = self.policy.stamp()
        self.emit("tasuki.lead.handed-off.v1", team.policy.topic, lead.id, data)

    def queue(self, lead, team, passed_over):
        """Nobody eligible: at the back of the first team's queue, with a clock of its own."""
        for each in passed_over:
            self.coverage[f"queued, passed over: {each['why']}"] += 1
        attempt = self.open_attempt(lead, team, None, 0)
        team.queue.append(lead)
        self.emit("tasuki.lead.queued.v1", LIFECYCLE, lead.id, {
            "handoff_id": attempt.handoff_id, "lead": lead.id, "cycle": lead.cycle,
            "attempt": attempt.number, "team": team.id, "route": lead.route.name,
            "passed_over": passed_over, "sla": _sla(attempt), "policy": self.policy.stamp()})

    def serve_queue(self, team):
        """In order of joining; who can't be served doesn't hold up those behind."""
        for lead in list(team.queue):
            rep = self.desk.choose(team, lead, self.owner_test(lead))
            if rep is None:
                self.coverage["queue: held, not holding up"] += 1
                continue
            self.coverage["queue: served"] += 1
            passed_over = self.desk.passed_over([team], rep, lead)
            self.end_attempt(lead)
            self.grant(lead, team, rep, passed_over)

    def end_attempt(self, lead):
        """Every end frees the rep's place, once, and ends the timers silently."""
        attempt, lead.attempt = lead.attempt, None
        attempt.open = False
        attempt.timers = {}
        if attempt.rep is None:
            attempt.team.queue.remove(lead)
        self.release(attempt)

    def release(self, attempt):
        """Frees one place of the rep's capacity, once; it serves the rep's queue."""
        if attempt.rep is None or attempt.released:
            return
        attempt.released = True
        attempt.rep.open_handoffs -= 1
        self.work.append(("serve", attempt.rep.team))

    # ---- deadlines ---------------------------------------------------------

    def next_deadline(self):
        """The smallest of (instant, lead id, warn < breach < escalate < reassign)."""
        due = [(at, lead.id, KINDS.index(kind), lead.attempt) for lead in self.leads.values()
               if lead.attempt for kind, at in lead.attempt.timers.items()]
        first = min(due, key=lambda each: each[:3], default=None)
        if first and any(at == first[0] and lead_id != first[1] for at, lead_id, _, _ in due):
            self.coverage["deadlines of several leads at one instant (looks)"] += 1
        return first

    def fire_deadlines(self, before):
        """Those earlier than `before`, each carrying its instant as its time."""
        while (due := self.next_deadline()) is not None and due[0] < before:
            self.now, _, kind, attempt = due
            self.begin(f"{attempt.handoff_id}/{KINDS[kind]}")
            del attempt.timers[KINDS[kind]]
            self.fire(KINDS[kind], attempt)
            self.finish()

    def fire(self, kind, attempt):
        if kind == "warn":
            self.emit_sla("at-risk", attempt)
        elif kind == "breach":
            attempt.flagged = True
            self.emit_sla("breached", attempt)
        elif kind == "escalate":
            self.emit_sla("escalated", attempt)
        else:
            deadline = {"kind": kind, "id": self.cause, "instant": show_time(self.now)}
            self.emit_withdrawn(attempt, {"deadline": deadline[choices.BECAUSE_DEADLINE]})
            self.take_from_rep(attempt)

    def take_from_rep(self, attempt):
        """The attempt ends, counts as a reassign, and the team is asked again."""
        lead = attempt.lead
        if attempt.rep is not None:
            lead.refused.add(attempt.rep.id)
        lead.reassigned += 1
        self.end_attempt(lead)
        self.work.append(("ask", lead))

    # ---- follow-ups --------------------------------------------------------

    def take_follow_up(self, event):
        """By `handoff_id`, which outranks `person` (sections 4 and 9)."""
        key = None
        if event.handoff_id is not None:
            named = events.split_handoff_id(event.handoff_id)
            if named is None:
                raise Bad("unknown-handoff", "handoff_id has another form")
            lead_id, key = named[0], named[1:]
        else:
            lead_id = self.lead_id(events.identities(event.person)[0])
        marks = self.lead_marks.setdefault(lead_id, {})
        if self.is_duplicate(marks, event):
            return
        if self.is_about_the_erased(lead_id, key, event):
            self.coverage["erased: follow-up"] += 1
            self.mark(marks, event)
            return
        lead = self.leads.get(lead_id)
        if lead is None or key is not None and key not in lead.attempts:
            raise Bad("unknown-handoff", "no such lead or attempt")
        self.mark(marks, event)
        self.apply_follow_up(lead, lead.attempts[key] if key else lead.attempt, event)

    def is_about_the_erased(self, lead_id, key, event):
        """Dropped for good (section 9, Erasure)."""
        if lead_id not in self.erased:
            return False
        moment, last_cycle = self.erased[lead_id]
        if event.time <= moment:
            return True
        return key[0] <= last_cycle if key else lead_id not in self.leads

    def apply_follow_up(self, lead, attempt, event):
        """SLA output, withdrawn, stage change, feedback; then what was set off."""
        if attempt is None:
            self.emit_feedback(lead, None, event)
            return
        self.apply_response(attempt, event)
        self.coverage[f"follow-up {event.outcome} " + ("open" if attempt.open else "closed")] += 1
        if not attempt.open:
            self.emit_feedback(lead, attempt, event)
            return
        if event.outcome == "rejected":
            asks_again = self.reject(lead, attempt, event)
        else:
            asks_again = False
            self.advance(lead, event)
        self.emit_feedback(lead, attempt, event)
        if event.outcome in attempt.team.policy.releases:
            if attempt.rep and not attempt.released and not asks_again and lead.stage in STAGES[:5]:
                self.coverage["place freed, attempt open"] += 1
            self.release(attempt)
        if asks_again:
            self.take_from_rep(attempt)
        elif lead.stage in ("won", "lost", "recycled", "disqualified"):
            lead.messages = []
            self.end_attempt(lead)

    def apply_response(self, attempt, event):
        """Only the first response of an attempt is met; a false breach is excused, once."""
        if event.outcome not in attempt.team.policy.responses:
            return
        in_time = event.time <= attempt.respond_by
        if event.time == attempt.respond_by:
            self.coverage["response on the instant"] += 1
        is_first = attempt.open and not attempt.responded
        if is_first:
            attempt.responded = True
            attempt.timers = {}
        if in_time and attempt.flagged:
            if not attempt.excused:
                attempt.excused = True
                which = "closed" if not attempt.open else "open" if is_first else "open, not the first response"
                self.coverage[f"excused {which}"] += 1
                self.emit_sla("excused", attempt, event.time)
        elif is_first:
            self.emit_sla("met", attempt, event.time, late=None if in_time else True)

    def advance(self, lead, event):
        """A lead never moves back within a cycle."""
        if event.outcome in ENDS:
            self.emit_stage(lead, event.outcome, reason=event.reason)
            return
        stage = REACHES.get(event.outcome)
        if stage is not None and STAGES.index(stage) > STAGES.index(lead.stage):
            self.emit_stage(lead, stage, reason=event.reason)

    def reject(self, lead, attempt, event):
        """By `[reject]`: recycle, reassign, disqualify. True if the team is to be asked again."""
        leads_to = self.policy.reject.get(fold(event.reason or ""), "recycle")
        if attempt.rep is not None:
            lead.refused.add(attempt.rep.id)
            attempt.rep.virtual -= attempt.cost
            self.coverage["given back" if attempt.rep.team == attempt.team.id else "given back after a move"] += 1
        if leads_to == "reassign" and lead.reassigned < attempt.team.policy.reassign_at_most:
            if attempt.rep is not None:
                self.emit_withdrawn(attempt, {"reason": event.reason})
            else:
                self.coverage["reassigned while queued"] += 1
            return True
        self.coverage[f"rejected: {leads_to}" + (", limit reached" if leads_to == "reassign" else "")] += 1
        self.emit_stage(lead, "disqualified" if leads_to == "disqualify" else "recycled", reason=event.reason)
        return False

    # ---- roster, erasure ---------------------------------------------------

    def take_rep(self, event):
        """Roster changes; checks: duplicate, team, rep, capacity (section 9)."""
        marks = self.rep_marks.setdefault(event.rep, {})
        if self.is_duplicate(marks, event):
            return
        members = event.members
        if members["team"] is not None and members["team"] not in self.desk.teams:
            raise Bad("unknown-team", "no such team")
        rep = self.desk.reps.get(event.rep)
        if rep is None and members["team"] is None:
            raise Bad("unknown-rep", "no such rep, and no team")
        if rep is None and members["capacity"] is None:
            raise Bad("invalid-data", "a new rep needs a capacity")
        self.mark(marks, event)
        if rep is None:
            rep = self.desk.enter(event.rep, members, event.time)
            self.coverage["rep: new"] += 1
        else:
            moved, returned = self.desk.update(rep, members, event.time)
            self.coverage["rep: " + ("moved" if moved else "returned" if returned else "changed")] += 1
        self.work.append(("serve", rep.team))

    def take_erasure(self, event):
        """Each identifier's lead is erased (section 9, Erasure)."""
        for identity in events.identities(event.person):
            self.erase(self.lead_id(identity), event)

    def erase(self, lead_id, event):
        marks = self.lead_marks.setdefault(lead_id, {})
        if self.is_duplicate(marks, event):
            return
        self.mark(marks, event)
        moment, last_cycle = self.erased.get(lead_id, (None, 0))
        if moment is not None and event.time <= moment:
            self.coverage["erased: older erasure"] += 1
            return
        lead = self.leads.pop(lead_id, None)
        teams = {}
        if lead is not None:
            last_cycle, teams = lead.cycle, lead.teams
        self.coverage["erasure of " + ("nobody" if lead is None else "an open attempt" if lead.attempt else "a lead")] += 1
        self.erased[lead_id] = (self.now, last_cycle)
        topics = list(teams.values())
        if choices.FORGOTTEN_TEAMS == "policy":
            topics = [team.topic for team in self.policy.teams if team.id in teams]
        for topic in [LIFECYCLE, *topics]:
            self.emit("tasuki.lead.forgotten.v1", topic, lead_id, {"lead": lead_id})
        if lead is not None and lead.attempt:
            self.end_attempt(lead)


TAKERS = {
    events.FORM: Oracle.take_lead_event,
    events.ENGAGEMENT: Oracle.take_lead_event,
    events.PROFILE: Oracle.take_lead_event,
    events.CONSENT: Oracle.take_lead_event,
    events.FOLLOW_UP: Oracle.take_follow_up,
    events.REP: Oracle.take_rep,
    events.ERASED: Oracle.take_erasure,
}


def _given(members):
    """Members marked `?` are left out when absent."""
    return {name: value for name, value in members.items() if value is not None}


def _working_seconds(attempt, at):
    return attempt.team.policy.calendar.between(attempt.start, at) // 1000


def _sla(attempt):
    at = {kind: show_time(instant) for kind, instant in attempt.instants.items()}
    return {"start": show_time(attempt.start), "warn_at": at["warn"], "respond_by": at["breach"],
            "escalate_at": at["escalate"], "reassign_at": at["reassign"],
            "calendar": attempt.team.policy.calendar.id}


def holiday_lists(path):
    """The built-in lists: `jp`, from a text file if there is one."""
    return {"jp": read_holidays(path) if path and os.path.exists(path) else set()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policy", required=True)
    parser.add_argument("--until")
    parser.add_argument("--secret", default="tasuki")
    parser.add_argument("--source-name", default="local", help="the deployment's name")
    parser.add_argument("--holidays", default="data/holidays_jp.txt")
    parser.add_argument("--coverage", action="store_true")
    options = parser.parse_args()
    with open(options.policy, "rb") as file:
        oracle = Oracle(file.read(), options.secret, options.source_name, holiday_lists(options.holidays))
    status = 0
    try:
        for number, line in enumerate(sys.stdin.buffer, 1):
            if line.strip():
                show(oracle.line(line.decode(), number))
        if options.until is not None:
            show(oracle.until(read_time(options.until)))
    except LineError as error:
        print(error, file=sys.stderr)
        status = 1
    if options.coverage:
        for name, count in sorted(oracle.coverage.items()):
            print(f"{count:8} {name}", file=sys.stderr)
    return status


def show(outputs):
    for output in outputs:
        sys.stdout.write(write(output) + "\n")


if __name__ == "__main__":
    sys.exit(main())
