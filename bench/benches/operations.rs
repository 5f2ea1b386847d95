//! How long each operation takes: `cargo bench -p bench`, or with the name of one behind it.

use bench::operations::{OPERATIONS, Operation};
use divan::Bencher;

fn main() {
    divan::main();
}

#[divan::bench(args = OPERATIONS)]
fn operation(bencher: Bencher<'_, '_>, operation: &Operation) {
    bencher.bench_local((operation.prepare)());
}
