//! `client_cert` and `client_key`: as whom stellar shows itself to nodes that ask for a certificate.
//!
//! What is wrong with the two files is found before anything is asked: a server says no more than "handshake failure",
//! and the TLS library takes a pair that fits for granted.

use std::path::{Path, PathBuf};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::access::Surroundings;
use super::files::read_text;
use super::forms::FilePath;
use super::reader::{Reader, Section};
use super::secret::Secret;

/// Which of the two files is at fault, and why.
#[derive(Debug)]
pub struct Fault {
    /// `client_cert` or `client_key`.
    pub key: &'static str,
    pub reason: String,
    pub hint: &'static str,
}

/// The texts of the certificate chain and of its key, known to fit each other.
///
/// # Errors
/// When a file cannot be read or has not what it should, when the key has a passphrase, when the two do not fit.
pub fn load(cert: &Path, key: &Path) -> Result<(String, Secret), Fault> {
    let of_cert = |reason: &str| Fault {
        key: "client_cert",
        reason: reason.to_owned(),
        hint: "name a file with the certificate of stellar, and those between it and the authority, in PEM form",
    };
    let of_key = |reason: &str, hint| Fault { key: "client_key", reason: reason.to_owned(), hint };
    let plain = "name a file with the private key of `client_cert` in PEM form that this user can read";

    let cert = read_text(cert).map_err(|reason| of_cert(&reason))?;
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(cert.as_bytes()).collect();
    let chain = chain.map_err(|_| of_cert("is damaged: not PEM"))?;
    if chain.is_empty() {
        return Err(of_cert("holds no certificate in PEM form"));
    }
    let key = read_text(key).map_err(|reason| of_key(&reason, plain))?;
    if key.contains("BEGIN ENCRYPTED PRIVATE KEY") || key.contains("Proc-Type: 4,ENCRYPTED") {
        let hint = "nobody is there to type a passphrase; write the key without it: openssl pkey -in KEY -out NEW";
        return Err(of_key("is encrypted with a passphrase", hint));
    }
    let private =
        PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| of_key("holds no private key in PEM form", plain))?;
    match CertifiedKey::from_der(chain, private, &ring::default_provider()) {
        Ok(_) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok((cert, Secret::new(key))),
        Err(Error::InconsistentKeys(_)) => {
            Err(of_key("is not the key of `client_cert`", "name the key that the certificate was made for"))
        }
        Err(Error::InvalidCertificate(_)) => Err(of_cert("holds a certificate that is damaged")),
        Err(_) => Err(of_key("holds a key of a kind that is not known", "use RSA, ECDSA (P-256, P-384) or Ed25519")),
    }
}

/// Reads both keys and, with secrets, tries the files.
pub fn read(reader: &Reader<'_>, section: &Section<'_, '_>, around: &Surroundings<'_>) -> Option<(PathBuf, PathBuf)> {
    let path = FilePath(around.folder);
    let cert = section.optional("client_cert", &path, "the certificate (PEM) to show to nodes that ask for one");
    let key = section.optional("client_key", &path, "the private key (PEM) of client_cert, without a passphrase");
    for (own, other) in [("client_cert", "client_key"), ("client_key", "client_cert")] {
        if section.node(own).is_some() && section.node(other).is_none() {
            let hint = format!("add {other} = \"…\"; it may be the same file");
            reader.fault(section.place_of(own), format!("`{own}` without `{other}`"), hint);
        }
    }
    let (cert, key) = (cert?, key?);
    if around.secrets
        && let Err(fault) = load(&cert, &key)
    {
        let path = if fault.key == "client_cert" { &cert } else { &key };
        let message = format!("`{}` {}: {}", fault.key, path.display(), fault.reason);
        reader.fault(section.place_of(fault.key), message, fault.hint);
    }
    Some((cert, key))
}
