//! The words that counters of requests and of an auditor's findings have as labels.

/// How a request to `POST /events` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Everything in it is durable.
    Accepted,
    /// Something in it is not usable, or it was not allowed.
    Refused,
    /// More came than are taken in a second: it may be sent again.
    TooMany,
    /// Not our day: it may be sent again.
    Failed,
}

impl Answer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::TooMany => "too-many",
            Self::Failed => "failed",
        }
    }
}

/// How a request to a hook ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookAnswer {
    /// It is durable.
    Accepted,
    /// It is not signed.
    NoSignature,
    /// It is signed with another secret, or was changed.
    WrongSignature,
    /// It was signed too long ago.
    TooOld,
    /// It does not carry the token.
    WrongToken,
    /// More came than are taken in a second: it may be sent again.
    TooMany,
    /// It is not a payload that could ever be used.
    Refused,
    /// Not our day: it may be sent again.
    Failed,
}

impl HookAnswer {
    pub(super) const ALL: [Self; 8] = [
        Self::Accepted,
        Self::NoSignature,
        Self::WrongSignature,
        Self::TooOld,
        Self::WrongToken,
        Self::TooMany,
        Self::Refused,
        Self::Failed,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NoSignature => "no-signature",
            Self::WrongSignature => "wrong-signature",
            Self::TooOld => "too-old",
            Self::WrongToken => "wrong-token",
            Self::TooMany => "too-many",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What an auditor may find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditKind {
    /// A number is there twice.
    Repeat,
    /// Numbers are missing.
    Gap,
    /// A lower number stands behind a higher one.
    Order,
    /// A record without a number: somebody else writes there.
    Foreign,
}

impl AuditKind {
    pub(super) const ALL: [Self; 4] = [Self::Repeat, Self::Gap, Self::Order, Self::Foreign];

    /// Its name as a label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repeat => "repeat",
            Self::Gap => "gap",
            Self::Order => "order",
            Self::Foreign => "foreign",
        }
    }
}
