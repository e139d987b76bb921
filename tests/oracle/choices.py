"""Readings of the contract that show in nearly every output, each a switch.

The numbers are those of NOTES.md, where the alternatives are argued. Changing
a value here is all that a reconciliation with another reading needs.
"""

# 1: `because.event` of a stage change: the event's "id" (`<source>#<id>`) or its "type".
BECAUSE_EVENT = "id"

# 2: `because.deadline` of a withdrawal: "kind" (`reassign`), "id" (`<handoff_id>/reassign`) or "instant".
BECAUSE_DEADLINE = "kind"

# 3: `because.rule` says `thresholds` too, not only the name of a fast-track rule.
RULE_SAYS_THRESHOLDS = True

# 4: the attempt counts in the `id` of a feedback about one, though its data has no member `attempt`.
FEEDBACK_ID_HAS_ATTEMPT = True

# 5: a lead id given as an integer goes out as "text" or as "number".
INTEGER_LEAD_ID = "text"

# 6: absent members of `person` and of a campaign go out as null instead of being left out.
NULL_IN_PERSON = False
NULL_IN_CAMPAIGN = False

# 7: `forgotten` goes to the teams in "policy" order or in the order of first "handing".
FORGOTTEN_TEAMS = "handing"

# 8: a feedback about an attempt has `working_seconds` whatever the outcome, not only for a response.
WORKING_SECONDS_ALWAYS = True
