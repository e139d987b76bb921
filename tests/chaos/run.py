"""Chaos on a real Kafka: several `tasuki serve`, and faults drawn by a seed.

    python3 tests/chaos/run.py --minutes 10 [--seed N] [--tasuki PATH]
    python3 tests/chaos/run.py --short        every kind of fault, 60 kills, in about four minutes

Rounds of faults, a quarter of them two at a time, while events come in. After each round everything
heals: within a minute all partitions have one owner without a lag, and the judge, which shares no
code with Tasuki, finds every decision once, in order, without a gap, and no false or missing
breach. Each second the state log is held against what lives of it. At the end the counts of what
was done are printed; fewer faults than planned fail the run.
"""

import faulthandler
import os
import random
import sys
import threading
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "acceptance"))

from company import OUTPUTS, Company, policy  # noqa: E402
from harness import Checks, Message, arguments, ground, produce, wait_for  # noqa: E402
from judge import Judge, lateness, percentile  # noqa: E402
from proxy import ADD_PARTITIONS, END_TXN, JOIN_GROUP, TXN_OFFSET_COMMIT  # noqa: E402
from state_watch import StateLog  # noqa: E402
from town import HEAL_WAIT, SESSION, Town, held  # noqa: E402

HOLD_WAIT = 15
REJOIN_WAIT = 15
TAKEOVER_WAIT = 40
# No fault takes longer, tried several times; one that does would never end.
FAULT_WAIT = 400
# p99 of the time from a kill to the successor's first commit.
TAKEOVER_MAX = 11.0
ROUND_FAULTS = 8
TRIES_MAX = 3
SHORT_KILLS = 60


class Faults:
    """Each method does one kind of fault and ends when it is over; true if it was what it should be."""

    def __init__(self, town, seed):
        self.town = town
        self.random = random.Random(seed)
        self.done, self.missed = Counter(), Counter()
        self.kills = 0
        self.takeovers = []

    def _process(self):
        return self.random.choice(self.town.processes)

    def _kill(self, process):
        process.kill()
        self.kills += 1

    def kill(self):
        process = self._process()
        with process.lock:
            self._kill(process)
            process.start()
        return True

    def kill_again_and_again(self):
        """Each time a little further on its way back."""
        process = self._process()
        for _ in range(4):
            with process.lock:
                self._kill(process)
                process.start()
            time.sleep(self.random.uniform(0.1, 2.5))
        return True

    def kill_while_restoring(self):
        process = self._process()
        with process.lock:
            self._kill(process)
            process.start()
            came = wait_for(lambda: "journal partitions assigned" in process.words(), 20, 0.002)
            is_early = came and "shard restored" not in process.words()
            self._kill(process)
            process.start()
        return is_early

    def kill_all(self):
        for process in self.town.processes:
            with process.lock:
                self._kill(process)
                process.start()
        return True

    def take_over(self):
        """Killed and left dead until others speak for all its partitions."""
        process = self._process()
        with process.lock:
            wait_for(self.town.is_whole, HEAL_WAIT)
            partitions = set(process.owned())
            killed_at = time.time()
            self._kill(process)
            times = self.town.first_commits(partitions, killed_at, TAKEOVER_WAIT) if partitions else None
            process.start()
        if times:
            self.takeovers.append((times[0], times[-1]))
        return bool(times)

    def zombie(self):
        """Stopped beyond the session time-out, and let go again."""
        return self._process().freeze(SESSION + self.random.uniform(1, 3))

    def stop_shortly(self):
        self._process().freeze(self.random.uniform(0.5, SESSION - 1))
        return True

    def broker_killed(self):
        self.town.kill_broker(self.random.uniform(0, 3))
        return True

    def broker_paused(self):
        self.town.pause_broker(self.random.uniform(2, 9))
        return True

    def network_cut(self):
        self.random.choice(self.town.proxies).cut_for(self.random.uniform(1, 9))
        return True

    def network_stalled(self):
        proxy = self.random.choice(self.town.proxies)
        proxy.stall(*self.random.choice([(True, True), (True, False), (False, True)]))
        time.sleep(self.random.uniform(1, 9))
        proxy.requests.set()
        proxy.answers.set()
        return True

    def network_slow(self):
        proxy = self.random.choice(self.town.proxies)
        proxy.slow(0.1, 375_000)
        time.sleep(self.random.uniform(3, 8))
        proxy.slow(0, 0)
        return True

    def network_reset(self):
        """Requests torn in the middle, then every connection."""
        proxy = self.random.choice(self.town.proxies)
        proxy.tear(3)
        torn = wait_for(lambda: proxy.torn == 3, 10, 0.05)
        proxy.reset()
        return torn

    def lost_join(self):
        """While others come and go, somebody's join is never answered: it is out, and not told.

        Over when all is whole again: nobody may read a source for most of a minute, and one for whom
        this comes several times in a row leaves it unread for longer than anybody waits for it.
        """
        # The first is a static member: nobody has to join anew when it comes back.
        other = self.random.choice(self.town.processes[1:])
        left_out = self.random.choice([process for process in self.town.processes if process is not other])
        left_out.proxy.lose(JOIN_GROUP)
        with other.lock:
            self._kill(other)
            other.start()
        lost = wait_for(lambda: left_out.proxy.to_lose is None, REJOIN_WAIT, 0.05)
        left_out.proxy.to_lose = None
        return wait_for(self.town.is_whole, HEAL_WAIT) and lost

    def _held(self, api_key):
        """Of whoever has a transaction next; a process without partitions has none."""
        proxies = self.random.sample(self.town.proxies, len(self.town.proxies))
        return any(held(proxy, api_key, HOLD_WAIT) for proxy in proxies)

    def held_end_txn(self):
        return self._held(END_TXN)

    def held_add_partitions(self):
        return self._held(ADD_PARTITIONS)

    def held_offset_commit(self):
        return self._held(TXN_OFFSET_COMMIT)

    def do(self, name):
        """A fault may miss, as when its process is killed by the other one; then once more."""
        for _ in range(TRIES_MAX):
            if getattr(self, name)():
                self.done[name] += 1
                return
            self.missed[name] += 1


