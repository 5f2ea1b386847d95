//! Several event loops, and handing sockets over to them.

use crate::endpoint::Endpoint;
use crate::event_loop::EventLoop;
use crate::remote::{Mail, Remote};
use crate::stream::Stream;
use crate::tls::Tls;
use crate::turns::Turns;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

/// Makes an endpoint, given the way to it.
type Make = Box<dyn FnOnce(Remote) -> Box<dyn Endpoint> + Send>;

/// Something that a loop is to have.
pub(crate) enum Adopted {
    Socket {
        stream: Stream,
        /// What was read of it already.
        read: Vec<u8>,
        make: Make,
    },
    Task {
        task: Box<dyn FnMut() + Send>,
        /// Where to say how it is woken.
        remote: std::sync::mpsc::SyncSender<Remote>,
    },
}

/// Running event loops. Dropping it ends them: whoever was woken before has its say, as far as its socket takes that at once,
/// then all connections are cut. Who drops it waits until all endpoints are dropped, unless it is one of them.
pub struct EventLoops {
    handle: Handle,
    threads: Vec<JoinHandle<()>>,
}

/// The way to running event loops. Cheap to clone; keeps nothing running.
#[derive(Clone)]
pub struct Handle {
    mails: Arc<[Arc<Mail>]>,
}

impl EventLoops {
    /// Starts so many loops, each in a thread of its own.
    ///
    /// # Errors
    /// The system gives no further threads or files.
    pub fn start(loops: usize) -> io::Result<Self> {
        let (event_loops, mails): (Vec<_>, Vec<_>) =
            (0..loops.max(1)).map(|_| EventLoop::new()).collect::<io::Result<Vec<_>>>()?.into_iter().unzip();
        // From here on those that run are ended by its drop, should another one not start.
        let mut started = Self { handle: Handle { mails: mails.into() }, threads: Vec::new() };
        for (number, event_loop) in event_loops.into_iter().enumerate() {
            let thread = std::thread::Builder::new().name(format!("sockets-{number}"));
            started.threads.push(thread.spawn(move || event_loop.run())?);
        }
        Ok(started)
    }

    /// As many loops as are useful here, at most [`crate::limits::LOOPS_MAX`]: one for two processors, as the others store and
    /// serve pages.
    ///
    /// # Errors
    /// As [`EventLoops::start`].
    pub fn start_default() -> io::Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::start((processors / 2).clamp(1, crate::limits::LOOPS_MAX))
    }

    /// The way to them.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for EventLoops {
    fn drop(&mut self) {
        for mail in &*self.handle.mails {
            mail.post(|inbox| inbox.stop = true);
        }
        for thread in self.threads.drain(..) {
            // The last owner may be dropped by an endpoint: a thread cannot wait for its own end.
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                tracing::error!("an event loop had panicked");
            }
        }
    }
}

impl Handle {
    /// Gives `stream`, of which `read` was read already, to the loop with the fewest sockets. `make` is called there and told
    /// that first; it is dropped uncalled, and the connection closed, where the loops have ended, or where
    /// [`crate::limits::ADOPTED_MAX`] others wait. Options of the stream, as its delay, are the caller's.
    pub fn adopt(
        &self,
        stream: impl Into<Stream>,
        read: Vec<u8>,
        make: impl FnOnce(Remote) -> Box<dyn Endpoint> + Send + 'static,
    ) {
        let fewest = self.mails.iter().min_by_key(|mail| mail.sockets.load(Ordering::Relaxed));
        let Some(mail) = fewest else { return };
        mail.sockets.fetch_add(1, Ordering::Relaxed);
        let mut adopted = Some(Adopted::Socket { stream: stream.into(), read, make: Box::new(make) });
        mail.post(|inbox| {
            if inbox.has_room() {
                inbox.adopted.extend(adopted.take());
            }
        });
        if adopted.is_some() {
            mail.sockets.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!("an event loop is too far behind to take another socket: it is closed");
        }
    }

    /// As [`Handle::adopt`], where `tls` was agreed upon with the peer. `read` was deciphered already.
    pub fn adopt_tls(
        &self,
        stream: impl Into<Stream>,
        tls: Box<rustls::ServerConnection>,
        read: Vec<u8>,
        make: impl FnOnce(Remote) -> Box<dyn Endpoint> + Send + 'static,
    ) {
        self.adopt(stream, Vec::new(), move |remote| Box::new(Tls::new(tls, read, make(remote))));
    }

    /// What the turns of each loop took; the longest of each begins anew.
    pub fn take_turns(&self) -> Vec<Turns> {
        self.mails.iter().map(|mail| mail.turns.take()).collect()
    }

    /// Has all loops flush at once what gathers: there is more to show than may wait.
    pub fn hurry(&self) {
        self.mails.iter().for_each(|mail| mail.post(|inbox| inbox.hurry = true));
    }

    /// Has the first loop call `task` whenever it is woken by what is returned, for as long as the loop runs; also after a
    /// panic in it. Nothing where the loops have ended. Not to be called by an endpoint or a task: it waits for the loop.
    pub fn task(&self, task: impl FnMut() + Send + 'static) -> Option<Remote> {
        let (remote, made) = std::sync::mpsc::sync_channel(1);
        self.mails.first()?.post(|inbox| inbox.adopted.push(Adopted::Task { task: Box::new(task), remote }));
        made.recv().ok()
    }
}
