//! Drives the device side of a conversation over TCP: connects, reads, writes, waits, comes back.

use crate::clock;
use protocol::code::{Again, Bye};
use protocol::id::DeviceId;
use protocol::limits::LINE_BYTES_MAX;
use protocol::line::{Content, Lines};
use protocol::message::{Command, Description, Outcome, Samples};
use protocol::session::Backoff;
use protocol::session::device_side::{DeviceSide, Ending, Output, Settings};
use protocol::time::Time;
use std::io::{self, ErrorKind};
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout};

/// How long connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Bytes read at once.
const READ_BYTES: usize = 4096;

/// What a simulated device does.
pub(crate) trait Program {
    /// What its channels are.
    fn description(&self) -> Description;
    /// What it measured before it first connects, oldest first; each with its time. Asked once.
    fn stored(&mut self) -> Vec<Samples> {
        Vec::new()
    }
    /// Time between two samples.
    fn every(&self) -> Duration;
    /// What it measures now, `elapsed` after the last time.
    fn samples(&mut self, elapsed: Duration) -> Samples;
    /// Does what a command asks.
    fn obey(&mut self, command: &Command) -> Outcome;
}

/// Why a device does not come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    device: DeviceId,
    code: String,
}

impl std::error::Error for Refused {}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match Bye::from_word(&self.code) {
            Some(bye) => write!(f, "{} is refused: {}", self.device, bye.sentence()),
            None => write!(f, "{} is refused: {}", self.device, self.code),
        }
    }
}

/// Runs `program` as the device `id` against the device port `to`, for as long as the hub side does not refuse it.
pub(crate) async fn drive(
    to: String,
    id: DeviceId,
    token: Option<String>,
    nonce: u32,
    program: impl Program,
) -> Refused {
    Driver::new(to, id, token, nonce, program).run().await
}

struct Driver<P> {
    to: String,
    id: DeviceId,
    device: DeviceSide,
    program: P,
    backoff: Backoff,
    ticks: Interval,
    start: Instant,
    measured: Instant,
    unsent: Vec<u8>,
}

impl<P: Program> Driver<P> {
    fn new(to: String, id: DeviceId, token: Option<String>, nonce: u32, mut program: P) -> Self {
        let mut device = DeviceSide::new(Settings::new(id.clone(), token, nonce));
        let start = Instant::now();
        let now = Time { wall: clock::now(), mono: 0 };
        device.describe(now, program.description());
        for samples in program.stored() {
            device.publish(now, samples);
        }
        let mut ticks = interval(program.every());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (backoff, measured) = (Backoff::default(), start);
        Self { to, id, device, program, backoff, ticks, start, measured, unsent: Vec::new() }
    }

    async fn run(mut self) -> Refused {
        loop {
            let ending = match self.connect().await {
                Ok(stream) => self.talk(&stream).await,
                Err(error) => {
                    tracing::debug!(device = %self.id, to = self.to, %error, "cannot connect");
                    None
                }
            };
            self.device.disconnected();
            self.unsent = Vec::new();
            let again = ending.as_ref().map_or(Again::Later, Ending::again);
            let wait = ending.as_ref().and_then(Ending::wait);
            // Without randomness the middle of the time is as good as any.
            let random = getrandom::u32().unwrap_or(u32::MAX / 2);
            let Some(delay) = self.backoff.lost(self.mono(), again, wait, random) else {
                let code =
                    if let Some(Ending::Told(farewell)) = ending { farewell.code } else { String::new() };
                return Refused { device: self.id, code };
            };
            tracing::debug!(device = %self.id, ?ending, delay, "disconnected");
            self.measure_until(Instant::now() + Duration::from_millis(delay)).await;
        }
    }

