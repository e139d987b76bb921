//! Checked values, and where they stand.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::time::Instant;
use crate::domain::value::Number;

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A decimal number.
    Number(Number),
    /// True or false.
    Bool(bool),
    /// Milliseconds.
    Duration(i64),
    /// An instant.
    Time(Instant),
    /// A date.
    Date(Date),
    /// Minutes of the day.
    Hours(u16, u16),
    /// A list; wrong members are left out.
    List(Vec<Item>),
    /// A table; wrong members are left out.
    Table(Entries),
}

/// A checked value and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The byte of the text at which it stands.
    pub at: usize,
    /// The value.
    pub node: Node,
}

/// The checked members of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// The byte of the text at which the table stands.
    pub at: usize,
    /// By key.
    pub members: BTreeMap<String, Item>,
    /// Keys that are there with a wrong value.
    pub spoiled: Vec<String>,
    /// Keys that are not known.
    pub unknown: Vec<String>,
}

impl Entries {
    /// The member of this name, if it is there and right.
    pub fn get(&self, name: &str) -> Option<&Item> {
        self.members.get(name)
    }

    /// True if the key was written, right or wrong.
    pub fn names(&self, name: &str) -> bool {
        self.members.contains_key(name) || self.spoiled.iter().any(|spoiled| spoiled == name)
    }

    /// The text at a key.
    pub fn text(&self, name: &str) -> Option<&str> {
        match &self.get(name)?.node {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number at a key.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name)?.node {
            Node::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// The milliseconds at a key.
    pub fn duration(&self, name: &str) -> Option<i64> {
        match self.get(name)?.node {
            Node::Duration(millis) => Some(millis),
            _ => None,
        }
    }

    /// The list at a key; empty if it is not there.
    pub fn list(&self, name: &str) -> &[Item] {
        match self.get(name).map(|item| &item.node) {
            Some(Node::List(items)) => items,
            _ => &[],
        }
    }

    /// The texts of the list at a key, and where each stands.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = (&str, usize)> {
        self.list(name).iter().filter_map(|item| match &item.node {
            Node::Text(text) => Some((text.as_str(), item.at)),
            _ => None,
        })
    }

    /// The tables of the list at a key.
    pub fn tables(&self, name: &str) -> impl Iterator<Item = &Entries> {
        self.list(name).iter().filter_map(|item| match &item.node {
            Node::Table(entries) => Some(entries),
            _ => None,
        })
    }

    /// The table at a key.
    pub fn table(&self, name: &str) -> Option<&Entries> {
        match &self.get(name)?.node {
            Node::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// Where a key's value stands; the table if it is not there.
    pub fn at(&self, name: &str) -> usize {
        self.get(name).map_or(self.at, |item| item.at)
    }
}
