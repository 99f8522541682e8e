//! What a browser may do with the page: nothing but its own style and its own script, told by their hashes.

use crate::base64::base64;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_written_as_browsers_read_them() {
        assert_eq!(allowed("abc"), "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='");
    }
}
