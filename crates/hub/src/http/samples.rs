//! Samples: sent one message at a time with `curl`, and read all of them as a stream.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use protocol::message::{FromDevice, Samples, decode_from_device};
use serde::Deserialize;
use store::{DeviceKey, SampleRow};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Site;
use super::body::Body;
use super::credential::bearer_text;
use super::error::Failure;
use super::history::Range;
use super::limits::{STREAM_PIECE_BYTES, STREAM_PIECES_MAX, STREAM_STALL_MAX};
use super::query::Asked;
use super::seen::Seen;
use crate::TakeError;
use crate::rights::{Check, asks};

/// Somebody who may send samples as the device in the path, whose id comes with it.
pub(super) struct Sender(String);

impl FromRequestParts<Arc<Site>> for Sender {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let Path(id) = Path::<String>::from_request_parts(parts, site)
            .await
            .map_err(|error| Failure::bad_request(error.body_text()))?;
        // A device may show its own token; whether the device is there is told only to those who may know.
        let own = bearer_text(&parts.headers)?.and_then(|token| site.hub.device_shows(&id, token));
        let grant = match own {
            Some(grant) => grant,
            None => site.grant(&parts.method, &parts.uri, &parts.headers)?,
        };
        match grant.may_send_as(&id) {
            true => Ok(Self(id)),
            false => Err(Failure::forbidden(format!("You may not send samples as “{id}”."))),
        }
    }
}

/// `POST /api/devices/{id}/samples`: a message of a device without `seq`; answered once it is committed.
pub(super) async fn send(
    State(site): State<Arc<Site>>,
    Sender(id): Sender,
    body: Body,
) -> Result<StatusCode, Failure> {
    let samples = read(&body)?;
    match site.hub.take_samples(&id, samples).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(TakeError::UnknownDevice) => Err(Failure::no_device(&id)),
        Err(error @ TakeError::Bounds) => Err(Failure::beyond(format!("Nothing was taken over: {error}."))),
        Err(error @ TakeError::Storage) => {
            Err(Failure::storage_failed(format!("The samples are not known to be taken over: {error}.")))
        }
        Err(error @ (TakeError::Busy | TakeError::Failed)) => {
            Err(Failure::unavailable(format!("The samples were not taken over: {error}.")))
        }
    }
}

fn read(body: &Body) -> Result<Samples, Failure> {
    let line = body.as_line();
    let message = decode_from_device(line.trim_ascii_end()).map_err(|fail| {
        let (line, column) = body.place(fail.at);
        Failure::malformed(fail.fault.as_str(), format!("{} at line {line} column {column}", fail.reason))
    })?;
    let wrong = |reason| Err(Failure::malformed("bad_message", reason));
    match message {
        FromDevice::Samples(Samples { seq: Some(_), .. }) => {
            wrong("Leave “seq” out: HTTP has no session to number in.")
        }
        FromDevice::Samples(samples) => Ok(samples),
        FromDevice::Heartbeat => wrong("The body is empty."),
        _ => wrong("Only samples can be sent here."),
    }
}

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    from: Option<i64>,
    to: Option<i64>,
    #[serde(default)]
    format: Format,
}

/// How samples are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// A JSON object a line.
    #[default]
    Ndjson,
    /// A table with a header line; values are JSON text.
    Csv,
}

/// `GET /api/devices/{id}/channels/{channel}/samples`: every stored sample in the order it was committed.
pub(super) async fn stream(
    State(site): State<Arc<Site>>,
    Seen(sight): Seen,
    Path((_, channel)): Path<(String, String)>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Failure> {
    let range = Range::new(wanted.from, wanted.to)?;
    let device = site.hub.device_key(&sight).ok_or_else(|| Failure::no_device(sight.id()))?;
    let place = site.reads.stream(sight.grant())?;
    let (sender, pieces) = mpsc::channel(STREAM_PIECES_MAX);
    let (runtime, hub, format) = (Handle::current(), site.hub.clone(), wanted.format);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let pen = Pen { format, text: format.head().to_owned(), sender, runtime };
        pen.write(hub.reader(), device, &channel, range);
    });
    let headers = [
        (header::CONTENT_TYPE, format.content_type()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((
        headers,
        axum::body::Body::from_stream(whole(pieces, move || {
            site.still(&sight).is_ok() || !asks(Check::Stream)
        })),
    )
        .into_response())
}

/// A piece of a stream.
enum Piece {
    /// Some lines.
    Lines(Bytes),
    /// That was all.
    End,
}

/// The pieces as a body, for as long as whoever reads it `may`: that is asked before each of them. When they stop without an end
/// the body is broken off, so that nobody takes it for whole.
fn whole(
    pieces: mpsc::Receiver<Piece>,
    may: impl Fn() -> bool,
) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some((pieces, may)), async |state| {
        let (mut pieces, may) = state?;
        match pieces.recv().await.filter(|_| may()) {
            Some(Piece::Lines(lines)) => Some((Ok(lines), Some((pieces, may)))),
            Some(Piece::End) => None,
            None => Some((Err(io::Error::other("the samples could not be read to their end")), None)),
        }
    })
}

