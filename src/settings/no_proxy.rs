//! `$NO_PROXY`: the hosts that are reached without a proxy, by the rules that curl and Go share.

use std::net::IpAddr;

/// The hosts of the variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    /// `*`
    All,
    /// `10.0.0.0/8`; an address alone has all its bits.
    Network(IpAddr, u8),
    /// `example.com` is that host and those below it, `.example.com` and `*.example.com` only those below.
    Domain { name: String, itself: bool },
}

impl NoProxy {
    /// Names, addresses and networks with commas or blanks between them, each with `:port` or without. An entry that is
    /// none of these fits no host, as everywhere else; those come second.
    pub fn parse(text: &str) -> (Self, Vec<String>) {
        let (mut entries, mut wrong) = (Vec::new(), Vec::new());
        for text in text.split([',', ' ', '\t']).map(str::trim).filter(|text| !text.is_empty()) {
            match entry(text) {
                Some(entry) => entries.push(entry),
                None => wrong.push(text.to_owned()),
            }
        }
        (Self { entries }, wrong)
    }

    /// `host` as in a URL, IPv6 in brackets. Names are not looked up: an address fits only what is asked by address.
    pub fn has(&self, host: &str, port: u16) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        self.entries.iter().any(|entry| {
            entry.port.is_none_or(|own| own == port)
                && match (&entry.hosts, address) {
                    (Hosts::All, _) => true,
                    (Hosts::Network(network, bits), Some(address)) => is_within(address, *network, *bits),
                    (Hosts::Domain { name, itself }, None) => {
                        let below = host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
                        below || (*itself && host == *name)
                    }
                    _ => false,
                }
        })
    }
}

fn entry(text: &str) -> Option<Entry> {
    let text = text.to_ascii_lowercase();
    if let Some(hosts) = network(&text) {
        return Some(Entry { hosts, port: None });
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (text.as_str(), None),
    };
    if host == "*" {
        return Some(Entry { hosts: Hosts::All, port });
    }
    if let Some(hosts) = network(host.trim_start_matches('[').trim_end_matches(']')) {
        return Some(Entry { hosts, port });
    }
    let below = host.strip_prefix("*.").or_else(|| host.strip_prefix('.'));
    let name = below.unwrap_or(host).trim_end_matches('.').to_owned();
    let hosts = Hosts::Domain { itself: below.is_none(), name };
    let is_name = |name: &str| name.chars().all(|letter| letter.is_alphanumeric() || ".-_".contains(letter));
    matches!(&hosts, Hosts::Domain { name, .. } if !name.is_empty() && is_name(name)).then_some(Entry { hosts, port })
}

/// An address, or a network in CIDR form.
fn network(text: &str) -> Option<Hosts> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok().filter(|bits| *bits <= most))?;
    Some(Hosts::Network(address, bits))
}

fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let same = |left: u128, right: u128, width: u32| {
        let rest = width.saturating_sub(u32::from(bits));
        left.checked_shr(rest).unwrap_or(0) == right.checked_shr(rest).unwrap_or(0)
    };
    match (address.to_canonical(), network) {
        (IpAddr::V4(left), IpAddr::V4(right)) => same(left.to_bits().into(), right.to_bits().into(), 32),
        (IpAddr::V6(left), IpAddr::V6(right)) => same(left.to_bits(), right.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_excepted_by_name_domain_address_network_and_port() {
        for (list, host, expected) in [
            ("", "fe1", false),
            ("*", "fe1", true),
            ("fe1", "fe1", true),
            ("FE1", "fe1.", true),
            ("fe1", "fe12", false),
            ("example.com", "example.com", true),
            ("example.com", "fe1.example.com", true),
            ("example.com", "badexample.com", false),
            (".example.com", "example.com", false),
            (".example.com", "fe1.example.com", true),
            ("*.example.com", "fe1.example.com", true),
            ("*.example.com", "example.com", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.10", false),
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.20.0.0/15", "10.21.255.255", true),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "fe1", false),
            ("0.0.0.0/0", "[fe80::1]", false),
            ("fe80::/10", "[fe80::1]", true),
            ("fe80::1", "[fe80::1]", true),
            ("[fe80::1]", "[fe80::1]", true),
            ("10.0.0.0/33", "10.0.0.1", false),
            ("a, b  c,", "c", true),
            ("fe1:8030", "fe1", true),
            ("fe1:8031", "fe1", false),
            ("[fe80::1]:8030", "[fe80::1]", true),
            ("*:8031", "fe1", false),
            ("10.0.0.1:8030", "10.0.0.1", true),
            ("fe1:x", "fe1", false),
            (".", "fe1", false),
            ("10.0.0.0/99", "10.0.0.0/99", false),
        ] {
            assert_eq!(NoProxy::parse(list).0.has(host, 8030), expected, "{list:?} {host}");
        }
    }

    #[test]
    fn what_fits_no_host_is_told() {
        assert_eq!(NoProxy::parse("fe1,10.0.0.0/99 [x,a:b,.,10.0.0.0/8").1, ["10.0.0.0/99", "[x", "a:b", "."]);
    }
}
