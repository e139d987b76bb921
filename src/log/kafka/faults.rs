//! From librdkafka's codes to what may be done about it.
//!
//! The rule: only what certainly did not happen is `Retry`; what needs a person is `Refused`;
//! what says that somebody else took over is `Fenced`; everything else is as the caller says.

use super::ffi::{Client, Code, Fault, Trouble};
use crate::log::LogError;

/// What an error means that says nothing definite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// The call changes nothing, or certainly did not get that far.
    Retry,
    /// It may have happened.
    Unknown,
}

/// Judges a fault of the call named `what`.
pub(super) fn judge(what: &str, fault: &Fault, otherwise: Otherwise) -> LogError {
    let text = format!("{what}: {}", fault.text);
    if is_fenced(fault.code) {
        return LogError::Fenced(text);
    }
    if is_refused(fault.code) {
        return LogError::Refused(text);
    }
    match otherwise {
        Otherwise::Retry => LogError::Retry(text),
        Otherwise::Unknown => LogError::Unknown(text),
    }
}

/// As `judge`, with the client's last complaint where the fault only says that time ran out.
pub(super) fn judge_with(client: &Client, what: &str, fault: &Fault, otherwise: Otherwise) -> LogError {
    let troubles = client.shared().troubles();
    if let Some(trouble) = troubles.iter().rev().find(|trouble| is_refused(trouble.code)) {
        return LogError::Refused(format!("{what}: {}", explain(trouble)));
    }
    if !is_vague(fault.code) {
        return judge(what, fault, otherwise);
    }
    let words = troubles.last().map_or_else(|| fault.text.clone(), explain);
    let fault = Fault {
        code: fault.code,
        text: words,
    };
    judge(what, &fault, otherwise)
}

/// A complaint in words for people.
pub(super) fn explain(trouble: &Trouble) -> String {
    // A listener without TLS just hangs up, which librdkafka counts as any other disconnect.
    let is_tls = trouble.code == Code::SSL || trouble.text.contains("in state SSL_HANDSHAKE");
    let lead = match trouble.code {
        _ if is_tls => "trouble with TLS: ",
        Code::Authentication | Code::SaslAuthenticationFailed => "authentication refused: ",
        Code::Resolve => "unknown host name: ",
        Code::BrokerTransportFailure | Code::AllBrokersDown => "no connection: ",
        _ => "",
    };
    format!("{lead}{}", trouble.text)
}

/// Somebody else has it: another transactor with this id, another generation of the group,
/// another member of this name.
pub(super) fn is_fenced(code: Code) -> bool {
    matches!(
        code,
        Code::Fenced
            | Code::ProducerFenced
            | Code::InvalidProducerEpoch
            | Code::InvalidProducerIdMapping
            | Code::FencedInstanceId
            | Code::IllegalGeneration
            | Code::UnknownMemberId
            | Code::RebalanceInProgress
            | Code::AssignmentLost
            | Code::TransactionCoordinatorFenced
    )
}

/// A person must change something: rights, credentials, names, sizes, settings.
pub(super) fn is_refused(code: Code) -> bool {
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::DelegationTokenAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::Authentication
            | Code::UnsupportedSASLMechanism
            | Code::SSL
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::UnknownTopicOrPartition
            | Code::InvalidTopic
            | Code::InvalidGroupId
            | Code::InvalidSessionTimeout
            | Code::InvalidTransactionTimeout
            | Code::InconsistentGroupProtocol
            | Code::InvalidArgument
            | Code::InvalidConfig
            | Code::InvalidReplicationFactor
            | Code::InvalidPartitions
            | Code::PolicyViolation
            | Code::MessageSizeTooLarge
            | Code::InvalidRecord
            | Code::UnsupportedVersion
            | Code::UnsupportedFeature
            | Code::UnsupportedForMessageFormat
    )
}

/// Codes whose words say less than the client's last complaint.
fn is_vague(code: Code) -> bool {
    matches!(
        code,
        Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::WaitingForCoordinator
            | Code::LeaderNotAvailable
            | Code::NoEnt
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(code: Code) -> Fault {
        Fault {
            code,
            text: "broker 1 said so".to_owned(),
        }
    }

    #[test]
    fn a_takeover_is_fenced_whatever_the_call() {
        for code in [
            Code::Fenced,
            Code::ProducerFenced,
            Code::IllegalGeneration,
            Code::FencedInstanceId,
        ] {
            let error = judge("committing", &fault(code), Otherwise::Unknown);
            assert_eq!(error, LogError::Fenced("committing: broker 1 said so".to_owned()));
        }
    }

    #[test]
    fn a_listener_without_tls_is_trouble_with_tls_however_it_hangs_up() {
        for text in [
            "ssl://b:1/bootstrap: SSL handshake failed: error:0A0000F4 (after 3ms in state SSL_HANDSHAKE)",
            "ssl://b:1/bootstrap: Disconnected: SSL connection closed by peer (after 3ms in state SSL_HANDSHAKE)",
        ] {
            let trouble = Trouble {
                code: Code::BrokerTransportFailure,
                text: text.to_owned(),
            };
            assert_eq!(explain(&trouble), format!("trouble with TLS: {text}"));
        }
    }

    #[test]
    fn rights_and_names_are_refused() {
        for code in [
            Code::TopicAuthorizationFailed,
            Code::UnknownTopicOrPartition,
            Code::MessageSizeTooLarge,
        ] {
            assert!(matches!(
                judge("writing", &fault(code), Otherwise::Unknown),
                LogError::Refused(_)
            ));
        }
    }

    #[test]
    fn what_says_nothing_definite_is_what_the_caller_says() {
        let timed_out = fault(Code::OperationTimedOut);
        assert!(matches!(
            judge("asking", &timed_out, Otherwise::Retry),
            LogError::Retry(_)
        ));
        assert!(matches!(
            judge("committing", &timed_out, Otherwise::Unknown),
            LogError::Unknown(_)
        ));
    }
}
