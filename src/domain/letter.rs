//! Letters between leads and the desk.
//!
//! Each is exactly once and in order between two journal partitions, but may arrive after the
//! world has moved on. So every ask has a number, answers repeat it, and whoever gets an answer
//! it no longer waits for gives back what came with it.

use super::bytes::{Malformed, Reader, Writer};
use super::event::{PassedOver, Why};
use super::ids::LeadId;
use super::time::Instant;

/// What a lead asks of the desk, or the desk answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Letter {
    /// Lead to desk: a rep, please. Also desk to desk, while the team's queue is being served.
    Ask(Box<Ask>),
    /// Lead to desk: the ask is void; leave the queue.
    Leave(AskId),
    /// Lead to desk: a rep is done with a lead.
    Release(Release),
    /// Desk to desk: go on serving a team's queue.
    Serve(Serve),
    /// Desk to lead: this rep.
    Granted(Box<Granted>),
    /// Desk to lead: nobody is free; you wait.
    Queued(Box<Waiting>),
    /// Desk to lead: the team is no longer there; ask the routes again.
    NoTeam(NoTeam),
}

/// One ask of one lead, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskId {
    /// Who asks.
    pub lead: LeadId,
    /// In which cycle.
    pub cycle: u32,
    /// Counted within the cycle from 1.
    pub number: u32,
}

/// A lead asks a team for a rep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which ask this is.
    pub id: AskId,
    /// The route's team.
    pub team: String,
    /// Skills the rep must have, sorted.
    pub needs: Vec<String>,
    /// Reps who had the lead and lost it, sorted.
    pub refused: Vec<String>,
    /// Who should have the lead if eligible, folded.
    pub owner: Option<String>,
    /// What set it off.
    pub causation: String,
}

/// A rep's place is free again, or a rejection gives back what the grant cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The rep's id.
    pub rep: String,
    /// Whether a place of the rep's capacity becomes free.
    pub frees: bool,
    /// Virtual time to take back; 0 unless rejected.
    pub gives_back: i64,
    /// What set it off.
    pub causation: String,
}

/// The next stretch of a team's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serve {
    /// The team's id.
    pub team: String,
    /// What set it off.
    pub causation: String,
}

/// A rep for a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Whose ask this answers.
    pub ask: AskId,
    /// When the desk decided: the start of the attempt.
    pub at: Instant,
    /// The granting team's id.
    pub team: String,
    /// The rep's id.
    pub rep: String,
    /// Virtual time the grant cost the rep.
    pub cost: i64,
    /// Every other rep of the teams asked.
    pub passed_over: Vec<PassedOver>,
    /// What asked, or freed the place.
    pub causation: String,
}

/// A place in a team's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whose ask this answers.
    pub ask: AskId,
    /// When the desk decided: the start of the attempt.
    pub at: Instant,
    /// The team's id.
    pub team: String,
    /// Every rep of the teams asked.
    pub passed_over: Vec<PassedOver>,
    /// What asked.
    pub causation: String,
}

/// The asked team is not in the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoTeam {
    /// Whose ask this answers.
    pub ask: AskId,
    /// What asked, or took the team away.
    pub causation: String,
}

impl Letter {
    /// Writes the letter down.
    pub fn write(&self, writer: &mut Writer) {
        match self {
            Self::Ask(ask) => {
                writer.u8(1);
                ask.write(writer);
            }
            Self::Leave(ask) => {
                writer.u8(2);
                ask.write(writer);
            }
            Self::Release(release) => {
                writer.u8(3);
                writer.text(&release.rep);
                writer.bool(release.frees);
                writer.int(release.gives_back);
                writer.text(&release.causation);
            }
            Self::Serve(serve) => {
                writer.u8(4);
                writer.text(&serve.team);
                writer.text(&serve.causation);
            }
            Self::Granted(granted) => {
                writer.u8(5);
                granted.write(writer);
            }
            Self::Queued(waiting) => {
                writer.u8(6);
                waiting.write(writer);
            }
            Self::NoTeam(none) => {
                writer.u8(7);
                none.ask.write(writer);
                writer.text(&none.causation);
            }
        }
    }

    /// Reads a letter.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.u8()? {
            1 => Self::Ask(Box::new(Ask::read(reader)?)),
            2 => Self::Leave(AskId::read(reader)?),
            3 => Self::Release(Release {
                rep: reader.text()?.into(),
                frees: reader.bool()?,
                gives_back: reader.int()?,
                causation: reader.text()?.into(),
            }),
            4 => Self::Serve(Serve {
                team: reader.text()?.into(),
                causation: reader.text()?.into(),
            }),
            5 => Self::Granted(Box::new(Granted::read(reader)?)),
            6 => Self::Queued(Box::new(Waiting::read(reader)?)),
            7 => Self::NoTeam(NoTeam {
                ask: AskId::read(reader)?,
                causation: reader.text()?.into(),
            }),
            _ => return Err(Malformed),
        })
    }

    /// Who the letter is for, as far as it says so itself.
    pub fn lead(&self) -> Option<LeadId> {
        match self {
            Self::Granted(granted) => Some(granted.ask.lead),
            Self::Queued(waiting) => Some(waiting.ask.lead),
            Self::NoTeam(none) => Some(none.ask.lead),
            Self::Ask(_) | Self::Leave(_) | Self::Release(_) | Self::Serve(_) => None,
        }
    }
}

