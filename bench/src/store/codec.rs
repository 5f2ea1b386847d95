//! Packing and unpacking chunks, without a database.

use std::hint::black_box;

use store::chunk::{self, StoredSample};

use super::devices::{Device, Random};
use crate::clock::on_this_thread;
use crate::figures::{Figures, heading, line};

/// Samples of one chunk.
const SAMPLES: usize = 256;
const CHUNKS: usize = 400;
const ROUNDS: usize = 5;
/// How often a round does all chunks: long enough to be measured.
const TIMES: usize = 10;

/// Measures and prints.
pub(super) fn run() {
    let chunks: Vec<Vec<StoredSample>> = (1..=CHUNKS as u64).map(samples).collect();
    let packed: Vec<Vec<u8>> = chunks.iter().map(|samples| chunk::encode(samples)).collect();
    let unpack = |blob: &Vec<u8>| chunk::decode(blob).map_or(0, |samples| samples.len());
    let numbers = |blob: &Vec<u8>| chunk::decode_numbers(blob).map_or(0, |numbers| numbers.len());
    let [mut packing, mut unpacking, mut both, mut reading] = [(); 4].map(|()| Figures::default());
    for _ in 0..ROUNDS {
        let pack = each(&chunks, |samples| {
            black_box(chunk::encode(samples));
            samples.len()
        });
        let unpack = each(&packed, unpack);
        packing.add(1.0 / pack);
        unpacking.add(1.0 / unpack);
        both.add(1.0 / (pack + unpack));
        reading.add(1.0 / each(&packed, numbers));
    }
    let mut bytes = Figures::default();
    bytes.add(packed.iter().map(Vec::len).sum::<usize>() as f64 / (SAMPLES * CHUNKS) as f64);
    heading("codec: chunks of 256 readings that drift, by the processor time of one thread");
    line("packed", &packing, 1, "million/s", "");
    line("unpacked", &unpacking, 1, "million/s", "");
    line("packed and unpacked", &both, 1, "million/s", "≥ 10");
    line("numbers read", &reading, 1, "million/s", "");
    line("size", &bytes, 2, "B/sample", "≤ 3");
}

/// Microseconds a sample; `work` says how many samples it was.
fn each<T>(chunks: &[T], work: impl Fn(&T) -> usize) -> f64 {
    let mut samples = 0;
    let spent = on_this_thread(|| {
        for _ in 0..TIMES {
            samples += chunks.iter().map(&work).sum::<usize>();
        }
    });
    assert_eq!(samples, TIMES * CHUNKS * SAMPLES, "a chunk did not come back");
    spent.as_secs_f64() * 1e6 / samples as f64
}

fn samples(number: u64) -> Vec<StoredSample> {
    let mut random = Random::new(number);
    let mut device = Device::new(number, 1);
    (0..SAMPLES)
        .filter_map(|_| {
            let message = device.read(&mut random);
            let sample = message.samples.into_iter().next()?;
            Some(StoredSample {
                ts: sample.ts,
                cursor: message.cursor,
                session: Some(1),
                seq: message.position.map(|position| position.seq),
                device_ts: sample.device_ts,
                late: sample.late,
                value: sample.value,
            })
        })
        .collect()
}
