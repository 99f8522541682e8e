//! TLS before a node of a replayed cluster, with certificates made by openssl(1) when a test needs them.
#![allow(dead_code, reason = "every target compiles its own copy and uses a part of it")]

use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::exchange::Message;
use super::peers::peer;

/// An authority that issues certificates into a folder: `ca.pem`, and `NAME.pem` with `NAME.key` for each name.
pub struct Authority {
    openssl: PathBuf,
    folder: PathBuf,
}

impl Authority {
    /// `None` when there is no openssl(1).
    pub fn new(folder: &Path) -> Option<Self> {
        let authority = Self { openssl: peer("openssl")?, folder: folder.to_owned() };
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key"];
        authority
            .openssl(&[&["req", "-x509", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority"], &key[..]].concat());
        Some(authority)
    }

    /// Runs openssl(1) in the folder.
    pub fn openssl(&self, words: &[&str]) {
        let output = Command::new(&self.openssl).args(words).current_dir(&self.folder).output();
        let output = output.expect("openssl starts");
        assert!(output.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A certificate for a host or a client.
    pub fn issue(&self, name: &str) {
        let file = |ending: &str| format!("{name}.{ending}");
        let (key, request, certificate) = (file("key"), file("csr"), file("pem"));
        let (subject, host) = (format!("/CN={name}"), format!("subjectAltName=DNS:{name}"));
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &request,
            "-subj",
            &subject,
            "-addext",
            &host,
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-copy_extensions",
            "copy",
            "-out",
            &certificate,
        ]);
    }

    /// The certificate of a name once more, valid between two days: `20200101`.
    pub fn reissue(&self, name: &str, from: &str, until: &str) {
        let config = format!(
            "[ca]\ndefault_ca = d\n[d]\ndatabase = index\nserial = serial\nnew_certs_dir = .\ncertificate = ca.pem\n\
             private_key = ca.key\ndefault_md = sha256\npolicy = p\nx509_extensions = e\nunique_subject = no\n\
             [p]\ncommonName = supplied\n[e]\nsubjectAltName = DNS:{name}\n"
        );
        for (file, text) in [("ca.conf", config.as_str()), ("index", ""), ("serial", "01")] {
            std::fs::write(self.folder.join(file), text).expect("a file");
        }
        let (request, certificate) = (format!("{name}.csr"), format!("{name}.pem"));
        let (from, until) = (format!("{from}000000Z"), format!("{until}000000Z"));
        let words = ["ca", "-batch", "-notext", "-config", "ca.conf", "-startdate", &from, "-enddate", &until];
        self.openssl(&[&words[..], &["-in", &request, "-out", &certificate]].concat());
    }

    fn certificates(&self, name: &str) -> Vec<CertificateDer<'static>> {
        let path = self.folder.join(name);
        CertificateDer::pem_file_iter(path).expect("the file").map(|item| item.expect("PEM")).collect()
    }

    /// Serves a node with the certificate of a name; `asks` is whether clients have to show one of this authority.
    pub fn serve(&self, name: &str, node: SocketAddr, asks: bool) -> SocketAddr {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let builder = if asks {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(self.certificates("ca.pem"));
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from_pem_file(self.folder.join(format!("{name}.key"))).expect("the key");
        let config = builder.with_single_cert(self.certificates(&format!("{name}.pem")), key).expect("a certificate");
        let (config, listener) = (Arc::new(config), TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
        let address = listener.local_addr().expect("its address");
        // It ends with the process: tests start few.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = Arc::clone(&config);
                thread::spawn(move || {
                    let connection = ServerConnection::new(config).ok()?;
                    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
                    let message = Message::read(&mut stream)?;
                    let path = message.first.split(' ').nth(1)?.to_owned();
                    let answer = message.answer_of(node, &path).ok()?;
                    let mut stream = stream.into_inner();
                    stream.write_all(&answer).ok()?;
                    stream.conn.send_close_notify();
                    stream.flush().ok()
                });
            }
        });
        address
    }
}
