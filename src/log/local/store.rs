//! The tables, and every SQL statement.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::super::{Committed, Header, LogError, NewRecord, Place, ReadLimit, Record, Topic, TopicId};
use super::Partition;
use crate::domain::bytes::{Malformed, Reader, Writer};
use crate::domain::time::Instant;

/// A row id is a partition's number, shifted by this, plus the offset.
const OFFSET_BITS: u32 = 40;
/// How long one statement waits for another connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a page: records of journal and state are long, and each page is a write of its own. A
/// log that is there keeps the size it has.
const PAGE_BYTES: u32 = 16 << 10;
/// The write-ahead log goes into the tables when it has grown by so many bytes.
const AHEAD_BYTES: u32 = 16 << 20;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, id BLOB NOT NULL, partitions INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS partitions (number INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  start INTEGER NOT NULL, next INTEGER NOT NULL, last_time INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, key BLOB, value BLOB, headers BLOB) STRICT;
CREATE TABLE IF NOT EXISTS positions (member_group TEXT, number INTEGER, next INTEGER NOT NULL, metadata TEXT NOT NULL,
  PRIMARY KEY (member_group, number)) STRICT, WITHOUT ROWID;
";

/// What a connection may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// One connection.
pub(super) struct Store(Connection);

impl Store {
    pub(super) fn open(directory: &Path, access: Access) -> Result<Self, LogError> {
        let file = directory.join("tasuki.db");
        let flags = match access {
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            Access::Write => {
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX
            }
        };
        let connection = Connection::open_with_flags(file, flags).map_err(|error| troubled(&error))?;
        connection
            .busy_timeout(BUSY_TIMEOUT)
            .map_err(|error| troubled(&error))?;
        if access == Access::Write {
            prepare(&connection).map_err(|error| troubled(&error))?;
        }
        Ok(Self(connection))
    }

    pub(super) fn topics(&self) -> Result<BTreeMap<Arc<str>, Topic>, LogError> {
        let read = || -> rusqlite::Result<_> {
            let mut rows = self.0.prepare("SELECT name, id, partitions FROM topics")?;
            rows.query_map([], |row| {
                let name: Arc<str> = row.get::<_, String>(0)?.into();
                Ok((
                    name.clone(),
                    Topic {
                        name,
                        id: TopicId(row.get(1)?),
                        partitions: row.get(2)?,
                    },
                ))
            })?
            .collect()
        };
        read().map_err(|error| troubled(&error))
    }

    pub(super) fn partitions(
        &self,
        topics: &BTreeMap<Arc<str>, Topic>,
    ) -> Result<BTreeMap<Place, Partition>, LogError> {
        let read = || -> rusqlite::Result<Vec<(String, u32, Partition)>> {
            let mut rows = self
                .0
                .prepare("SELECT topic, partition, number, start, next, last_time FROM partitions")?;
            rows.query_map([], |row| {
                let partition = Partition {
                    number: row.get(2)?,
                    start: row.get::<_, i64>(3)? as u64,
                    next: row.get::<_, i64>(4)? as u64,
                    last_time: Instant::from_millis(row.get(5)?),
                };
                Ok((row.get(0)?, row.get(1)?, partition))
            })?
            .collect()
        };
        let rows = read().map_err(|error| troubled(&error))?;
        let named = rows.into_iter().filter_map(|(topic, number, partition)| {
            let (name, _) = topics.get_key_value(topic.as_str())?;
            Some((
                Place {
                    topic: name.clone(),
                    partition: number,
                },
                partition,
            ))
        });
        Ok(named.collect())
    }

