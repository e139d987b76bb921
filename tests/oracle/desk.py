"""Teams, reps, rotation (contract, section 4 and "Rep and queue" of section 9)."""

TURN = 1_000_000
MEMBERS = ("available", "capacity", "team", "weight", "skills")
BEFORE_ALL = float("-inf")


class Rep:
    """One rep: members by latest event time, the virtual of the rotation, open handoffs."""

    def __init__(self, rep_id, place, members, time):
        self.id = rep_id
        self.place = place
        defaults = {"available": True, "capacity": None, "team": None, "weight": 1, "skills": []}
        self.members = {name: (BEFORE_ALL, defaults[name]) for name in MEMBERS}
        for name, value in members.items():
            if value is not None:
                self.members[name] = (time, value)
        self.virtual = 0
        self.last_assigned = 0
        self.open_handoffs = 0

    def __getattr__(self, name):
        if name in MEMBERS:
            return self.members[name][1]
        raise AttributeError(name)

    def change(self, name, value, time):
        """The value with the latest event time stands; at equal times the later in the journal."""
        if time >= self.members[name][0]:
            self.members[name] = (time, value)


class Team:
    """A team: its policy, its queue of lead ids in order of joining, its count of grants."""

    def __init__(self, policy):
        self.policy = policy
        self.id = policy.id
        self.queue = []
        self.grants = 0


class Desk:
    """All teams and reps."""

    def __init__(self, policy):
        self.teams = {team.id: Team(team) for team in policy.teams}
        self.reps = {}
        for table in policy.reps:
            members = {name: table.get(name) for name in ("capacity", "team", "weight", "skills")}
            self.reps[table["id"]] = Rep(table["id"], len(self.reps), members, BEFORE_ALL)

    def members_of(self, team):
        """The team's reps in policy order; those first named by the roster after."""
        return sorted((r for r in self.reps.values() if r.team == team.id), key=lambda r: r.place)

    def smallest_virtual(self, team_id, besides, otherwise):
        """The smallest virtual of the team's available reps without this one, capacity or not."""
        virtuals = [r.virtual for r in self.reps.values()
                    if r.team == team_id and r.available and r is not besides]
        return min(virtuals, default=otherwise)

    def why_not(self, rep, lead):
        """The first of the listed reasons that holds; None for an eligible rep."""
        if not rep.available:
            return "unavailable"
        if rep.open_handoffs >= rep.capacity:
            return "at-capacity"
        if any(skill not in rep.skills for skill in lead.route.needs):
            return "lacks-skill"
        if rep.id in lead.refused:
            return "refused-before"
        return None

    def choose(self, team, lead, owner):
        """The owner if eligible, else the smallest (virtual, last assigned, place); or None.

        `owner` says of a rep whether the route's attribute names them.
        """
        eligible = [rep for rep in self.members_of(team) if self.why_not(rep, lead) is None]
        for rep in eligible:
            if owner(rep):
                return rep
        return min(eligible, key=lambda r: (r.virtual, r.last_assigned, r.place), default=None)

    def passed_over(self, teams, chosen, lead):
        """Every other rep of the teams asked, home team first, each with its reason."""
        return [{"rep": rep.id, "why": self.why_not(rep, lead) or "not-their-turn"}
                for team in teams for rep in self.members_of(team) if rep is not chosen]

    def assign(self, team, rep):
        """One grant; returns what it cost."""
        cost = TURN // rep.weight
        rep.virtual += cost
        team.grants += 1
        rep.last_assigned = team.grants
        rep.open_handoffs += 1
        return cost

    def enter(self, rep_id, members, time):
        """A rep first named by the roster: after the policy's reps, at the team's smallest virtual."""
        rep = Rep(rep_id, len(self.reps), members, time)
        rep.virtual = self.smallest_virtual(rep.team, rep, 0)
        self.reps[rep_id] = rep
        return rep

    def update(self, rep, members, time):
        """A roster change to a known rep; a mover and a returner get their place in the rotation."""
        team, available = rep.team, rep.available
        for name, value in members.items():
            if value is not None:
                rep.change(name, value, time)
        moved, returned = rep.team != team, rep.available and not available
        if moved:
            rep.virtual = self.smallest_virtual(rep.team, rep, 0)
            rep.last_assigned = 0
        if returned:
            rep.virtual = max(rep.virtual, self.smallest_virtual(rep.team, rep, rep.virtual))
        return moved, returned