impl AskId {
    fn write(self, writer: &mut Writer) {
        writer.raw(&self.lead.0);
        writer.uint(self.cycle.into());
        writer.uint(self.number.into());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            lead: LeadId(reader.array()?),
            cycle: reader.u32()?,
            number: reader.u32()?,
        })
    }
}

impl Ask {
    pub(crate) fn write(&self, writer: &mut Writer) {
        self.id.write(writer);
        writer.text(&self.team);
        write_texts(writer, &self.needs);
        write_texts(writer, &self.refused);
        writer.option(self.owner.as_deref(), Writer::text);
        writer.text(&self.causation);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            id: AskId::read(reader)?,
            team: reader.text()?.into(),
            needs: read_texts(reader)?,
            refused: read_texts(reader)?,
            owner: reader.option(Reader::text)?.map(str::to_owned),
            causation: reader.text()?.into(),
        })
    }
}

impl Granted {
    fn write(&self, writer: &mut Writer) {
        self.ask.write(writer);
        writer.int(self.at.millis());
        writer.text(&self.team);
        writer.text(&self.rep);
        writer.int(self.cost);
        writer.list(&self.passed_over, write_passed_over);
        writer.text(&self.causation);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            ask: AskId::read(reader)?,
            at: Instant::from_millis(reader.int()?),
            team: reader.text()?.into(),
            rep: reader.text()?.into(),
            cost: reader.int()?,
            passed_over: reader.list(read_passed_over)?,
            causation: reader.text()?.into(),
        })
    }
}

impl Waiting {
    fn write(&self, writer: &mut Writer) {
        self.ask.write(writer);
        writer.int(self.at.millis());
        writer.text(&self.team);
        writer.list(&self.passed_over, write_passed_over);
        writer.text(&self.causation);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            ask: AskId::read(reader)?,
            at: Instant::from_millis(reader.int()?),
            team: reader.text()?.into(),
            passed_over: reader.list(read_passed_over)?,
            causation: reader.text()?.into(),
        })
    }
}

/// A list of texts.
pub(crate) fn write_texts(writer: &mut Writer, texts: &[String]) {
    writer.list(texts, |writer, text| writer.text(text));
}

/// A list of texts.
pub(crate) fn read_texts(reader: &mut Reader<'_>) -> Result<Vec<String>, Malformed> {
    reader.list(|reader| Ok(reader.text()?.to_owned()))
}

const WHYS: [Why; 5] = [
    Why::Unavailable,
    Why::AtCapacity,
    Why::LacksSkill,
    Why::RefusedBefore,
    Why::NotTheirTurn,
];

fn write_passed_over(writer: &mut Writer, one: &PassedOver) {
    writer.text(&one.rep);
    writer.u8(WHYS.iter().position(|why| *why == one.why).unwrap_or_default() as u8);
}

fn read_passed_over(reader: &mut Reader<'_>) -> Result<PassedOver, Malformed> {
    Ok(PassedOver {
        rep: reader.text()?.into(),
        why: *WHYS.get(usize::from(reader.u8()?)).ok_or(Malformed)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(letter: &Letter) {
        let mut writer = Writer::new();
        letter.write(&mut writer);
        let mut reader = Reader(&writer.0);
        assert_eq!(Letter::read(&mut reader).as_ref(), Ok(letter));
        assert_eq!(reader.end(), Ok(()));
        for len in 0..writer.0.len() {
            assert!(
                Letter::read(&mut Reader(&writer.0[..len])).is_err(),
                "{len} bytes are too few"
            );
        }
    }

    #[test]
    fn every_letter_reads_back_as_written() {
        let ask = AskId {
            lead: LeadId([7; 16]),
            cycle: 3,
            number: 300,
        };
        let passed_over = vec![
            PassedOver {
                rep: "carl".into(),
                why: Why::AtCapacity,
            },
            PassedOver {
                rep: "dora".into(),
                why: Why::NotTheirTurn,
            },
        ];
        let at = Instant::from_millis(1_767_225_600_123);
        check(&Letter::Ask(Box::new(Ask {
            id: ask,
            team: "enterprise".into(),
            needs: vec!["ja".into()],
            refused: vec!["ben".into()],
            owner: Some("ana".into()),
            causation: "forms#1".into(),
        })));
        check(&Letter::Leave(ask));
        check(&Letter::Release(Release {
            rep: "ana".into(),
            frees: true,
            gives_back: 1_000_000,
            causation: "f#2".into(),
        }));
        check(&Letter::Serve(Serve {
            team: "inside".into(),
            causation: "f#2".into(),
        }));
        check(&Letter::Granted(Box::new(Granted {
            ask,
            at,
            team: "inside".into(),
            rep: "ana".into(),
            cost: 500_000,
            passed_over: passed_over.clone(),
            causation: "f#2".into(),
        })));
        check(&Letter::Queued(Box::new(Waiting {
            ask,
            at,
            team: "inside".into(),
            passed_over,
            causation: "f#2".into(),
        })));
        check(&Letter::NoTeam(NoTeam {
            ask,
            causation: "policy#2".into(),
        }));
    }
}
