//! A server, or the database, ends in the middle of a storm of writes: what was acknowledged is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use scim_test_postgres::{PrivateServer, Shutdown};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::server::{Server, add_member, database, set_title, user};

const WRITERS: usize = 16;
/// How long anything that is waited for may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one writer knows of its user: the last write that was acknowledged.
struct Acknowledged {
    id: String,
    title: usize,
    version: u64,
    /// The writes after the first acknowledged one whose outcome nobody knows.
    unknown: u64,
    is_member: bool,
}

/// How far all writers together have come.
struct Progress {
    acknowledged: watch::Sender<usize>,
    refused: watch::Sender<usize>,
    is_over: AtomicBool,
}

impl Progress {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            acknowledged: watch::Sender::new(0),
            refused: watch::Sender::new(0),
            is_over: AtomicBool::new(false),
        })
    }

    async fn wait(counter: &watch::Sender<usize>, least: usize) {
        let mut counter = counter.subscribe();
        let reached = timeout(PATIENCE, counter.wait_for(|count| *count >= least)).await;
        drop(reached.expect("the writers go on").expect("they count"));
    }
}

/// Writes to one user, again and again, until it is over or the server is gone. First the user
/// becomes a member of the group.
async fn write(server: Arc<Server>, group: String, id: String, progress: Arc<Progress>) -> Acknowledged {
    let mut known = Acknowledged { id, title: 0, version: 1, unknown: 0, is_member: false };
    let path = format!("/Users/{}", known.id);
    let mut title = 0;
    while !progress.is_over.load(Ordering::Relaxed) {
        let is_first = !known.is_member;
        let answer = if is_first {
            server.patch(&group, &add_member(&known.id)).await
        } else {
            title += 1;
            server.patch(&path, &set_title(&format!("title{title}"))).await
        };
        // The server is gone, and with it the knowledge what became of the last write.
        let Ok(answer) = answer else {
            known.unknown += u64::from(!is_first);
            break;
        };
        match answer.status {
            200 if is_first => {
                known.is_member = true;
            }
            200 => {
                let version = answer.version();
                let steps = version - known.version;
                assert!((1..=known.unknown + 1).contains(&steps), "{steps} steps, {} unknown", known.unknown);
                (known.title, known.version, known.unknown) = (title, version, 0);
            }
            503 => {
                assert!(answer.headers.contains_key("retry-after"), "{}", answer.body);
                known.unknown += u64::from(!is_first);
                progress.refused.send_modify(|count| *count += 1);
                continue;
            }
            status => panic!("{status} {}", answer.body),
        }
        progress.acknowledged.send_modify(|count| *count += 1);
    }
    known
}

/// Users, a group, and a writer for each user.
async fn begin(server: &Arc<Server>, progress: &Arc<Progress>) -> (String, JoinSet<Acknowledged>) {
    let group = format!("/Groups/{}", server.created_group().await);
    let mut users = Vec::new();
    for index in 0..WRITERS {
        users.push(server.created(&format!("user{index}")).await);
    }
    let mut writers = JoinSet::new();
    for id in users {
        writers.spawn(write(Arc::clone(server), group.clone(), id, Arc::clone(progress)));
    }
    (group, writers)
}

/// Everything that was acknowledged is there, and no version was skipped.
async fn check(server: &Server, group: &str, writers: &[Acknowledged]) {
    for known in writers {
        let user = server.get(&format!("/Users/{}", known.id)).await.expect(200);
        let title = user.body["title"].as_str().unwrap_or("title0");
        let title: usize = title.trim_start_matches("title").parse().expect("a number");
        let steps = user.version() - known.version;
        assert!(steps <= known.unknown, "{steps} steps, {} unknown: {}", known.unknown, user.body);
        assert!(title >= known.title, "title{} was acknowledged: {}", known.title, user.body);
        assert_eq!(steps == 0, title == known.title, "a version is a change: {}", user.body);
    }
    let group = server.get(group).await.expect(200);
    let members = group.members();
    for known in writers.iter().filter(|known| known.is_member) {
        assert!(members.contains(&known.id), "{}", known.id);
    }
    // Every change of the group added one member, and was one version.
    assert_eq!(usize::try_from(group.version()), Ok(members.len() + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_loses_nothing() {
    let database = database();
    let server = Server::start(database.url());
    let other = Server::start(database.url());
    let pid = server.pid().to_string();
    let progress = Progress::new();
    let server = Arc::new(server);
    let (group, writers) = begin(&server, &progress).await;
    Progress::wait(&progress.acknowledged, WRITERS * 8).await;
    let killed = std::process::Command::new("kill").args(["-KILL", &pid]).status().expect("kill");
    assert!(killed.success());
    let known = writers.join_all().await;
    check(&other, &group, &known).await;
    // Another takes its place.
    let again = Server::start(database.url());
    check(&again, &group, &known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_loses_nothing_and_is_taken_up_again() {
    let postgres = Arc::new(PrivateServer::start_local().expect("a PostgreSQL"));
    let server = Arc::new(Server::start(postgres.url()));
    let progress = Progress::new();
    let (group, writers) = begin(&server, &progress).await;
    Progress::wait(&progress.acknowledged, WRITERS * 8).await;

    let stopped = Arc::clone(&postgres);
    let stop = tokio::task::spawn_blocking(move || stopped.stop(Shutdown::Immediate));
    stop.await.expect("it ends").expect("it stops");
    let refused = *progress.refused.borrow();
    Progress::wait(&progress.refused, refused + WRITERS).await;
    server.probe("/health").await.expect(200);
    server.becomes_unready().await;
    let answer = server.post("/Users", &user("late")).await.expect("an answer").expect(503);
    assert!(answer.headers.contains_key("retry-after"));

    let started = Arc::clone(&postgres);
    let start = tokio::task::spawn_blocking(move || started.start_again());
    start.await.expect("it ends").expect("it starts");
    let acknowledged = *progress.acknowledged.borrow();
    Progress::wait(&progress.acknowledged, acknowledged + WRITERS * 4).await;
    server.probe("/ready").await.expect(200);
    progress.is_over.store(true, Ordering::Relaxed);
    let known = writers.join_all().await;
    check(&server, &group, &known).await;
    // The creation that was refused was not carried out behind anybody's back.
    server.created("late").await;
}