# Names with how often each is drawn.
WEIGHTS = {
    "kill": 6, "kill_again_and_again": 2, "kill_while_restoring": 4, "kill_all": 2, "take_over": 6, "zombie": 3,
    "stop_shortly": 1, "broker_killed": 1, "broker_paused": 1, "network_cut": 2, "network_stalled": 2, "network_slow": 1,
    "network_reset": 2, "lost_join": 2, "held_end_txn": 3, "held_add_partitions": 3, "held_offset_commit": 3,
}
# These need the others to be well.
ALONE = {"take_over", "lost_join"}


def drawn(chance, count, names):
    """Steps of one fault, or of two in a quarter of the cases."""
    weights = [WEIGHTS[name] for name in names]
    for _ in range(count):
        first, second = chance.choices(names, weights, k=2)
        yield (first, second) if chance.random() < 0.25 and not ALONE & {first, second} else (first,)


def short_rounds():
    """Every kind at least once, two at a time in a quarter of the steps, and kills up to the number."""
    everything = [("take_over",), ("kill", "network_cut"), ("zombie",), ("held_end_txn",), ("broker_killed", "kill"),
                  ("kill_while_restoring",), ("held_add_partitions",), ("network_stalled", "kill_all"), ("network_slow", "kill"),
                  ("held_offset_commit",), ("broker_paused",), ("network_reset",), ("lost_join",),
                  ("stop_shortly", "kill"), ("held_end_txn", "kill")]
    yield everything
    yield [("kill_all",), ("kill_again_and_again", "kill_while_restoring"), ("kill_all",), ("kill_while_restoring", "kill")] * 3 \
        + [("kill_all",), ("kill_all",)]


