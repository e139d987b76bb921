"""The reference job as a plain sequential program: what must come of a stretch of events.

Reads events, one a line, as `bench-tools print` writes them; knows nothing of topics, partitions,
transactions or Tasuki. Every lead that is handed off is in the answer, with the team it goes to,
the event that qualified it and its score at that moment, when events come in this order.

    target/release/bench-tools print --count 1000 --at 0 | python3 bench/plain.py
"""

import json
import sys

FIT_AT_LEAST = 20
ENGAGEMENT_AT_LEAST = 60
LARGE_FROM = 300
LARGE_POINTS = 30

# (rule, what it looks at, its values, prefixes of the target, points, at most)
RULES = [
    ("demo-request", "form", {"demo-request"}, None, 40, 80),
    ("guide", "form", {"guide-download"}, None, 8, 16),
    ("pricing", "activity", {"page_viewed"}, ("/pricing",), 6, 30),
    ("docs", "activity", {"page_viewed"}, ("/docs", "/guides"), 1, 10),
    ("any-page", "activity", {"page_viewed"}, None, 1, 5),
    ("email-opened", "activity", {"email_opened"}, None, 1, 5),
    ("email-clicked", "activity", {"email_clicked"}, None, 2, 10),
    ("webinar", "activity", {"webinar_attended"}, None, 10, 20),
]
# The same rules as an agreement. Everything happens within a day, so what decays is not less yet.
POLICY = f"""\
version = 1
name = "bench"

[score]
forget_after_days = 180
""" + "".join(f"""
[[score.engagement]]
rule = "{rule}"
{member} = {json.dumps(sorted(values))}
{f"target_prefix = {json.dumps(prefixes)}" if prefixes else ""}
points = {points}
at_most = {at_most}
half_life_days = 30
""" for rule, member, values, prefixes, points, at_most in RULES) + f"""
[[score.fit]]
rule = "large"
when = [{{ attribute = "employees", at_least = {LARGE_FROM} }}]
points = {LARGE_POINTS}

[qualify]
fit_at_least = {FIT_AT_LEAST}
engagement_at_least = {ENGAGEMENT_AT_LEAST}
requalify_after_days = 30

[[qualify.fast_track]]
rule = "demo-request"
fit_at_least = 0

[[route]]
name = "large"
when = [{{ attribute = "employees", at_least = {LARGE_FROM} }}]
team = "enterprise"

[[route]]
name = "everyone-else"
team = "inside"

[[calendar]]
id = "always"
time_zone = "UTC"
always = true
""" + "".join(f"""
[[team]]
id = "{team}"
calendar = "always"
[team.sla]
within = "3s"
""" + "".join(f"""
[[rep]]
id = "{team}-{number}"
team = "{team}"
capacity = 1000000
""" for number in range(4)) for team in ("enterprise", "inside"))


class Lead:
    """What is known of one."""

    def __init__(self):
        self.seen = set()
        self.touches = dict.fromkeys((rule[0] for rule in RULES), 0)
        self.employees = 0
        self.is_inquiry = True

    def fit(self):
        return LARGE_POINTS if self.employees >= LARGE_FROM else 0

    def engagement(self):
        return sum(min(points * self.touches[rule], at_most) for rule, _, _, _, points, at_most in RULES)


def decide(lines):
    """{e-mail address: (team, id of the event that qualified, fit, engagement)}."""
    leads, handed_off = {}, {}
    for line in lines:
        event = json.loads(line)
        data = event["data"]
        email = data["person"]["email"]
        lead = leads.get(email)
        if lead is None:
            lead = leads[email] = Lead()
        if event["id"] in lead.seen:
            continue
        lead.seen.add(event["id"])
        lead.employees = data.get("profile", {}).get("employees", lead.employees)
        asks_for_a_demo = False
        for rule, member, values, prefixes, _, _ in RULES:
            if data.get(member) in values and (prefixes is None or data["target"].startswith(prefixes)):
                lead.touches[rule] += 1
                asks_for_a_demo |= rule == "demo-request"
        if not lead.is_inquiry:
            continue
        fit, engagement = lead.fit(), lead.engagement()
        if (fit >= FIT_AT_LEAST and engagement >= ENGAGEMENT_AT_LEAST) or asks_for_a_demo:
            lead.is_inquiry = False
            handed_off[email] = ("enterprise" if fit else "inside", event["id"], fit, engagement)
    return handed_off


def main():
    for email, (team, event, fit, engagement) in sorted(decide(sys.stdin).items()):
        print(email, team, event, fit, engagement)


if __name__ == "__main__":
    main()