    fn mono(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn now(&self) -> Time {
        Time { wall: clock::now(), mono: self.mono() }
    }

    async fn connect(&mut self) -> io::Result<TcpStream> {
        let to = self.to.clone();
        let connecting = timeout(CONNECT_MAX, TcpStream::connect(to));
        tokio::pin!(connecting);
        loop {
            tokio::select! {
                connected = &mut connecting => {
                    let stream = connected.map_err(|_| io::Error::from(ErrorKind::TimedOut))??;
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                _ = self.ticks.tick() => self.measure(),
            }
        }
    }

    /// Goes on measuring while there is no connection: what it measures waits in the outbox.
    async fn measure_until(&mut self, until: Instant) {
        loop {
            tokio::select! {
                () = sleep_until(until) => return,
                _ = self.ticks.tick() => self.measure(),
            }
        }
    }

    fn measure(&mut self) {
        let elapsed = self.measured.elapsed();
        self.measured += elapsed;
        let samples = self.program.samples(elapsed);
        self.device.publish(self.now(), samples);
    }

    /// One connection, from its beginning to its end. Nothing where it just broke.
    async fn talk(&mut self, stream: &TcpStream) -> Option<Ending> {
        let mut lines = Lines::new(LINE_BYTES_MAX);
        self.device.connected(self.now());
        loop {
            if let Some(ending) = self.carry_out() {
                // What it said may still leave; the end is not worth waiting for it.
                let _ = self.write(stream);
                return Some(ending);
            }
            self.write(stream).ok()?;
            let unsent = !self.unsent.is_empty();
            let interest = if unsent { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let wake = self.device.poll_timeout().map(|at| self.start + Duration::from_millis(at));
            let sleep = async {
                match wake {
                    Some(wake) => sleep_until(wake).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                ready = stream.ready(interest) => {
                    if ready.ok()?.is_readable() {
                        self.read(stream, &mut lines).ok()?;
                    }
                }
                _ = self.ticks.tick() => self.measure(),
                () = sleep => self.device.timeout(self.now()),
            }
        }
    }

    fn read(&mut self, stream: &TcpStream, lines: &mut Lines) -> io::Result<()> {
        let mut buffer = [0; READ_BYTES];
        let mut rest = match stream.try_read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(bytes) => &buffer[..bytes],
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        while let Some(line) = lines.next(&mut rest) {
            // One that is too long is none that it knows.
            if let Content::Whole(line) = line.content {
                self.device.line(self.now(), line);
            }
        }
        Ok(())
    }

    fn write(&mut self, stream: &TcpStream) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        match stream.try_write(&self.unsent) {
            Ok(bytes) => {
                self.unsent.drain(..bytes);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn carry_out(&mut self) -> Option<Ending> {
        while let Some(output) = self.device.poll_output() {
            match output {
                Output::Send(line) => self.unsent.extend_from_slice(&line),
                Output::Begin(command) => self.obey(&command),
                Output::Welcome(welcome) => {
                    self.backoff.welcomed(self.mono());
                    tracing::debug!(device = %self.id, session = welcome.session, "welcome");
                }
                Output::Complaint(complaint) => {
                    tracing::warn!(device = %self.id, code = complaint.code, reason = complaint.reason, "a line was skipped");
                }
                Output::Close(ending) => return Some(ending),
            }
        }
        None
    }

    /// Does it, and says at once what came of it: the new samples first, so that they are there when it is done.
    fn obey(&mut self, command: &Command) {
        let outcome = self.program.obey(command);
        self.measure();
        self.device.answer(self.now(), outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::message::Sample;
    use serde_json::value::RawValue;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    /// Counts.
    struct Counter(u64);

    impl Program for Counter {
        fn description(&self) -> Description {
            Description { channels: Vec::new() }
        }

        fn every(&self) -> Duration {
            Duration::from_millis(5)
        }

        fn samples(&mut self, _elapsed: Duration) -> Samples {
            self.0 += 1;
            let value = RawValue::from_string(self.0.to_string()).expect("a number");
            Samples { seq: None, ts: None, samples: vec![Sample { channel: "n".into(), value }] }
        }

        fn obey(&mut self, command: &Command) -> Outcome {
            Outcome { command: command.number, ok: true, value: None, reason: None }
        }
    }

    struct Hub(BufReader<TcpStream>);

    impl Hub {
        async fn accept(listener: &TcpListener) -> Self {
            Self(BufReader::new(listener.accept().await.expect("a device").0))
        }

        async fn says(&mut self, line: &str) {
            self.0.write_all(format!("{line}\n").as_bytes()).await.expect("the connection holds");
        }

        /// The next line that contains `part`.
        async fn hears(&mut self, part: &str) -> String {
            loop {
                let mut line = String::new();
                let bytes = self.0.read_line(&mut line).await.expect("the connection holds");
                assert!(bytes > 0, "the end instead of {part}");
                if line.contains(part) {
                    return line;
                }
            }
        }
    }

    const WELCOME: &str = r#""ack":0,"window":64,"heartbeat":15,"line_max":65536,"time":0}"#;

    async fn device(listener: &TcpListener) -> Refused {
        let to = listener.local_addr().expect("it is bound").to_string();
        drive(to, DeviceId::parse("counter-1").expect("an id"), None, 0, Counter(0)).await
    }

    #[tokio::test]
    async fn it_reports_obeys_and_comes_back_to_its_session() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let hub = async {
            let mut hub = Hub::accept(&listener).await;
            assert!(hub.hears("identify").await.contains(r#""nonce":1,"boot":true"#));
            hub.says(&format!(r#"{{"welcome":"counter-1","nonce":1,"session":"k7-1",{WELCOME}"#)).await;
            hub.hears("describe").await;
            assert!(hub.hears(r#""seq":1,"#).await.contains(r#""value":1"#));
            assert!(hub.hears(r#""seq":2,"#).await.contains(r#""value":2"#));
            hub.says(r#"{"ack":1}"#).await;
            hub.says(r#"{"command":5,"channel":"reset","value":true,"ttl":5000}"#).await;
            assert_eq!(hub.hears("result").await, "{\"result\":5,\"ok\":true}\n");
            drop(hub);
            let mut hub = Hub::accept(&listener).await;
            assert!(hub.hears("identify").await.contains(r#""session":"k7-1","oldest":2,"handled":5"#));
            let welcome = WELCOME.replace("\"ack\":0", "\"ack\":1");
            hub.says(&format!(r#"{{"welcome":"counter-1","nonce":2,"session":"k7-1",{welcome}"#)).await;
            assert!(hub.hears(r#""seq":"#).await.starts_with(r#"{"seq":2,"channel":"n","value":2"#));
        };
        tokio::select! {
            refused = device(&listener) => panic!("{refused}"),
            () = hub => {}
        }
    }

    #[tokio::test]
    async fn it_does_not_come_back_when_it_is_refused_for_good() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let hub = async {
            let mut hub = Hub::accept(&listener).await;
            hub.hears("identify").await;
            hub.says(r#"{"bye":"auth","again":"never"}"#).await;
        };
        let (refused, ()) = tokio::join!(device(&listener), hub);
        assert!(refused.to_string().contains("counter-1"), "{refused}");
    }
}