    /// Makes a topic with a random id, and its partitions.
    pub(super) fn make_topic(
        &mut self,
        name: &str,
        partitions: u32,
    ) -> Result<(Topic, Vec<(Place, Partition)>), LogError> {
        let mut make = || {
            let transaction = self.0.transaction()?;
            let sql = "INSERT INTO topics VALUES (?, randomblob(16), ?) RETURNING id";
            let id = TopicId(transaction.query_row(sql, params![name, partitions], |row| row.get(0))?);
            let topic = Topic {
                name: name.into(),
                id,
                partitions,
            };
            let mut made = Vec::new();
            for partition in 0..partitions {
                let sql = "INSERT INTO partitions (topic, partition, start, next, last_time) VALUES (?, ?, 0, 0, 0) RETURNING number";
                let number = transaction.query_row(sql, params![name, partition], |row| row.get(0))?;
                let place = Place {
                    topic: topic.name.clone(),
                    partition,
                };
                made.push((
                    place,
                    Partition {
                        number,
                        start: 0,
                        next: 0,
                        last_time: Instant::default(),
                    },
                ));
            }
            transaction.commit()?;
            Ok((topic, made))
        };
        make().map_err(|error: rusqlite::Error| troubled(&error))
    }

    /// Records from `offset` on, within the limit.
    pub(super) fn records(
        &self,
        partition: &Partition,
        offset: u64,
        limit: ReadLimit,
    ) -> Result<Vec<Record>, LogError> {
        let read = || {
            let sql = "SELECT id, time, key, value, headers FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?";
            let mut statement = self.0.prepare_cached(sql)?;
            let most = i64::try_from(limit.records_max).unwrap_or(i64::MAX);
            let mut rows = statement.query(params![row_id(partition, offset), row_id_end(partition), most])?;
            let (mut records, mut bytes) = (Vec::new(), 0);
            while let Some(row) = rows.next()? {
                let record = record(row)?;
                bytes += record.value.as_ref().map_or(0, Vec::len);
                records.push(record);
                if bytes >= limit.bytes_max {
                    break;
                }
            }
            Ok(records)
        };
        read().map_err(|error: rusqlite::Error| troubled(&error))
    }

    /// The first offset at or after `time`; append times never fall within a partition.
    pub(super) fn offset_at(&self, partition: &Partition, time: Instant) -> Result<Option<u64>, LogError> {
        self.first_since(partition, 0..partition.next, time)
    }

    /// The first of these offsets that was appended at `time` or later.
    pub(super) fn first_since(
        &self,
        partition: &Partition,
        offsets: Range<u64>,
        time: Instant,
    ) -> Result<Option<u64>, LogError> {
        let sql = "SELECT id FROM records WHERE id >= ? AND id < ? AND time >= ? ORDER BY id LIMIT 1";
        let (from, to) = (row_id(partition, offsets.start), row_id(partition, offsets.end));
        let range = params![from, to, time.millis()];
        let id: Option<i64> = self
            .0
            .query_row(sql, range, |row| row.get(0))
            .optional()
            .map_err(|error| troubled(&error))?;
        Ok(id.map(offset_of))
    }

    pub(super) fn position(&self, group: &str, partition: &Partition) -> Result<Option<Committed>, LogError> {
        let sql = "SELECT next, metadata FROM positions WHERE member_group = ? AND number = ?";
        let found = self.0.query_row(sql, params![group, partition.number], |row| {
            Ok(Committed {
                offset: row.get::<_, i64>(0)? as u64,
                metadata: row.get(1)?,
            })
        });
        found.optional().map_err(|error| troubled(&error))
    }

    pub(super) fn trim(&mut self, partition: &Partition, below: u64) -> Result<(), LogError> {
        let mut trim = || {
            let transaction = self.0.transaction()?;
            let (from, to) = (row_id(partition, partition.start), row_id(partition, below));
            transaction.execute("DELETE FROM records WHERE id >= ? AND id < ?", params![from, to])?;
            transaction.execute(
                "UPDATE partitions SET start = ? WHERE number = ?",
                params![below as i64, partition.number],
            )?;
            transaction.commit()
        };
        trim().map_err(|error| troubled(&error))
    }

