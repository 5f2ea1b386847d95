//! A column of whole numbers: the first, the usual step, and how far each step is from it, in as few bits as most of
//! these need.
//!
//! ```text
//! first · usual step · per block of 256 steps: width (1 byte) · exceptions (1 byte)
//!                      · the low `width` bits of each · per exception: place (1 byte) · the bits above
//! ```

use super::bytes::{Input, put as put_number, unzigzag, zigzag};
use super::corrupt::{Corrupt, Damage};

/// Steps in a block: a place in it is one byte.
const BLOCK: usize = 256;
/// Bits of the widest difference.
const WIDTH_MAX: usize = 64;

/// Writes `numbers`, which are the differences afterwards.
pub(super) fn put(blob: &mut Vec<u8>, numbers: &mut [i64]) {
    let [first, rest @ ..] = numbers else { return };
    put_number(blob, zigzag(*first));
    let mut before = *first;
    for number in &mut *rest {
        (before, *number) = (*number, number.wrapping_sub(before));
    }
    if rest.is_empty() {
        return;
    }
    let usual = usual(rest);
    put_number(blob, zigzag(usual));
    let mut block = [0; BLOCK];
    for steps in rest.chunks(BLOCK) {
        for (difference, step) in block.iter_mut().zip(steps) {
            *difference = zigzag(step.wrapping_sub(usual));
        }
        put_block(blob, &block[..steps.len()]);
    }
}

/// The step in the middle: half of the others are greater. A few that are far off do not change it.
fn usual(steps: &[i64]) -> i64 {
    if steps.iter().all(|step| *step == steps[0]) {
        return steps[0];
    }
    let mut sorted = steps.to_vec();
    let middle = sorted.len() / 2;
    *sorted.select_nth_unstable(middle).1
}

fn put_block(blob: &mut Vec<u8>, block: &[u64]) {
    let (width, exceptions) = cheapest(block);
    blob.push(width as u8);
    blob.push(exceptions as u8);
    let mut bits: u64 = 0;
    let mut filled = 0;
    if width > 0 {
        for number in block {
            let low = number & mask(width);
            bits |= low << filled;
            filled += width;
            if filled >= 64 {
                blob.extend_from_slice(&bits.to_le_bytes());
                filled -= 64;
                bits = if filled == 0 { 0 } else { low >> (width - filled) };
            }
        }
        blob.extend_from_slice(&bits.to_le_bytes()[..filled.div_ceil(8)]);
    }
    if exceptions > 0 {
        for (place, number) in block.iter().enumerate().filter(|(_, number)| bits_of(**number) > width) {
            blob.push(place as u8);
            put_number(blob, number >> width);
        }
    }
}

/// The width with which a block takes the fewest bytes, and how many of it are wider.
fn cheapest(block: &[u64]) -> (usize, usize) {
    let all = block.iter().fold(0, |all, number| all | number);
    if all == 0 {
        return (0, 0);
    }
    let mut wide = [0; WIDTH_MAX + 1];
    for number in block {
        wide[bits_of(*number)] += 1;
    }
    let widest = bits_of(all);
    let mut best = (widest, 0, packed_bytes(block.len(), widest));
    // Bytes for the places of exceptions, and for what is above `width` bits in them.
    for width in (0..widest).rev() {
        let wider = &wide[width + 1..=widest];
        let exceptions: usize = wider.iter().sum();
        if exceptions > usize::from(u8::MAX) {
            break;
        }
        let above: usize =
            wider.iter().zip(1usize..).map(|(count, bits)| count * (1 + bits.div_ceil(7))).sum();
        let bytes = packed_bytes(block.len(), width) + above;
        if bytes < best.2 {
            best = (width, exceptions, bytes);
        }
    }
    (best.0, best.1)
}

fn packed_bytes(count: usize, width: usize) -> usize {
    (count * width).div_ceil(8)
}

fn bits_of(number: u64) -> usize {
    (u64::BITS - number.leading_zeros()) as usize
}

fn mask(width: usize) -> u64 {
    if width == WIDTH_MAX { u64::MAX } else { (1 << width) - 1 }
}

/// Reads `count` numbers.
pub(super) fn get(input: &mut Input<'_>, count: usize) -> Result<Vec<i64>, Corrupt> {
    let mut numbers = Vec::with_capacity(count);
    if count == 0 {
        return Ok(numbers);
    }
    let mut number = input.signed()?;
    numbers.push(number);
    if count == 1 {
        return Ok(numbers);
    }
    let usual = input.signed()?;
    let mut block = [0; BLOCK];
    let mut left = count - 1;
    while left > 0 {
        let steps = left.min(BLOCK);
        get_block(input, &mut block[..steps])?;
        for difference in &block[..steps] {
            number = number.wrapping_add(usual).wrapping_add(unzigzag(*difference));
            numbers.push(number);
        }
        left -= steps;
    }
    Ok(numbers)
}

