//! Moments of a cluster in order: what each node shows, and who is down.

use super::clock::printed;
use super::cluster::Cluster;
use super::frontend_pages::{beside, without_lead};
use super::page::{BackendPages, Page};
use super::recorded;
use super::world::{Backend, Frontend, World, rows, scale_of, set};

/// When the first page was recorded: 2026-11-22T02:28:58Z.
pub const START: i64 = 1_795_314_538;
/// Seconds between two recorded pages.
pub const STEP: i64 = 25;

/// The frontends and backends as they are at one time.
#[derive(Clone)]
pub struct Moment {
    /// Unix seconds.
    pub at: i64,
    pub frontends: Vec<Frontend>,
    pub backends: Vec<Backend>,
    pub leader: Option<usize>,
}

/// A cluster and the moments it can be put into.
pub struct Timeline {
    pub cluster: Cluster,
    pub moments: Vec<Moment>,
}

impl Timeline {
    /// Puts the whole cluster into moment `index`; gives its unix time in seconds. Any order will do.
    pub fn step(&self, index: usize) -> i64 {
        let moment = self.moments[index].clone();
        self.cluster.edit(|world| {
            world.frontends = moment.frontends;
            world.backends = moment.backends;
            world.leader = moment.leader;
        });
        moment.at
    }

    pub fn len(&self) -> usize {
        self.moments.len()
    }
}

/// Three frontends and three backends through five minutes, at the recorded times; see `demo_cluster_at`.
pub fn demo_cluster() -> Timeline {
    demo_cluster_at(START, STEP)
}

/// The same twelve moments, `step` seconds apart, the first at `start` (unix seconds).
///
/// Moments count from 0. At 5 backend 100002 dies, from 6 on the leader says so, at 8 it is back with counters that
/// began anew. At 9 the follower is down, at 10 it is back.
pub fn demo_cluster_at(start: i64, step: i64) -> Timeline {
    let cluster = Cluster::start(3, 3);
    let mut story = Story::new(cluster.world(), start, step);
    let moments = (0..12).map(|index| story.moment(index)).collect();
    let timeline = Timeline { cluster, moments };
    timeline.step(0);
    timeline
}

const DYING: usize = 1;
const DIES_AT: i64 = 5;
const DECLARED_AT: i64 = 6;
const BACK_AT: i64 = 8;
const FOLLOWER: usize = 1;
const FOLLOWER_DOWN_AT: i64 = 9;
const FOLLOWER_BACK_AT: i64 = 10;
/// A process that was restarted has been up so long when its moment comes.
const UP_FOR: i64 = 10;

struct Story {
    world: World,
    start: i64,
    step: i64,
    leader: Vec<Page>,
    beside: [Page; 2],
    restarted: Vec<Page>,
    backends: BackendPages,
}

impl Story {
    fn new(mut world: World, start: i64, step: i64) -> Self {
        let page = |name: &str| Page::parse(&recorded(name));
        for frontend in &mut world.frontends {
            set(&mut frontend.row, "StartTime", &printed(start - 32, world.zone));
        }
        for backend in &mut world.backends {
            // The recorded page has an uptime of an hour.
            set(&mut backend.row, "LastStartTime", &printed(start - 3600, world.zone));
        }
        Self {
            world,
            start,
            step,
            leader: (1..=12).map(|n| page(&format!("21_live_series/metrics_{n:02}.body"))).collect(),
            beside: [page("32_3fe_follower/metrics.body"), page("32_3fe_observer/metrics.body")],
            restarted: (1..=3).map(|n| page(&format!("31_restart/metrics_after_{n}.body"))).collect(),
            backends: BackendPages::new(&recorded("be_metrics_1.txt"), &recorded("be_metrics_2.txt")),
        }
    }

    fn moment(&mut self, index: i64) -> Moment {
        let at = self.start + index * self.step;
        self.load_figures(index);
        self.fates(index, at);
        self.world.tick(at);
        self.pages(index);
        self.world.recount();
        let World { frontends, backends, leader, .. } = self.world.clone();
        Moment { at, frontends, backends, leader }
    }

    /// Figures of the backends' rows, from those recorded six seconds apart; a dead one keeps its last.
    fn load_figures(&mut self, index: i64) {
        if index == 0 {
            return;
        }
        // Two recordings in which all three live: at first and after the death.
        let name = if index % 2 == 1 { "40_be_down/backends_1.body" } else { "40_be_down/backends_revived.body" };
        let figures = rows(name);
        for (backend, figure) in self.world.backends.iter_mut().zip(figures) {
            if backend.down {
                continue;
            }
            for (column, value) in figure {
                let steady = ["IP", "Port", "LastStartTime", "Id", "Alive", "ErrMsg", "StatusCode", "LastHeartbeat"];
                if !steady.iter().any(|part| column.contains(part)) {
                    backend.row.insert(column, value);
                }
            }
        }
    }

    fn fates(&mut self, index: i64, at: i64) {
        match index {
            // It died ten seconds ago: two heartbeats missed, the third will tell.
            DIES_AT => {
                self.world.tick(at - UP_FOR);
                self.world.backends[DYING].down = true;
            }
            DECLARED_AT => self.world.declare_dead(DYING),
            BACK_AT => {
                self.world.backends[DYING].down = false;
                self.world.declare_alive(DYING, at - UP_FOR);
            }
            FOLLOWER_DOWN_AT => {
                self.world.tick(at - 2 * UP_FOR);
                let follower = &mut self.world.frontends[FOLLOWER];
                follower.down = true;
                set(&mut follower.row, "Alive", "false");
                set(&mut follower.row, "ErrMsg", "java.net.ConnectException: Connection refused");
            }
            FOLLOWER_BACK_AT => {
                let started = printed(at - UP_FOR, self.world.zone);
                let follower = &mut self.world.frontends[FOLLOWER];
                follower.down = false;
                set(&mut follower.row, "Alive", "true");
                set(&mut follower.row, "ErrMsg", "");
                set(&mut follower.row, "StartTime", &started);
            }
            _ => {}
        }
    }

    fn pages(&mut self, index: i64) {
        let leader = &self.leader[index as usize];
        let frontends = [
            leader.clone(),
            match usize::try_from(index - FOLLOWER_BACK_AT) {
                Ok(since) => without_lead(&self.restarted[since], leader),
                Err(_) => beside(leader, &self.leader[0], &self.beside[0], 0.5),
            },
            beside(leader, &self.leader[0], &self.beside[1], 0.25),
        ];
        for (own, (frontend, page)) in self.world.frontends.iter_mut().zip(frontends).enumerate() {
            frontend.page = page.render().into();
            let journal = page.text("starrocks_fe_max_journal_id").unwrap_or("0").to_owned();
            if own != FOLLOWER || index != FOLLOWER_DOWN_AT {
                set(&mut frontend.row, "ReplayedJournalId", &journal);
            }
        }
        let seconds = (index * self.step) as f64;
        for (own, backend) in self.world.backends.iter_mut().enumerate() {
            let restarted = own == DYING && index >= BACK_AT;
            let since_restart = restarted.then(|| ((index - BACK_AT) * self.step + UP_FOR) as f64);
            backend.page = self.backends.at(seconds, scale_of(own), since_restart).render().into();
        }
    }
}