def step(faults, names):
    """One fault, or several side by side."""
    threads = [threading.Thread(target=faults.do, args=(name,), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(FAULT_WAIT)
        if thread.is_alive():
            faulthandler.dump_traceback()
            sys.exit(f"{' and '.join(names)}: not over after {FAULT_WAIT} s")


def play(town, company, faults, steps, checks):
    """One round: faults under load, then peace, then the judge."""
    company.go_on()
    for names in steps:
        time.sleep(faults.random.uniform(0.2, 1.5))
        step(faults, names)
        for process in town.processes:
            process.revive()
        print(f"     {time.strftime('%H:%M:%S')} {' and '.join(names)}", flush=True)
    town.heal()
    company.pause()
    healed_at = time.monotonic()
    whole = wait_for(town.is_whole, HEAL_WAIT, 0.5)
    checks.that(whole, f"whole again, without a lag, {time.monotonic() - healed_at:.0f} s after the last fault",
                *(line for process in town.processes for line in process.standing()))
    examine(town, company, checks)


def examine(town, company, checks):
    """Lets the judge see everything up to now."""
    # Answers go on until every handoff has been seen; promises end, and are watched past their end.
    made = []

    def complete():
        made[:] = [Judge(town.broker.address, dict(company.answered_at))]
        return made[0].is_complete(town.witness.all())
    wait_for(complete, HEAL_WAIT, 2)
    time.sleep(2)
    judge = Judge(town.broker.address, dict(company.answered_at))
    records = town.witness.all()
    faults = judge.judge(records)
    checks.that(not faults, f"{len(records)} outputs about {len(judge.people)} leads and {judge.expected_dead.total()} bad records: "
                "complete, once, in order, without a gap, no false or missing breach", f"{len(faults)} faults", *faults[:12])
    checks.that(not town.witness.changed, "what was read once is still there", town.witness.changed[:5])


def examine_the_judge(town, company, checks):
    """A judge that finds nothing may be blind: each kind of output is lost once, and told twice."""
    judge, records = Judge(town.broker.address, dict(company.answered_at)), town.witness.all()
    for topic in OUTPUTS:
        some = next((record for record in records if record["topic"] == topic), None)
        lost = judge.judge([record for record in records if record is not some])
        twice = judge.judge([*records, {**some, "offset": some["offset"] + 1_000_000}]) if some else []
        checks.that(some and len(lost) > 1 and twice, f"the judge sees an output of {topic} lost, and one told twice")


def examine_the_auditors(town, checks):
    """They are quiet, and not blind: each sees a record that is none of ours."""
    audited = [process.audited() for process in town.processes]
    checks.that(not any(audited), "the auditors found nothing", audited)
    produce(town.broker, [Message("sales.sla", b"{}")])

    def all_see_it():
        for process in town.processes:
            process.revive()
        return all(process.audited() == {"foreign": 1} for process in town.processes)
    checks.that(wait_for(all_see_it, HEAL_WAIT), "each auditor sees a foreign record",
                [process.audited() for process in town.processes])


def report(town, faults, checks, planned):
    """What was done, what it took."""
    print(f"{faults.kills} kills; done: {dict(sorted(faults.done.items()))}; without effect: {dict(faults.missed)}")
    print(f"ended by themselves: {len(town.ended)}", *sorted(set(town.ended))[:10], sep="\n  ")
    if town.witness.unblocked:
        print(f"{town.witness.unblocked} records said nothing: the broker had left transactions open")
    late = lateness(town.witness.all())
    if late:
        print(f"{len(late)} breaches seen after their instant: median {percentile(late, 0.5):.2f} s, "
              f"p99 {percentile(late, 0.99):.2f} s, at most {late[-1]:.2f} s (faults included)")
    if faults.takeovers:
        first, last = (sorted(times) for times in zip(*faults.takeovers))
        for what, times in (("the first", first), ("every", last)):
            print(f"from kill -9 to a successor's commit in {what} partition, {len(times)} times: median "
                  f"{percentile(times, 0.5):.1f} s, p99 {percentile(times, 0.99):.1f} s")
        checks.that(percentile(last, 0.99) <= TAKEOVER_MAX, f"taken over within {TAKEOVER_MAX:.0f} s", last[-5:])
    lacking = {name: f"{faults.done[name]} of {count}" for name, count in planned.items() if faults.done[name] < count}
    checks.that(not lacking, "every fault that was planned took place", lacking)


def main():
    parser = arguments(__doc__, 0)
    parser.add_argument("--minutes", type=float, default=5, help="how long faults are drawn")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="draws the same faults again")
    parser.add_argument("--only", help="kinds of faults, separated by commas; named twice, twice as often; "
                        f"of {', '.join(WEIGHTS)}")
    parser.add_argument("--forgets", type=int, default=1_000, metavar="MS",
                        help="of how many milliseconds a killed broker forgets deletions (1000; Kafka's default is 60000)")
    parser.add_argument("--short", action="store_true", help="the run of ./test")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(WEIGHTS)
    options.time_limit = options.time_limit or (600 if options.short else int(options.minutes * 60) + 900)
    print(f"seed {options.seed}", flush=True)
    checks = Checks()
    with ground("chaos", options, checks) as made:
        town = Town(made, policy(), of_broker=[f"log.flush.start.offset.checkpoint.interval.ms={options.forgets}"])
        checks.that(wait_for(town.is_whole, HEAL_WAIT), "the processes share the partitions")
        company = Company(town.broker, town.witness, options.seed)
        company.start()
        state_log = StateLog(town.broker.address)
        faults = Faults(town, options.seed)
        planned, until = Counter(), time.monotonic() + options.minutes * 60
        chance = random.Random(options.seed)
        rounds = short_rounds() if options.short else iter(lambda: list(drawn(chance, ROUND_FAULTS, names)), None)
        for steps in rounds:
            planned.update(name for names in steps for name in names)
            play(town, company, faults, steps, checks)
            if not options.short and time.monotonic() > until:
                break
        if options.short:
            checks.that(faults.kills >= SHORT_KILLS, f"{faults.kills} kills, {SHORT_KILLS} are planned")
        examine_the_judge(town, company, checks)
        report(town, faults, checks, planned)
        state_log.verdict(checks)
        # Last, since it leaves a record that no judge can read.
        examine_the_auditors(town, checks)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
