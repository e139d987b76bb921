//! An output → a line that a sales manager can read.

use serde_json::Value;

use crate::telling::Telling;

#[derive(Default)]
pub(crate) struct Transcript {
    /// JSON pointers, without the first slash, of what else each line shows.
    pub(crate) shows: Vec<String>,
}

impl Transcript {
    pub(crate) fn line(&self, output: &Value, telling: &Telling) -> String {
        let data = &output["data"];
        let kind = output["type"].as_str().unwrap_or_default();
        let kind = kind.trim_start_matches("tasuki.").trim_end_matches(".v1");
        let mut line = match kind {
            "lead.stage-changed" => stage(data),
            "lead.handed-off" => format!(
                "{} handed to {} of {}, to be answered by {}{}",
                text(&data["handoff_id"]),
                text(&data["rep"]),
                text(&data["team"]),
                text(&data["sla"]["respond_by"]),
                passed_over(data)
            ),
            "lead.queued" => format!(
                "{} waits in the queue of {}, to be answered by {}{}",
                text(&data["handoff_id"]),
                text(&data["team"]),
                text(&data["sla"]["respond_by"]),
                passed_over(data)
            ),
            "handoff.withdrawn" => format!(
                "{} withdrawn from {}: {}",
                text(&data["handoff_id"]),
                text(&data["rep"]),
                pairs(&data["because"])
            ),
            "feedback.recorded" => feedback(data),
            "lead.forgotten" => format!("{} forgotten ({})", text(&data["lead"]), text(&output["topic"])),
            "dead-letter" => format!("dead letter: {}, {}", text(&data["reason"]), text(&data["detail"])),
            sla => notice(sla, data),
        };
        line = format!("    {} {line}\n", text(&output["time"]));
        for show in &self.shows {
            if let Some(shown) = output.pointer(&format!("/{show}")) {
                line.extend(["        ", show, ": ", &shown.to_string(), "\n"]);
            }
        }
        for (lead, name) in &telling.names {
            line = line.replace(lead, name);
        }
        line
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), |text| text.trim_end_matches(".000Z").to_owned())
}

fn pairs(value: &Value) -> String {
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(name, value)| format!("{name} {}", text(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn stage(data: &Value) -> String {
    let score = &data["score"];
    format!(
        "{}: {} → {} (cycle {}, {} + {} points; {})",
        text(&data["lead"]),
        text(&data["from"]),
        text(&data["to"]),
        data["cycle"],
        score["fit"],
        score["engagement"],
        pairs(&data["because"])
    )
}

fn passed_over(data: &Value) -> String {
    let others = data["passed_over"].as_array().into_iter().flatten();
    let others: Vec<_> = others
        .map(|one| format!("{} {}", text(&one["rep"]), text(&one["why"])))
        .collect();
    if others.is_empty() {
        String::new()
    } else {
        format!("; not {}", others.join(", "))
    }
}

fn notice(kind: &str, data: &Value) -> String {
    let late = if data["late"] == true { " late" } else { "" };
    let took = data
        .get("working_seconds")
        .map(|took| format!(" after {took} s of working time"));
    format!(
        "{} {}{late}{}",
        text(&data["handoff_id"]),
        kind.trim_start_matches("sla."),
        took.unwrap_or_default()
    )
}

fn feedback(data: &Value) -> String {
    let about = data.get("handoff_id").unwrap_or(&data["lead"]);
    let given = |name| {
        data.get(name)
            .map(|value| format!(", {name} {}", text(value)))
            .unwrap_or_default()
    };
    format!(
        "feedback on {}: {}{}{}{}",
        text(about),
        text(&data["outcome"]),
        given("reason"),
        given("rep"),
        given("working_seconds")
    )
}
