//! What happens to the world between steps: crashes, outages, clocks that jump, the outside.

use super::*;

impl Inner {
    pub(super) fn tell(&mut self, now_ms: i64, words: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            // Writing into a text cannot fail.
            let _written = writeln!(story, "{:>5}.{:03} s  {}", now_ms / 1_000, now_ms % 1_000, words());
        }
    }

    /// What may happen between two steps.
    pub(super) fn happen(&mut self, world: &World, now: Now) {
        self.wake(world, now);
        if self.is_healing {
            return;
        }
        let Self { outside, chance, .. } = self;
        outside.act(&world.log, chance, now);
        self.tell_outside(now);
        let chance = &mut self.chance;
        let number = chance.below(self.processes.len() as u64) as usize;
        if self.chance.once_in(world.plan.kill) && self.processes[number].is_up {
            self.crash(world, number, now);
        }
        if self.chance.once_in(world.plan.clock_jump) {
            let ahead = self.chance.between(-20_000, 20_000);
            self.processes[number].ahead_ms = ahead;
            self.reached.insert("a clock jumped");
            self.tell(now.running_ms, || {
                format!("the clock of seat {number} is {ahead} ms ahead")
            });
        }
        if self.chance.once_in(world.plan.forgetting) {
            self.forget_offset(world, now);
        }
        if self.chance.once_in(world.plan.untrimming) {
            world.log.forget_trims();
            self.tell(now.running_ms, || {
                "logs begin where they began before they were trimmed".to_owned()
            });
        }
        if self.depth == 0 && self.chance.once_in(world.plan.made_anew) {
            self.outside.make_anew(&world.log);
            self.reached.insert("a source was made anew");
        }
        if self.chance.once_in(world.plan.outage) {
            self.outage(world, now);
        }
    }

    pub(super) fn tell_outside(&mut self, now: Now) {
        for words in std::mem::take(&mut self.outside.told) {
            self.tell(now.running_ms, || words);
        }
    }

    pub(super) fn wake(&mut self, world: &World, now: Now) {
        for number in 0..self.processes.len() {
            let process = &mut self.processes[number];
            if !process.is_up && process.back_at <= now.running_ms {
                process.number += NUMBERS;
                if process.number <= NUMBERS {
                    process.number = number as u64 + 1;
                }
                process.is_up = true;
                process.frozen_until = 0;
                self.started += 1;
                self.translation += u32::from(self.chance.once_in(world.plan.rollout));
                self.processes[number].translation = self.translation;
                let started = self.processes[number].number;
                self.tell(now.running_ms, || format!("process {started} starts"));
            }
        }
    }

    fn crash(&mut self, world: &World, number: usize, now: Now) {
        let back = self.chance.between(0, 6_000);
        let process = &mut self.processes[number];
        process.end(&world.log, now.running_ms + back);
        let killed = process.number;
        self.crashes += 1;
        self.tell(now.running_ms, || {
            format!("process {killed} is killed between two steps")
        });
    }

    fn forget_offset(&mut self, world: &World, now: Now) {
        let names = &world.names;
        let (group, place) = if self.chance.once_in(2) {
            let partition = self.chance.below(u64::from(world.plan.partitions)) as u32;
            (names.shard_group(), Place::new(&names.journal(), partition))
        } else {
            let (topic, _, partitions) = *self.chance.pick(&SOURCES);
            let partition = self.chance.below(u64::from(partitions)) as u32;
            (names.intake_group(), Place::new(topic, partition))
        };
        world.log.forget_offset(&group, &place);
        self.reached.insert("a group forgot an offset");
        self.tell(now.running_ms, || format!("the offset of {place} is forgotten"));
    }

    /// Everybody is gone, and comes back only after `for_ms`.
    pub(super) fn stand_still(&mut self, world: &World, now: Now, for_ms: i64) {
        for number in 0..self.processes.len() {
            if self.processes[number].is_up {
                self.crash(world, number, now);
            }
            self.processes[number].back_at = now.running_ms + for_ms + self.chance.between(0, 2_000);
        }
        self.reached.insert("nobody ran for a while");
    }

    /// Nobody runs, and the world goes on.
    pub(super) fn go_on_alone(&mut self, world: &World, now: Now) {
        let Self { outside, chance, .. } = self;
        outside.act(&world.log, chance, now);
        self.tell_outside(now);
    }

    fn outage(&mut self, world: &World, now: Now) {
        // Follow-ups most often: it is them that deadlines wait for.
        let (topic, _, partitions) = if self.chance.once_in(3) {
            SOURCES[2]
        } else {
            *self.chance.pick(&SOURCES)
        };
        let is_journal = self.chance.once_in(4);
        let place = if is_journal {
            let partition = self.chance.below(u64::from(world.plan.partitions)) as u32;
            Place::new(&world.names.journal(), partition)
        } else {
            Place::new(topic, self.chance.below(u64::from(partitions)) as u32)
        };
        let for_ms = self.chance.between(100, world.plan.outage_ms_max);
        let is_slow = self.chance.once_in(2);
        if is_slow {
            world.log.slow_down(&place, for_ms);
            self.reached.insert("a partition was slow");
        } else {
            world.log.cut_off(&place, for_ms);
        }
        let how = if is_slow { "slow" } else { "cut off" };
        self.tell(now.running_ms, || format!("{place} is {how} for {for_ms} ms"));
    }
}

impl Process {
    /// It is gone, and may be back from then on.
    pub(super) fn end(&mut self, log: &SimulatedLog, back_at: i64) {
        self.is_up = false;
        self.back_at = back_at;
        log.kill(self.number);
    }
}