/// Writes samples on a thread for blocking work, no faster than they are read at the other end.
struct Pen {
    format: Format,
    text: String,
    sender: mpsc::Sender<Piece>,
    runtime: Handle,
}

impl Pen {
    fn write(mut self, reader: &store::Reader, device: DeviceKey, channel: &str, range: Range) {
        let mut flow = ControlFlow::Continue(());
        let read = reader.samples(device, channel, range.from, range.to, &mut |sample| {
            flow = self.add(&sample);
            flow
        });
        match read {
            Ok(()) if flow.is_continue() && self.flush().is_continue() => drop(self.hand_over(Piece::End)),
            // Nobody reads any longer.
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "samples could not be read"),
        }
    }

    fn add(&mut self, sample: &SampleRow) -> ControlFlow<()> {
        self.format.write(sample, &mut self.text);
        if self.text.len() < STREAM_PIECE_BYTES { ControlFlow::Continue(()) } else { self.flush() }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        let lines = std::mem::take(&mut self.text);
        if lines.is_empty() { ControlFlow::Continue(()) } else { self.hand_over(Piece::Lines(lines.into())) }
    }

    fn hand_over(&self, piece: Piece) -> ControlFlow<()> {
        match self.runtime.block_on(async { timeout(STREAM_STALL_MAX, self.sender.send(piece)).await }) {
            Ok(Ok(())) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }
}

impl Format {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        })
    }

    fn head(self) -> &'static str {
        match self {
            Self::Ndjson => "",
            Self::Csv => "ts,value,session,seq\r\n",
        }
    }

    /// One sample, its value exactly as it was sent.
    fn write(self, sample: &SampleRow, text: &mut String) {
        let position = sample.position.as_ref();
        let line = match (self, position) {
            (Self::Ndjson, None) => format!("{{\"ts\":{},\"value\":{}}}\n", sample.ts, sample.value),
            (Self::Ndjson, Some(position)) => format!(
                "{{\"ts\":{},\"value\":{},\"session\":{},\"seq\":{}}}\n",
                sample.ts,
                sample.value,
                serde_json::Value::from(&*position.session),
                position.seq
            ),
            (Self::Csv, None) => format!("{},{},,\r\n", sample.ts, field(&sample.value)),
            (Self::Csv, Some(position)) => {
                let session = field(&position.session);
                format!("{},{},{session},{}\r\n", sample.ts, field(&sample.value), position.seq)
            }
        };
        text.push_str(&line);
    }
}

/// A field of a table: in quotes where it has something that would end it.
fn field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use store::Position;

    use super::*;

    fn sample(value: &str, position: Option<(&str, u64)>) -> SampleRow {
        let position = position.map(|(session, seq)| Position { session: session.into(), seq });
        SampleRow { ts: 7, device_ts: None, value: value.into(), position }
    }

    fn written(format: Format, sample: &SampleRow) -> String {
        let mut text = String::new();
        format.write(sample, &mut text);
        text
    }

    #[test]
    fn lines_bear_values_as_they_were_sent() {
        let numbered = sample("21.50", Some(("k7-3", 92)));
        assert_eq!(
            written(Format::Ndjson, &numbered),
            "{\"ts\":7,\"value\":21.50,\"session\":\"k7-3\",\"seq\":92}\n"
        );
        assert_eq!(written(Format::Csv, &numbered), "7,21.50,k7-3,92\r\n");
        let loose = sample("{\"a\":[1, 2]}", None);
        assert_eq!(written(Format::Ndjson, &loose), "{\"ts\":7,\"value\":{\"a\":[1, 2]}}\n");
        assert_eq!(written(Format::Csv, &loose), "7,\"{\"\"a\"\":[1, 2]}\",,\r\n");
    }

    #[tokio::test]
    async fn a_stream_that_ends_too_early_is_broken_off() {
        let (sender, pieces) = mpsc::channel(4);
        sender.try_send(Piece::Lines("a\n".into())).expect("room");
        sender.try_send(Piece::End).expect("room");
        let items: Vec<_> = whole(pieces, || true).collect().await;
        assert!(matches!(&items[..], [Ok(_)]));

        let (sender, pieces) = mpsc::channel(4);
        sender.try_send(Piece::Lines("a\n".into())).expect("room");
        drop(sender);
        let items: Vec<_> = whole(pieces, || true).collect().await;
        assert!(matches!(&items[..], [Ok(_), Err(_)]));
    }

    #[test]
    fn a_body_is_a_message_of_a_device_without_seq() {
        let read = |text: &'static str| read(&Body(Bytes::from_static(text.as_bytes())));
        assert_eq!(read("{\"temperature\":21.50,\n\"humidity\":40}\n").expect("samples").samples.len(), 2);
        assert_eq!(read("{\"channel\":\"a\",\"value\":1,\"ts\":5}").expect("samples").ts, Some(5));
        for wrong in
            ["", "[]", "{\"seq\":1,\"channel\":\"a\",\"value\":1}", "{\"describe\":{}}", "{\"a\":1,\"a\":2}"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let failure = read("{\"a\":1,\n\"b\":x}").expect_err("no JSON");
        assert!(failure.reason().contains("at line 2"), "{}", failure.reason());
    }
}
