//! Samples sent to a Prometheus by remote write, which takes what no text can say: that a series has ended.

use std::collections::BTreeMap;

/// A series by its labels, the name among them.
pub type Labels = BTreeMap<String, String>;

/// The NaN that means that a series has ended.
pub const STALE: u64 = 0x7ff0_0000_0000_0002;

/// A `WriteRequest`: milliseconds and values, oldest first.
pub fn request(series: &BTreeMap<Labels, Vec<(i64, f64)>>) -> Vec<u8> {
    let mut request = Vec::new();
    for (labels, points) in series {
        let mut one = Vec::new();
        for (name, value) in labels {
            let mut label = Vec::new();
            bytes(&mut label, 1, name.as_bytes());
            bytes(&mut label, 2, value.as_bytes());
            bytes(&mut one, 1, &label);
        }
        for (at, value) in points {
            let mut sample = vec![1 << 3 | 1];
            sample.extend(value.to_le_bytes());
            sample.push(2 << 3);
            number(&mut sample, *at as u64);
            bytes(&mut one, 2, &sample);
        }
        bytes(&mut request, 1, &one);
    }
    stored(&request)
}

/// A field of a message that is bytes.
fn bytes(message: &mut Vec<u8>, field: u8, content: &[u8]) {
    message.push(field << 3 | 2);
    number(message, content.len() as u64);
    message.extend(content);
}

fn number(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push(number as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

/// Snappy's form of a text that nothing was saved of.
fn stored(text: &[u8]) -> Vec<u8> {
    const TWO_BYTES_OF_LENGTH: u8 = 61 << 2;
    let mut block = Vec::new();
    number(&mut block, text.len() as u64);
    for piece in text.chunks(1 << 16) {
        block.push(TWO_BYTES_OF_LENGTH);
        block.extend(((piece.len() - 1) as u16).to_le_bytes());
        block.extend(piece);
    }
    block
}
