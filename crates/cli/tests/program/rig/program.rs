//! One run of the program.

use super::DEADLINE;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;

/// The program that was built for these tests.
const GLASSLINE: &str = env!("CARGO_BIN_EXE_glassline");

/// A started program. Killed when dropped.
pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it said on standard output and was not read before.
    pub(crate) said: String,
    /// What it said on standard error.
    pub(crate) complained: String,
}

impl Program {
    /// Starts `glassline` with `arguments`; what it finds of this machine's user is the folder `home`.
    pub(crate) fn start(home: &Path, arguments: &[&str]) -> Self {
        Self::start_under(&[], home, arguments)
    }

    /// The same under another program that becomes this one, such as `env NAME=VALUE`.
    pub(crate) fn start_under(under: &[&str], home: &Path, arguments: &[&str]) -> Self {
        Self::start_with(Stdio::null(), under, home, arguments)
    }

    /// Starts it with an input that is fed by [`Program::feed`].
    pub(crate) fn start_fed(home: &Path, arguments: &[&str]) -> Self {
        Self::start_with(Stdio::piped(), &[], home, arguments)
    }

    /// Runs it to its end on what is in the file `input`.
    pub(crate) fn run_reading(home: &Path, input: &Path, arguments: &[&str]) -> Ended {
        let input = File::open(input).expect("the input is there");
        Self::start_with(input.into(), &[], home, arguments).ended()
    }

    fn start_with(input: Stdio, under: &[&str], home: &Path, arguments: &[&str]) -> Self {
        let line = [under, &[GLASSLINE], arguments].concat();
        let mut child = Command::new(line[0])
            .args(&line[1..])
            .current_dir(home)
            .env("HOME", home)
            .env("NO_COLOR", "1")
            .env_remove("XDG_STATE_HOME")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("GLASSLINE_TOKEN")
            .env_remove("GLASSLINE_DEVICE_TOKEN")
            .env_remove("GLASSLINE_LOG")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built");
        let stdout = child.stdout.take().expect("piped");
        let mut stderr = child.stderr.take().expect("piped");
        let (line, lines) = channel();
        std::thread::spawn(move || {
            let read = BufReader::new(stdout).lines().map_while(Result::ok);
            // Once the test has seen enough the pipe is closed, as `head` does it.
            for text in read {
                if line.send(text).is_err() {
                    return;
                }
            }
        });
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        Self { input: child.stdin.take(), child, lines, errors: Some(errors) }
    }

    /// Puts `text` into its input.
    pub(crate) fn feed(&mut self, text: &str) {
        let input = self.input.as_mut().expect("it is fed");
        input.write_all(text.as_bytes()).and_then(|()| input.flush()).expect("it reads");
    }

    /// Its input is at its end.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// Runs it to its end.
    pub(crate) fn run(home: &Path, arguments: &[&str]) -> Ended {
        Self::start(home, arguments).ended()
    }

    /// The next line that it says which `wanted` accepts; those before are passed over.
    pub(crate) fn line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) if wanted(&line) => return line,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => panic!("it says nothing more"),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended: {:?}", self.end()),
            }
        }
    }

    /// Waits until it ends by itself.
    pub(crate) fn ended(mut self) -> Ended {
        self.end()
    }

    fn end(&mut self) -> Ended {
        let mut said = String::new();
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => said = said + &line + "\n",
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; so far it said: {said}"),
            }
        }
        let code = self.child.wait().expect("it is our child").code();
        let errors = self.errors.take().map(|errors| errors.join().expect("it only reads"));
        Ended { code, said, complained: errors.unwrap_or_default() }
    }

    /// Reads no more of what it says.
    pub(crate) fn close_output(&mut self) {
        let (_, nothing) = channel();
        self.lines = nothing;
    }

    /// Its exit code, if it has ended.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.try_wait().expect("it is our child").and_then(|status| status.code())
    }

    /// Sends it a signal by its name, `INT` or `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.child.id())).status();
        assert!(status.expect("there is a shell").success());
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is our child");
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
