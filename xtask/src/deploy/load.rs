//! Writes from several clients while a server is killed and PostgreSQL is restarted. Whatever was acknowledged
//! has to be there at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::curl::{Client, Request};
use super::docker;
use super::smoke::{PATCH, USER};
use super::stack::{Stack, wait};

/// Clients that write at the same time.
const CLIENTS: usize = 6;
/// How many more writes are acknowledged before and after each disturbance.
const WRITES: usize = 200;
/// How long these may take: a disturbance is over well before.
const PHASE_TIMEOUT: Duration = Duration::from_secs(180);
/// The server that is killed.
const VICTIM: &str = "scim-2";
/// How many users a page has when they are read back: as many as the server gives.
const PAGE: usize = 200;

/// What the clients did.
#[derive(Debug, Default)]
struct Written {
    /// The users that were acknowledged, by id, with their names.
    users: BTreeMap<String, String>,
    /// Those of them whose membership of the group was acknowledged.
    members: BTreeSet<String>,
    /// Answers that refused a write, by status.
    refused: BTreeMap<u16, usize>,
    /// Requests without an answer.
    unanswered: usize,
    /// When the last write was acknowledged, and the longest time between two of them.
    last: Option<Instant>,
    longest: Duration,
}

/// What the clients share.
struct Run<'a> {
    client: &'a Client,
    group: String,
    written: Mutex<Written>,
    acknowledged: AtomicUsize,
    is_over: AtomicBool,
}

/// Runs the load with its disturbances and reads everything back.
///
/// # Errors
/// When writes do not go on after a disturbance, or an acknowledged one is lost.
pub(super) fn run(stack: &Stack) -> Result<()> {
    let group =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Acknowledged"});
    let group = stack.client().expect(201, &Request::with("POST", "/scim/v2/Groups", &group))?;
    let run = Run {
        client: stack.client(),
        group: text(&group, "id")?,
        written: Mutex::default(),
        acknowledged: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let run = &run;
            scope.spawn(move || run.write(number));
        }
        let disturbed = run.disturb(stack);
        run.is_over.store(true, Ordering::Relaxed);
        disturbed
    })?;
    run.judge()
}

