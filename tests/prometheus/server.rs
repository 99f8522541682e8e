//! A Prometheus of its own for a test: on a free port of loopback, with nothing but what the test gives it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::peers::peer;

/// One element of an answer: the labels, `__name__` among them if there is one, and the value.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// The two programs, or nothing after noting that the calling test was not run.
pub struct Programs {
    prometheus: PathBuf,
    promtool: PathBuf,
}

impl Programs {
    pub fn find() -> Option<Self> {
        Some(Self { prometheus: peer("prometheus")?, promtool: peer("promtool")? })
    }
}

/// Ends with the value.
pub struct Prometheus {
    process: Child,
    base: String,
    client: ureq::Agent,
    /// Configuration, data and log; goes last.
    _folder: TempDir,
}

impl Prometheus {
    /// Scrapes these instances every second.
    pub fn scraping(programs: &Programs, jobs: &[(&str, Vec<String>)]) -> Self {
        let mut config = "global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n".to_owned();
        for (job, instances) in jobs {
            config += &format!("- job_name: {job}\n  static_configs:\n  - targets: {instances:?}\n");
        }
        Self::start(programs, &config, |_| {})
    }

    /// Scrapes nothing and holds the samples of a text in OpenMetrics.
    pub fn holding(programs: &Programs, samples: &str) -> Self {
        Self::start(programs, "scrape_configs: []\n", |data| {
            let text = data.with_extension("om");
            fs::write(&text, samples).expect("the samples are written");
            let mut promtool = Command::new(&programs.promtool);
            promtool.args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"]).arg(&text).arg(data);
            let output = promtool.output().expect("promtool runs");
            assert!(output.status.success(), "promtool: {}", String::from_utf8_lossy(&output.stderr));
        })
    }

    /// Scrapes nothing and takes this request of remote write.
    pub fn receiving(programs: &Programs, request: &[u8]) -> Self {
        let started = Self::start(programs, "scrape_configs: []\n", |_| {});
        let headers = [
            ("Content-Encoding", "snappy"),
            ("Content-Type", "application/x-protobuf"),
            ("X-Prometheus-Remote-Write-Version", "0.1.0"),
        ];
        let post = started.client.post(format!("{}/api/v1/write", started.base));
        let post = headers.into_iter().fold(post, |post, (name, value)| post.header(name, value));
        let mut answer = post.send(request).expect("an answer");
        assert_eq!(answer.status(), 204, "{:?}", answer.body_mut().read_to_string());
        started
    }

    fn start(programs: &Programs, config: &str, fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, data, log) =
            (folder.path().join("prometheus.yml"), folder.path().join("data"), folder.path().join("log"));
        fs::write(&file, config).expect("the configuration is written");
        fs::create_dir(&data).expect("the folder for the data");
        fill(&data);
        let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
        let mut process = Command::new(&programs.prometheus)
            .args([flag("config.file", &file), flag("storage.tsdb.path", &data)])
            .args(["--web.listen-address=127.0.0.1:0", "--storage.tsdb.retention.time=10y", "--log.format=logfmt"])
            .arg("--web.enable-remote-write-receiver")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("the log"))
            .spawn()
            .expect("prometheus starts");
        let address = until("prometheus listens", || {
            let said = fs::read_to_string(&log).unwrap_or_default();
            if let Ok(Some(status)) = process.try_wait() {
                panic!("prometheus ended with {status}:\n{said}");
            }
            let line = said.lines().find(|line| line.contains("msg=\"Listening on\""))?;
            line.split_ascii_whitespace().find_map(|word| word.strip_prefix("address=")).map(str::to_owned)
        });
        let client: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let started = Self { process, base: format!("http://{address}"), client, _folder: folder };
        until("prometheus is ready", || {
            let answer = started.client.get(format!("{}/-/ready", started.base)).call();
            answer.ok().filter(|answer| answer.status() == 200)
        });
        started
    }

    /// What an expression gives at a moment, by default at present; the error is Prometheus's own.
    pub fn query(&self, expression: &str, at: Option<i64>) -> Result<Vec<Found>, String> {
        let mut form = vec![("query", expression.to_owned())];
        form.extend(at.map(|at| ("time", at.to_string())));
        let data = self.data("query", form)?;
        let result = &data["result"];
        if data["resultType"] == "scalar" {
            return Ok(vec![Found { labels: BTreeMap::new(), value: value(result) }]);
        }
        let elements = result.as_array().expect("a vector").iter();
        Ok(elements.map(|one| Found { labels: labels(&one["metric"]), value: value(&one["value"]) }).collect())
    }

    /// Whether a text is an expression that has a value; a range of samples is none. What goes wrong with the samples is
    /// no matter.
    pub fn understands(&self, text: &str) -> bool {
        match self.data("query", vec![("query", text.to_owned()), ("time", "1".to_owned())]) {
            Ok(data) => data["resultType"] != "matrix",
            Err(error) => !error.starts_with("invalid parameter"),
        }
    }

    /// What an expression gives again and again: by the second, and there by the labels as they are shown.
    pub fn query_range(
        &self,
        expression: &str,
        start: i64,
        end: i64,
        step: i64,
    ) -> Result<BTreeMap<i64, BTreeMap<String, f64>>, String> {
        let numbers = [("start", start), ("end", end), ("step", step)].map(|(name, value)| (name, value.to_string()));
        let data = self.data("query_range", numbers.into_iter().chain([("query", expression.to_owned())]).collect())?;
        let mut all: BTreeMap<i64, BTreeMap<String, f64>> = BTreeMap::new();
        for one in data["result"].as_array().expect("a matrix") {
            let labels = format!("{:?}", labels(&one["metric"]));
            for point in one["values"].as_array().expect("points") {
                let at = point[0].as_f64().expect("seconds") as i64;
                all.entry(at).or_default().insert(labels.clone(), value(point));
            }
        }
        Ok(all)
    }

    /// The `data` object at a moment, in milliseconds.
    pub fn vector(&self, expression: &str, at: i64) -> Value {
        let time = format!("{}.{:03}", at / 1000, at % 1000);
        let form = vec![("query", expression.to_owned()), ("time", time)];
        self.data("query", form).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The `data` object for a range; times and the step in seconds.
    pub fn matrix(&self, expression: &str, range: [f64; 3]) -> Value {
        let mut form = vec![("query", expression.to_owned())];
        form.extend(["start", "end", "step"].into_iter().zip(range.map(|number| number.to_string())));
        self.data("query_range", form).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    fn data(&self, path: &str, form: Vec<(&str, String)>) -> Result<Value, String> {
        let answer = self.client.post(format!("{}/api/v1/{path}", self.base)).send_form(form);
        let text = answer.and_then(|mut answer| answer.body_mut().with_config().limit(1 << 28).read_to_string());
        let mut answer: Value = serde_json::from_str(&text.expect("an answer")).expect("JSON");
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["data"].take()),
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The number of a point, which is in quotes.
fn value(point: &Value) -> f64 {
    point[1].as_str().and_then(|text| text.parse().ok()).expect("a number in quotes")
}

fn labels(object: &Value) -> BTreeMap<String, String> {
    let pairs = object.as_object().expect("labels").iter();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// Asks until there is an answer. A minute is more than any machine needs and less than forever.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "waited a minute and never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