/// Goes past `count` numbers, without making them.
pub(super) fn skip(input: &mut Input<'_>, count: usize) -> Result<(), Corrupt> {
    if count == 0 {
        return Ok(());
    }
    input.signed()?;
    if count == 1 {
        return Ok(());
    }
    input.signed()?;
    let mut left = count - 1;
    while left > 0 {
        let steps = left.min(BLOCK);
        let (width, exceptions) = shape(input, steps)?;
        input.take(packed_bytes(steps, width))?;
        for _ in 0..exceptions {
            input.byte()?;
            input.unsigned()?;
        }
        left -= steps;
    }
    Ok(())
}

fn shape(input: &mut Input<'_>, steps: usize) -> Result<(usize, usize), Corrupt> {
    let shape = input.take(2)?;
    let (width, exceptions) = (usize::from(shape[0]), usize::from(shape[1]));
    if width > WIDTH_MAX || exceptions > steps || (width == WIDTH_MAX && exceptions > 0) {
        return Err(input.damaged_before(Damage::Block));
    }
    Ok((width, exceptions))
}

fn get_block(input: &mut Input<'_>, block: &mut [u64]) -> Result<(), Corrupt> {
    let (width, exceptions) = shape(input, block.len())?;
    if width == 0 {
        block.fill(0);
    } else {
        let packed = input.take(packed_bytes(block.len(), width))?;
        for (place, number) in block.iter_mut().enumerate() {
            *number = bits_at(packed, place * width) & mask(width);
        }
    }
    for _ in 0..exceptions {
        let place = usize::from(input.byte()?);
        let above = input.unsigned()?;
        let Some(number) = block.get_mut(place).filter(|_| bits_of(above) + width <= WIDTH_MAX) else {
            return Err(input.damaged_before(Damage::Block));
        };
        *number |= above << width;
    }
    Ok(())
}

/// 64 bits from the bit `at` on; what is behind the end is 0.
fn bits_at(packed: &[u8], at: usize) -> u64 {
    let (byte, bit) = (at / 8, at % 8);
    let bits = match packed.get(byte..byte + 16) {
        Some(bytes) => u128::from_le_bytes(bytes.try_into().expect("there are 16 of them")),
        None => {
            let mut bytes = [0; 16];
            let end = &packed[byte..];
            bytes[..end.len()].copy_from_slice(end);
            u128::from_le_bytes(bytes)
        }
    };
    (bits >> bit) as u64
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::{get, put, skip};
    use crate::chunk::bytes::Input;

    /// The bytes that numbers take; they read back as they were.
    fn check(numbers: &[i64]) -> usize {
        let mut blob = Vec::new();
        put(&mut blob, &mut numbers.to_vec());
        let mut input = Input::new(&blob);
        assert_eq!(get(&mut input, numbers.len()).unwrap(), numbers);
        input.end().unwrap();
        let mut input = Input::new(&blob);
        skip(&mut input, numbers.len()).unwrap();
        input.end().unwrap();
        blob.len()
    }

    #[test]
    fn what_counts_up_or_stays_costs_nothing() {
        assert_eq!(check(&[]), 0);
        assert_eq!(check(&[5]), 1);
        assert_eq!(check(&(1000..1256).collect::<Vec<i64>>()), 2 + 1 + 2);
        assert_eq!(check(&[7; 256]), 1 + 1 + 2);
    }

    #[test]
    fn one_far_step_does_not_widen_the_others() {
        let mut numbers: Vec<i64> = (0..256).map(|place| place * 1000 + place % 5).collect();
        let even = check(&numbers);
        for number in &mut numbers[100..] {
            *number += 3_600_000;
        }
        assert!(check(&numbers) <= even + 8, "{} and {even}", check(&numbers));
    }

    #[test]
    fn the_widest_steps_read_back() {
        check(&[i64::MIN, i64::MAX, i64::MIN, 0, -1, i64::MAX, i64::MAX, 1]);
        check(&[i64::MAX; 3]);
        for width in 0..64 {
            let numbers: Vec<i64> = (0..600).map(|place| (place & 1) << width).collect();
            check(&numbers);
        }
    }
}
