//! The column of values: decimal numbers as whole numbers of one scale, any other JSON as texts, each once.
//!
//! ```text
//! which are numbers · scale · decimals of each · numbers times 10^scale
//! · texts: how many · length of each · their bytes · which text each of the others is
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use super::bytes::{Input, put as put_number};
use super::corrupt::{Corrupt, Damage};
use super::decimal::{DIGITS_MAX, Decimal, POWERS};
use super::integers;
use super::presence::{self, Presence};
use super::summary::number;

/// Writes them; `column` is memory to work in.
pub(super) fn put<'a>(
    blob: &mut Vec<u8>,
    column: &mut Vec<i64>,
    values: impl ExactSizeIterator<Item = &'a str> + Clone,
) {
    let mut numbers: Vec<Option<Decimal>> = values.clone().map(Decimal::parse).collect();
    let scale = numbers.iter().flatten().map(|number| number.decimals).max().unwrap_or(0);
    for number in &mut numbers {
        *number = number.filter(|number| scaled(*number, scale).is_some());
    }
    presence::put(blob, numbers.iter().map(Option::is_some));
    if numbers.iter().any(Option::is_some) {
        blob.push(scale);
    }
    column.clear();
    column.extend(numbers.iter().flatten().map(|number| i64::from(number.decimals)));
    integers::put(blob, column);
    column.clear();
    column.extend(numbers.iter().flatten().filter_map(|number| scaled(*number, scale)));
    integers::put(blob, column);
    let others = values.zip(&numbers).filter(|(_, number)| number.is_none());
    put_texts(blob, column, others.map(|(value, _)| value));
}

/// The number as it would be with `scale` decimals, not fewer than it has.
fn scaled(number: Decimal, scale: u8) -> Option<i64> {
    number.mantissa.checked_mul(POWERS[usize::from(scale - number.decimals)])
}

fn put_texts<'a>(blob: &mut Vec<u8>, column: &mut Vec<i64>, values: impl Iterator<Item = &'a str>) {
    let mut places: HashMap<&str, i64> = HashMap::new();
    let mut texts: Vec<&str> = Vec::new();
    column.clear();
    for value in values {
        let next = texts.len() as i64;
        column.push(*places.entry(value).or_insert_with(|| {
            texts.push(value);
            next
        }));
    }
    put_number(blob, texts.len() as u64);
    for text in &texts {
        put_number(blob, text.len() as u64);
    }
    for text in &texts {
        blob.extend_from_slice(text.as_bytes());
    }
    integers::put(blob, column);
}

/// Values, asked for in their order.
pub(super) struct Values {
    numeric: Presence,
    scale: u8,
    decimals: std::vec::IntoIter<i64>,
    numbers: std::vec::IntoIter<i64>,
    texts: Vec<Arc<str>>,
    /// Places in `texts`.
    others: std::vec::IntoIter<i64>,
}

/// A value that was read.
enum Value<'a> {
    Number(Decimal),
    Text(&'a Arc<str>),
}

impl Values {
    /// Reads them for `count` samples. All that can be wrong with them is found here.
    pub(super) fn get(input: &mut Input<'_>, count: usize) -> Result<Values, Corrupt> {
        let numeric = Presence::get(input, count)?;
        let scale = if numeric.count() > 0 { input.byte()? } else { 0 };
        if usize::from(scale) > DIGITS_MAX {
            return Err(input.damaged_before(Damage::Decimals));
        }
        let decimals = integers::get(input, numeric.count())?;
        if decimals.iter().any(|decimals| !(0..=i64::from(scale)).contains(decimals)) {
            return Err(input.damaged_before(Damage::Decimals));
        }
        let numbers = integers::get(input, numeric.count())?;
        let texts = texts(input, count - numeric.count())?;
        let others = integers::get(input, count - numeric.count())?;
        if others.iter().any(|place| !(0..texts.len() as i64).contains(place)) {
            return Err(input.damaged_before(Damage::Text));
        }
        Ok(Values {
            numeric,
            scale,
            decimals: decimals.into_iter(),
            numbers: numbers.into_iter(),
            texts,
            others: others.into_iter(),
        })
    }

    /// The text of the next one.
    pub(super) fn text(&mut self) -> Arc<str> {
        match self.next() {
            Value::Number(number) => number.text(),
            Value::Text(text) => text.clone(),
        }
    }

    /// The number that the next one is.
    pub(super) fn number(&mut self) -> Option<f64> {
        match self.next() {
            Value::Number(number) => Some(number.number()),
            Value::Text(text) => number(text),
        }
    }

    fn next(&mut self) -> Value<'_> {
        const WHY: &str = "one was read for each sample";
        if self.numeric.next() {
            let decimals = self.decimals.next().expect(WHY) as u8;
            let scaled = self.numbers.next().expect(WHY);
            let mantissa = match self.scale - decimals {
                0 => scaled,
                more => scaled / POWERS[usize::from(more)],
            };
            Value::Number(Decimal { mantissa, decimals })
        } else {
            Value::Text(&self.texts[self.others.next().expect(WHY) as usize])
        }
    }
}

/// The list of texts, at most `count`. They are as long as they are in the input: reading takes no more memory than that.
fn texts(input: &mut Input<'_>, count: usize) -> Result<Vec<Arc<str>>, Corrupt> {
    let texts = input.unsigned()?;
    if texts > count as u64 {
        return Err(input.damaged_before(Damage::Text));
    }
    let mut lengths = Vec::with_capacity(texts as usize);
    for _ in 0..texts {
        lengths.push(usize::try_from(input.unsigned()?).unwrap_or(usize::MAX));
    }
    let text = |length| {
        let bytes = input.take(length)?;
        std::str::from_utf8(bytes).map(Arc::from).map_err(|_| input.damaged_before(Damage::Utf8))
    };
    lengths.into_iter().map(text).collect()
}
