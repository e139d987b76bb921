"""Leads of whom nothing is heard: their memory, their way back after a restart, and idle time."""

import statistics
import threading
import time

import meter
from contenders import Sender
from harness import wait_for
from past import Kafka, Local, bound, decided, restored_in, span, spread

LEAD_BYTES_MAX = 200
# More than the seven days that a duplicate mark stands.
DAYS_AGO = 8
# The state log goes round in this, and takes along what has run out.
SOON = {"TASUKI__PRIVACY__ERASE_WITHIN": "10s", "TASUKI__SHARD__IDLE_COMMIT_INTERVAL": "1s"}
LOCAL_PARTITIONS = 4
# Times that each state log must have gone round: the first turn may have begun before.
TURNS = 2
TURNS_WAIT = 900
# After this a process that has nothing to do has given back what it does not need.
SETTLED = 10

RESTORE_SECONDS_MAX = 5
RESTORE_LEADS_A_SECOND = 1_000_000

TRICKLE_RATE = 10
TRICKLE_CORE_MAX = 0.02


def resident(service):
    """Bytes in memory, once nothing changes any more."""
    time.sleep(SETTLED)
    return meter.memory_mib(service.pid)[1] * 2**20


def remembers(checks, service, leads, words):
    # The gauge is set every five seconds.
    wait_for(lambda: service.metrics().get("leads", 0) == leads, 30)
    checks.equal(service.metrics().get("leads", 0), leads, f"{words}: {leads} leads are remembered")


def memory(made, options, checks):
    """(Resident with the leads - resident without) / leads."""
    empty = Local(made, "empty").serve()
    nothing = resident(empty)
    empty.end()
    log = Local(made, "memory", settings=SOON)
    cpu = log.live("resting", options.leads, 2 * options.leads, days_ago=DAYS_AGO)
    print(f"filling: {cpu / options.leads / 2 * 1e6:.2f} CPU-seconds a million events", flush=True)
    service = log.serve()
    gone = wait_for(lambda: service.metrics().get("state_turns_total", 0) >= TURNS * LOCAL_PARTITIONS, TURNS_WAIT, 1)
    checks.that(gone, "the state logs have gone round, and what had run out is gone", service.metrics())
    for words in ("once its marks ran out", "after another restart"):
        remembers(checks, service, options.leads, "memory")
        state = service.metrics()["state_log_bytes"]
        each = (resident(service) - nothing) / options.leads
        bound(f"bytes a lead at rest, {words}", f"{each:.0f}", LEAD_BYTES_MAX, each <= LEAD_BYTES_MAX)
        print(f"  {nothing / 2**20:.0f} MiB resident with none, at most {meter.memory_mib(service.pid)[0]:.0f} with {options.leads}; "
              f"{state / options.leads:.0f} bytes each in the state log, all its turns")
        service.end()
        service = log.serve() if words.startswith("once") else None
    log.remove()


def restore(made, options, checks):
    """From the fence to ready."""
    for kind in [{"local": Local, "kafka": Kafka}[name] for name in options.logs]:
        name = kind.__name__.lower()
        log = kind(made, "restore-" + name)
        log.live("resting", options.leads, 2 * options.leads)
        seconds, cpu, ran, waited, state = [], [], [], [], 0
        for _ in range(options.runs):
            service = log.serve()
            seconds.append(restored_in(service))
            cpu.append(service.ready_cpu)
            ran.append(service.ready_ran)
            waited.append(service.ready_waited)
            remembers(checks, service, options.leads, name)
            state = service.metrics()["state_log_bytes"]
            service.end()
        middle = statistics.median(seconds)
        words = f"{name}: seconds from the fence to ready with {options.leads} leads"
        limit = RESTORE_SECONDS_MAX * options.leads / 1e6
        bound(words, spread(seconds), f"{limit:g}", middle <= limit)
        rate = options.leads / middle
        bound(f"{name}: leads a second", f"{rate:,.0f}", f"{RESTORE_LEADS_A_SECOND:,}", rate >= RESTORE_LEADS_A_SECOND)
        print(f"  CPU-seconds of the whole start {spread(cpu)}; the shard's thread ran {spread(ran)} s "
              f"and waited for a core {spread(waited)} s; {state / 2**20:.0f} MiB of state log")
        log.remove()


def trickle(made, options, checks):
    """A core's share with hardly anything to do."""
    log = Kafka(made, "trickle")
    log.live("resting", options.leads, 2 * options.leads)
    service = log.serve(TASUKI__JOURNAL__PARTITIONS="12")
    remembers(checks, service, options.leads, "trickle")
    time.sleep(SETTLED)
    # The same leads, each anew: nothing is a duplicate.
    count = TRICKLE_RATE * options.seconds
    sender = Sender(log, span("resting", options.leads, 2 * options.leads, count, TRICKLE_RATE), keyed=False)
    shown = threading.Thread(target=sender.show)
    idle, before = meter.Idle(service.pid), meter.cpu_by_thread(service.pid)
    shown.start()
    time.sleep(options.seconds)
    share = idle.share()
    threads = meter.cpu_by_thread(service.pid) - before
    shown.join()
    all_there = wait_for(lambda: decided(service) >= count, 30)
    checks.that(all_there, f"all {count} events are decided", decided(service))
    bound(f"share of a core at {TRICKLE_RATE} events a second, over {options.seconds} s",
          f"{share * 100:.1f} %", f"{TRICKLE_CORE_MAX * 100:g} %", share <= TRICKLE_CORE_MAX)
    told = ", ".join(f"{name} {seconds / options.seconds * 100:.2f} %" for name, seconds in threads.most_common(8))
    print(f"  by thread: {told}")
    service.end()
    log.remove()
