//! What a browser may do with the page: nothing but its own style and its own script, told by their hashes.

use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;

/// No address is allowed, not even that of the page; an inline script that is not ours has another hash.
pub fn policy(style: &str, script: &str) -> String {
    let (style, script) = (allowed(style), allowed(script));
    format!(
        "default-src 'none'; style-src {style}; script-src {script}; img-src data:; base-uri 'none'; form-action 'none'"
    )
}

fn allowed(text: &str) -> String {
    // The library that speaks TLS has SHA-256; that is how its cipher suites offer it.
    match TLS13_AES_128_GCM_SHA256.tls13() {
        Some(suite) => format!("'sha256-{}'", base64(suite.common.hash_provider.hash(text.as_bytes()).as_ref())),
        None => "'none'".to_owned(),
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let whole = (0..3).fold(0u32, |whole, at| whole << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for place in 0..4 {
            let letter = LETTERS.get((whole >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_written_as_browsers_read_them() {
        assert_eq!(base64(b"abc") + &base64(b"ab") + &base64(b"a"), "YWJjYWI=YQ==");
        assert_eq!(allowed("abc"), "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='");
    }
}
