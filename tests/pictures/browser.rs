//! The page in a real Chromium: what its script adds, what it forbids, and whether it can be read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use stellar::report::html::page;

use super::made::{self, HOSTILE, zone};
use super::peers::peer;

/// Presses keys, waits for nothing, and leaves what it found in an attribute; only for pages whose policy is taken off.
const DRIVER: &str = include_str!("driver.js");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Dark,
    Light,
}

struct Seen {
    /// The document after its script.
    dom: String,
    /// What the browser wrote about it.
    console: Vec<String>,
}

/// A folder of its own for each run: browsers that share one wait for each other.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("profile")).expect("a folder for the browser");
    folder
}

fn see(program: &Path, name: &str, html: &str, hash: &str, scheme: Scheme, width: u16) -> Seen {
    let folder = folder(name);
    let file = folder.join("page.html");
    fs::write(&file, html).expect("the page is written");
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--hide-scrollbars", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--blink-settings=preferredColorScheme={}", scheme as u8))
        .arg(format!("--window-size={width},1400"))
        .arg("--dump-dom")
        .arg(format!("--screenshot={}", folder.join("page.png").display()))
        .arg(format!("file://{}#{hash}", file.display()))
        .stdin(Stdio::null())
        .output()
        .expect("Chromium starts");
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(dom.contains("</html>"), "{dom}\n{said}");
    let console = said.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    Seen { dom, console }
}

/// The same page with a script of the test in it, which its policy would not let run.
fn driven(html: &str) -> String {
    let open = html.replace("http-equiv=\"Content-Security-Policy\"", "name=\"no-policy\"");
    open.replace("</body>", &format!("<script>{DRIVER}</script></body>"))
}

fn attribute<'d>(dom: &'d str, name: &str) -> &'d str {
    let start = format!("{name}=\"");
    let rest = dom.split_once(&start).map_or("", |(_, rest)| rest);
    rest.split_once('"').map_or("", |(value, _)| value)
}

#[test]
fn values_are_told_where_the_address_points() {
    let Some(chromium) = peer("chromium") else { return };
    let html = page(&made::page(3), &zone("Asia/Shanghai"));
    let seen = see(&chromium, "at", &html, "at=2026-11-21T06:00:00Z&refresh=30", Scheme::Light, 1280);
    assert_eq!(seen.console, [""; 0]);
    assert_eq!(seen.dom.matches("class=\"tip\"").count(), 36, "one for each chart");
    assert!(seen.dom.contains("<bdi>11-21 14:00</bdi>"), "{}", seen.dom);
    assert!(seen.dom.contains("<fieldset id=\"refresh\">"), "the switch is for those with scripts");
}

#[test]
fn keys_read_the_values_and_everything_can_be_read_in_light_and_dark() {
    let Some(chromium) = peer("chromium") else { return };
    let mut made = made::page(3);
    made.sections[2].charts.push(made::nodes(&["be:10001", "be:10002", "be:10003", "be:10004"]));
    let first = &made.sections[0].charts[0].lines[0].points;
    let last = first.last().expect("a value").value;
    let expected = format!("{:.0}", last);
    let html = driven(&page(&made, &zone("Asia/Shanghai")));
    let mut pictures = Vec::new();
    for (scheme, width) in [(Scheme::Light, 1280), (Scheme::Dark, 480)] {
        let name = format!("{scheme:?}");
        let seen = see(&chromium, &name, &html, "", scheme, width);
        assert_eq!(seen.console, [""; 0]);
        assert_eq!(attribute(&seen.dom, "data-scheme"), name.to_lowercase());
        assert_eq!(attribute(&seen.dom, "data-last"), format!("11-22 10:15|{expected}"), "End");
        assert_eq!(attribute(&seen.dom, "data-aloud"), format!("11-22 10:15, {expected}"), "read aloud");
        assert_eq!(attribute(&seen.dom, "data-first").split('|').next(), Some("11-21 10:16"), "Home");
        assert_eq!(attribute(&seen.dom, "data-escaped"), "0", "Escape");
        let pointed = attribute(&seen.dom, "data-pointed");
        assert!(pointed.starts_with("11-21 22:4") && pointed.contains("(average over the gap)"), "{pointed}");
        assert!(pointed.contains("restart: counters fell"), "{pointed}");
        assert_eq!(attribute(&seen.dom, "data-left"), "0", "the pointer left");
        assert_eq!(attribute(&seen.dom, "data-faint"), "", "texts with a contrast below 4.5");
        assert_eq!(attribute(&seen.dom, "data-wide"), "0", "nothing makes the page wider than the window");
        assert_eq!(attribute(&seen.dom, "data-chosen"), "#refresh=60");
        pictures.push(fs::read(folder_of(&name).join("page.png")).unwrap_or_default());
    }
    assert!(pictures.iter().all(|picture| picture.starts_with(b"\x89PNG")), "no picture");
    assert_ne!(pictures[0], pictures[1]);
}

fn folder_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser").join(name)
}

#[test]
fn names_of_others_do_nothing() {
    let Some(chromium) = peer("chromium") else { return };
    let html = page(&made::hostile(), &zone("UTC"));
    let seen = see(&chromium, "hostile", &html, "at=2026-11-21T06:00:00Z", Scheme::Light, 1280);
    assert_eq!(seen.console, [""; 0]);
    assert_eq!(seen.dom.matches("<script").count(), 1);
    assert_eq!(seen.dom.matches("<img").count(), 0);
    assert!(seen.dom.contains("<title>&lt;/title&gt;"), "{}", seen.dom);
    assert!(seen.dom.contains(HOSTILE[3]) && seen.dom.contains("שלום"));
    assert!(seen.dom.contains("class=\"tip\""));
}

/// So that the test above cannot pass because nothing is noticed.
#[test]
fn what_gets_in_all_the_same_is_stopped_by_the_policy() {
    let Some(chromium) = peer("chromium") else { return };
    let html = page(&made::page(3), &zone("UTC"));
    let bad =
        "<script>document.title='pwned'</script><img src=\"http://127.0.0.1:9/x\"><p onclick=\"1\" style=\"top:0\">";
    let seen = see(&chromium, "policy", &html.replace("<footer>", &format!("<footer>{bad}")), "", Scheme::Light, 1280);
    assert!(!seen.dom.contains("<title>pwned"));
    for what in ["script", "image", "inline style"] {
        let noticed = |line: &String| line.contains(what) && line.contains("Content Security Policy");
        assert!(seen.console.iter().any(noticed), "{what}: {:?}", seen.console);
    }
}
