//! The program `glassline`: a hub and a gateway in one process, and the commands around them.
//!
//! Everything that touches the surroundings of the program is here and in no other crate: arguments, configuration,
//! environment, logging, signals, standard output. Each subcommand is a module; `remote` holds those that speak to a
//! hub that runs already.

mod arguments;
mod browser;
mod chaos;
mod check;
mod clock;
mod component;
mod configuration;
mod copies;
mod demo;
mod folders;
mod following;
mod gateway;
mod init;
mod listen;
mod logging;
mod nearest;
mod open_files;
mod output;
mod password;
mod paste;
mod pipe;
mod ready;
mod remote;
mod running;
mod serial;
mod serve;
mod simulate;
mod sockets;
mod span;
mod stop;

use anyhow::{Context as _, Result};
use arguments::{Arguments, Command, Serial, Simulate};
use clap::Parser as _;
use std::future::Future;
use std::process::ExitCode;
use tokio::runtime;

/// Messages live for milliseconds, connections for weeks: with this allocator a message costs a quarter less and an idle
/// panel a third than with that of glibc, let alone musl (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<output::Closed>() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("glassline: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    logging::begin(level(arguments))?;
    open_files::raise_limit();
    match &arguments.command {
        Command::Demo(demo) => on_all_cores(demo::run(demo)),
        Command::Serve(serve) => on_all_cores(serve::run(serve)),
        Command::Gateway(gateway) => on_all_cores(gateway::run(gateway)),
        Command::Init(init) => init::run(init),
        Command::Check(check) => check::run(check),
        Command::Component(asked) => on_all_cores(component::run(asked)),
        Command::Devices(devices) => on_this_thread(remote::devices::run(devices)),
        Command::Tail(tail) => on_this_thread(remote::tail::run(tail)),
        Command::Send(send) => on_this_thread(remote::send::run(send)),
        Command::Eject(eject) => on_this_thread(remote::eject::run(eject)),
        Command::Person(asked) => on_this_thread(remote::person::run(asked)),
        Command::JoinToken(asked) => on_this_thread(remote::join_token::run(asked)),
        Command::Token(asked) => on_this_thread(remote::token::run(asked)),
        Command::LoginLink(asked) => on_this_thread(remote::person::login_link(asked)),
        Command::Audit(asked) => on_this_thread(remote::audit::run(asked)),
        Command::Backup(backup) => copies::backup(backup),
        Command::Restore(restore) => copies::restore(restore),
        Command::Simulate(Simulate::Weather(weather)) => on_all_cores(simulate::stations::run(weather)),
        Command::Simulate(Simulate::Fleet(fleet)) => on_all_cores(simulate::fleet::run(fleet)),
        Command::Serial(Serial::Watch(watch)) => on_this_thread(serial::watch(watch)),
        Command::Pipe(asked) => pipe::run(asked),
        Command::Chaos(chaos) => on_all_cores(chaos::run(chaos)),
    }
}

/// What is logged unless somebody asks: of `serve` how it goes, of the others only what is wrong.
fn level(arguments: &Arguments) -> &str {
    let asked = arguments.log.as_deref().filter(|level| !level.is_empty());
    asked.unwrap_or(match &arguments.command {
        Command::Serve(_) => "info",
        Command::Gateway(asked) if asked.command.is_none() => "info",
        _ => "warn",
    })
}

fn on_all_cores(work: impl Future<Output = Result<()>>) -> Result<()> {
    runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads can be started")?
        .block_on(work)
}

fn on_this_thread(work: impl Future<Output = Result<()>>) -> Result<()> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no sockets can be used")?
        .block_on(work)
}