impl Run<'_> {
    /// Kills a server and restarts the database while the clients write.
    fn disturb(&self, stack: &Stack) -> Result<()> {
        self.more_writes("before")?;
        docker::output(["kill", &stack.container(VICTIM)?])?;
        self.more_writes("after a server was killed")?;
        docker::output(["restart", &stack.container("postgres")?])?;
        self.more_writes("after PostgreSQL was restarted")?;
        docker::output(["start", &stack.container(VICTIM)?])?;
        stack.wait_until_healthy(VICTIM)?;
        self.more_writes("after the server was started again")?;
        stack.wait_until_ready()
    }

    /// Waits until so and so many more writes are acknowledged.
    fn more_writes(&self, when: &str) -> Result<()> {
        self.with(|written| (written.last, written.longest) = (Some(Instant::now()), Duration::ZERO))?;
        let wanted = self.acknowledged.load(Ordering::Relaxed).saturating_add(WRITES);
        let start = Instant::now();
        wait(PHASE_TIMEOUT, || Ok(self.acknowledged.load(Ordering::Relaxed) >= wanted))
            .with_context(|| format!("{when}, writes do not go on"))?;
        let (longest, refused, unanswered) =
            self.with(|written| (written.longest, written.refused.clone(), written.unanswered))?;
        println!(
            "load: {WRITES} writes {when} in {:.1} s, the longest pause {:.1} s; until now refused {refused:?}, \
             without an answer {unanswered}",
            start.elapsed().as_secs_f64(),
            longest.as_secs_f64()
        );
        Ok(())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Written) -> T) -> Result<T> {
        Ok(work(&mut *self.written.lock().ok().context("a client panicked")?))
    }

    /// Creates users and puts them into the group until it is over.
    fn write(&self, number: usize) {
        let mut count = 0_usize;
        while !self.is_over.load(Ordering::Relaxed) {
            count = count.saturating_add(1);
            let name = format!("load-{number}-{count}@example.com");
            let body = json!({"schemas": [USER], "userName": name});
            let created = self.send(&Request::with("POST", "/scim/v2/Users", &body));
            let Some(id) = created.and_then(|user| text(&user, "id").ok()) else { continue };
            let _known = self.with(|written| written.users.insert(id.clone(), name));
            let add = json!({"op": "add", "path": "members", "value": [{"value": id}]});
            let patch = json!({"schemas": [PATCH], "Operations": [add]});
            let path = format!("/scim/v2/Groups/{}", self.group);
            let request =
                Request { headers: &["Prefer: return=minimal"], ..Request::with("PATCH", &path, &patch) };
            if self.send(&request).is_some() {
                let _known = self.with(|written| written.members.insert(id));
            }
        }
    }

    /// Sends a write; gives the answer's body when it was acknowledged.
    fn send(&self, request: &Request<'_>) -> Option<Value> {
        let answer = self.client.send(request);
        let acknowledged = self.with(|written| match &answer {
            Ok(answer) if (200..300).contains(&answer.status) => {
                let now = Instant::now();
                let pause = written.last.map_or(Duration::ZERO, |last| now.duration_since(last));
                written.longest = written.longest.max(pause);
                written.last = Some(now);
                answer.expect(answer.status).ok()
            }
            Ok(answer) => {
                let count = written.refused.entry(answer.status).or_default();
                *count = count.saturating_add(1);
                None
            }
            Err(_) => {
                written.unanswered = written.unanswered.saturating_add(1);
                None
            }
        });
        let acknowledged = acknowledged.ok().flatten();
        if acknowledged.is_some() {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        } else {
            // There is nobody to answer at the moment: asking at once would only be in the way.
            thread::sleep(Duration::from_millis(50));
        }
        acknowledged
    }

    /// Reads everything back, and compares.
    fn judge(self) -> Result<()> {
        let written = self.written.into_inner().ok().context("a client panicked")?;
        // Every name is sent once: one that is taken was sent twice, by nginx.
        let unexpected: Vec<_> = written.refused.iter().filter(|(status, _)| **status < 500).collect();
        ensure!(unexpected.is_empty(), "writes were refused with {unexpected:?}");
        let users = users(self.client)?;
        let lost: Vec<_> = written.users.iter().filter(|(id, name)| users.get(*id) != Some(*name)).collect();
        ensure!(lost.is_empty(), "{} acknowledged users are lost: {lost:?}", lost.len());
        let members = members(self.client, &self.group)?;
        let lost: Vec<_> = written.members.difference(&members).collect();
        ensure!(lost.is_empty(), "{} acknowledged members are lost: {lost:?}", lost.len());
        println!(
            "load: all of {} acknowledged users and {} acknowledged members are there; refused {:?}, without \
             an answer {}",
            written.users.len(),
            written.members.len(),
            written.refused,
            written.unanswered
        );
        Ok(())
    }
}

/// All users, by id, with their names.
fn users(client: &Client) -> Result<BTreeMap<String, String>> {
    let mut users = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/scim/v2/Users?attributes=userName&count={PAGE}&cursor={cursor}");
        let page = client.expect(200, &Request::new("GET", &path))?;
        for user in page.get("Resources").and_then(Value::as_array).into_iter().flatten() {
            users.insert(text(user, "id")?, text(user, "userName")?);
        }
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(next) => next.clone_into(&mut cursor),
            None => return Ok(users),
        }
    }
}

/// The ids of a group's members.
fn members(client: &Client, group: &str) -> Result<BTreeSet<String>> {
    let group = client.expect(200, &Request::new("GET", &format!("/scim/v2/Groups/{group}")))?;
    let members = group.get("members").and_then(Value::as_array).into_iter().flatten();
    members.map(|member| text(member, "value")).collect()
}

fn text(value: &Value, key: &str) -> Result<String> {
    Ok(value.get(key).and_then(Value::as_str).with_context(|| format!("no {key} in {value}"))?.to_owned())
}