    /// Writes everything in one transaction that is on disk when this returns.
    pub(super) fn write(
        &mut self,
        records: &[(Partition, Instant, NewRecord)],
        bounds: &[Partition],
        positions: &[(String, u32, Committed)],
    ) -> Result<(), LogError> {
        let mut write = || {
            let transaction = self
                .0
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            {
                let mut insert = transaction.prepare_cached("INSERT INTO records VALUES (?, ?, ?, ?, ?)")?;
                for (partition, time, record) in records {
                    let id = row_id(partition, partition.next);
                    insert.execute(params![
                        id,
                        time.millis(),
                        record.key,
                        record.value,
                        headers_blob(&record.headers)
                    ])?;
                }
                let mut update =
                    transaction.prepare_cached("UPDATE partitions SET next = ?, last_time = ? WHERE number = ?")?;
                for partition in bounds {
                    update.execute(params![
                        partition.next as i64,
                        partition.last_time.millis(),
                        partition.number
                    ])?;
                }
                let mut commit = transaction.prepare_cached("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)")?;
                for (group, number, committed) in positions {
                    commit.execute(params![group, number, committed.offset as i64, committed.metadata])?;
                }
            }
            transaction.commit()
        };
        write().map_err(|error| troubled(&error))
    }
}

/// What a connection that writes is told, and the tables if there are none.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")?;
    let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    connection.pragma_update(None, "wal_autocheckpoint", AHEAD_BYTES / page_bytes.max(1))?;
    connection.execute_batch(TABLES)
}

fn row_id(partition: &Partition, offset: u64) -> i64 {
    i64::from(partition.number) << OFFSET_BITS | offset as i64
}

fn row_id_end(partition: &Partition) -> i64 {
    (i64::from(partition.number) + 1) << OFFSET_BITS
}

fn offset_of(id: i64) -> u64 {
    (id & ((1 << OFFSET_BITS) - 1)) as u64
}

fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<Record> {
    let headers: Option<Vec<u8>> = row.get(4)?;
    let headers = headers.map_or(Ok(Vec::new()), |blob| read_headers(&blob));
    Ok(Record {
        offset: offset_of(row.get(0)?),
        time: Instant::from_millis(row.get(1)?),
        key: row.get(2)?,
        value: row.get(3)?,
        headers: headers.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?,
    })
}

fn headers_blob(headers: &[Header]) -> Option<Vec<u8>> {
    if headers.is_empty() {
        return None;
    }
    let mut writer = Writer::new();
    writer.list(headers, |writer, (name, value)| {
        writer.text(name);
        writer.option(value.as_ref(), |writer, value| writer.bytes(value));
    });
    Some(writer.0)
}

fn read_headers(blob: &[u8]) -> Result<Vec<Header>, Malformed> {
    Reader(blob).list(|reader| {
        let name = reader.text()?.to_owned();
        Ok((name, reader.option(|reader| reader.bytes().map(<[u8]>::to_vec))?))
    })
}

/// SQLite's transactions are atomic, so a failed call did nothing; a full or broken disk stays so
/// until a person does something.
fn troubled(error: &rusqlite::Error) -> LogError {
    use rusqlite::ErrorCode as Code;
    let words = format!("the local log: {error}");
    match error.sqlite_error_code() {
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => LogError::Retry(words),
        Some(Code::DiskFull | Code::SystemIoFailure) => LogError::Unknown(words),
        _ => LogError::Refused(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_log_has_long_pages_and_an_older_one_keeps_its_own() {
        let number = |store: &Store, name| -> u32 {
            let read = |row: &rusqlite::Row<'_>| row.get(0);
            store.0.pragma_query_value(None, name, read).unwrap()
        };
        for (before, page_bytes) in [(None, 16_384), (Some(4_096), 4_096)] {
            let folder = tempfile::tempdir().unwrap();
            if let Some(bytes) = before {
                let older = Connection::open(folder.path().join("tasuki.db")).unwrap();
                older.pragma_update(None, "page_size", bytes).unwrap();
                older.execute_batch("PRAGMA journal_mode=WAL;").unwrap();
                older.execute_batch(TABLES).unwrap();
            }
            let store = Store::open(folder.path(), Access::Write).unwrap();
            assert_eq!(number(&store, "page_size"), page_bytes);
            assert_eq!(number(&store, "wal_autocheckpoint") * page_bytes, 16 << 20);
        }
    }
}
