//! Instructions per operation, compared with those that are kept: a slow-down is noticed in the change that made it.
//!
//! Time differs from run to run; the number of instructions hardly does. Each operation is done `n` and `2 n` times under
//! valgrind's callgrind: the difference is what `n` times cost, without making it ready.

mod counting;
mod kept;

use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::Context;
use bench::operations::{OPERATIONS, Operation};

use self::kept::{Kept, Machine};

/// Further away than this from what is kept, in either direction, a figure has moved. Percent.
const TOLERANCE_PERCENT: f64 = 5.0;

/// Where the figures are kept.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.toml");

/// Does what these arguments ask for, if it is about instructions: `instructions [--bless]`, or `operation NAME TIMES`.
pub(crate) fn asked_for(arguments: &[String]) -> Option<anyhow::Result<ExitCode>> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["instructions"] => Some(compare()),
        ["instructions", "--bless"] => Some(bless()),
        ["operation", name, times] => Some(operate(name, times)),
        _ => None,
    }
}

/// Counts all operations and keeps the figures.
fn bless() -> anyhow::Result<ExitCode> {
    let kept = Kept { machine: Machine::here()?, instructions: count_all()? };
    std::fs::write(KEPT, kept.to_toml()).with_context(|| format!("{KEPT} cannot be written"))?;
    println!("{} figures are kept in bench/instructions.toml", kept.instructions.len());
    Ok(ExitCode::SUCCESS)
}

/// Counts all operations and compares them with the figures that are kept. Fails where one has moved.
fn compare() -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(KEPT).with_context(|| format!("{KEPT} cannot be read"))?;
    let kept: Kept = toml::from_str(&text).with_context(|| format!("{KEPT} is not as it was written"))?;
    let machine = Machine::here()?;
    let counted = count_all()?;
    let comparable = kept.machine == machine;
    let moved = show(&kept, &counted, comparable);
    if !comparable {
        println!("not compared: kept with {}; this is {machine}", kept.machine);
        return Ok(ExitCode::SUCCESS);
    }
    if moved.is_empty() {
        println!("all {} figures are within {TOLERANCE_PERCENT} % of those kept", counted.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("moved: {}", moved.join(", "));
    println!(
        "where: valgrind --tool=callgrind target/release/bench operation NAME 1000, then callgrind_annotate"
    );
    println!("meant: cargo xtask bench instructions --bless");
    Ok(ExitCode::FAILURE)
}

/// Does an operation so often, and nothing else: what valgrind looks at.
fn operate(name: &str, times: &str) -> anyhow::Result<ExitCode> {
    let operation =
        bench::operations::named(name).with_context(|| format!("there is no operation {name:?}"))?;
    let times: u64 = times.parse().context("how often is a whole number")?;
    let mut work = (operation.prepare)();
    for _ in 0..times {
        work();
    }
    Ok(ExitCode::SUCCESS)
}

type Counted = std::collections::BTreeMap<String, u64>;

/// As many at once as there are processors: that changes no count.
fn count_all() -> anyhow::Result<Counted> {
    let waiting = Mutex::new(OPERATIONS.iter());
    let next = || waiting.lock().expect("nobody panics with it").next();
    let some = || -> anyhow::Result<Vec<(&Operation, u64)>> {
        let mut counted = Vec::new();
        while let Some(operation) = next() {
            counted.push((operation, counting::instructions(operation)?));
        }
        Ok(counted)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut counted = Counted::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(some)).collect();
        for thread in threads {
            let part = thread.join().map_err(|_| anyhow::anyhow!("a count broke off"))??;
            counted.extend(part.into_iter().map(|(operation, count)| (operation.name.to_owned(), count)));
        }
        Ok(counted)
    })
}

/// Prints a line for each operation; gives the names of those that have moved, are new or are gone.
fn show(kept: &Kept, counted: &Counted, comparable: bool) -> Vec<String> {
    println!("{:<22} {:>12} {:>12} {:>9}", "instructions", "kept", "now", "change");
    let mut moved: Vec<String> =
        kept.instructions.keys().filter(|name| !counted.contains_key(*name)).cloned().collect();
    for operation in OPERATIONS {
        let now = counted[operation.name];
        let before = kept.instructions.get(operation.name);
        let change = before.map(|before| (now as f64 / *before as f64 - 1.0) * 100.0);
        let is_moved = change.is_none_or(|change| change.abs() > TOLERANCE_PERCENT);
        let shown = before.map_or("–".to_owned(), u64::to_string);
        let percent = change.map_or("new".to_owned(), |change| format!("{change:+.1} %"));
        let mark = if comparable && is_moved { "  moved" } else { "" };
        println!("{:<22} {shown:>12} {now:>12} {percent:>9}{mark}", operation.name);
        if is_moved {
            moved.push(operation.name.to_owned());
        }
    }
    moved
}
