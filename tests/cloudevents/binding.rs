//! The SDK's events in records of the log: what the SDK says is put where the Kafka binding says.
//! The SDK's own binding would bring a second librdkafka.

use cloudevents::Event;
use cloudevents::event::SpecVersion;
use cloudevents::message::{
    BinaryDeserializer, BinarySerializer, MessageAttributeValue, Result, StructuredDeserializer as _,
    StructuredSerializer,
};
use tasuki::log::{Header, NewRecord};

/// The record of an event in binary mode.
pub fn binary(event: Event) -> NewRecord {
    event.deserialize_binary(Writing(NewRecord::default())).unwrap()
}

/// The record of an event in structured mode.
pub fn structured(event: Event) -> NewRecord {
    event.deserialize_structured(Writing(NewRecord::default())).unwrap()
}

/// The event of a record in binary mode.
pub fn event(headers: &[Header], value: &[u8]) -> Event {
    BinaryDeserializer::into_event(Reading { headers, value }).unwrap()
}

struct Writing(NewRecord);

impl Writing {
    fn header(mut self, name: &str, value: &MessageAttributeValue) -> Self {
        let name = match name {
            "datacontenttype" => "content-type".to_owned(),
            name => ["ce_", name].concat(),
        };
        self.0.headers.push((name, Some(value.to_string().into_bytes())));
        self
    }
}

impl BinarySerializer<NewRecord> for Writing {
    fn set_spec_version(self, version: SpecVersion) -> Result<Self> {
        Ok(self.header("specversion", &MessageAttributeValue::String(version.to_string())))
    }

    fn set_attribute(self, name: &str, value: MessageAttributeValue) -> Result<Self> {
        Ok(self.header(name, &value))
    }

    fn set_extension(self, name: &str, value: MessageAttributeValue) -> Result<Self> {
        Ok(self.header(name, &value))
    }

    fn end_with_data(mut self, bytes: Vec<u8>) -> Result<NewRecord> {
        self.0.value = Some(bytes);
        Ok(self.0)
    }

    fn end(self) -> Result<NewRecord> {
        Ok(self.0)
    }
}

impl StructuredSerializer<NewRecord> for Writing {
    fn set_structured_event(mut self, bytes: Vec<u8>) -> Result<NewRecord> {
        let kind = b"application/cloudevents+json; charset=UTF-8".to_vec();
        self.0.headers.push(("content-type".to_owned(), Some(kind)));
        self.0.value = Some(bytes);
        Ok(self.0)
    }
}

struct Reading<'a> {
    headers: &'a [Header],
    value: &'a [u8],
}

impl BinaryDeserializer for Reading<'_> {
    fn deserialize_binary<R: Sized, V: BinarySerializer<R>>(self, mut event: V) -> Result<R> {
        for (name, value) in self.headers {
            let text = String::from_utf8(value.clone().unwrap()).unwrap();
            let value = MessageAttributeValue::String(text.clone());
            let attributes = SpecVersion::V10.attribute_names();
            event = match name.strip_prefix("ce_") {
                Some("specversion") => event.set_spec_version(SpecVersion::try_from(text.as_str())?)?,
                Some(name) if attributes.contains(&name) => event.set_attribute(name, value)?,
                Some(name) => event.set_extension(name, value)?,
                None if name == "content-type" => event.set_attribute("datacontenttype", value)?,
                None => event,
            };
        }
        event.end_with_data(self.value.to_vec())
    }
}
