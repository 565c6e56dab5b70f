//! What comes out, and that there is a bound to it.

use std::time::Duration;

use super::*;

/// The samples whose name and labels start like this, each with its value.
fn samples(metrics: &Metrics, start: &str) -> Vec<String> {
    metrics.exposition().lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect()
}

fn population(tenant: &str, users: u64, groups: u64) -> TenantPopulation {
    TenantPopulation { tenant: tenant.to_owned(), users, groups }
}

#[test]
fn requests_are_counted_by_their_patterns() {
    let metrics = Metrics::new();
    let route = Some(RoutePattern { mount: "/scim/v2", pattern: "/{endpoint}/{id}" });
    for (route, status, milliseconds) in [(route, 200, 3), (route, 200, 30), (None, 404, 1)] {
        let took = Duration::from_millis(milliseconds);
        metrics.answered(&Answered { method: "GET", route, status, took });
    }
    let counted = samples(&metrics, "http_requests_total");
    assert_eq!(counted.len(), 2, "{counted:?}");
    let line = r#"http_requests_total{method="GET",route="/scim/v2/{endpoint}/{id}",status="200"} 2"#;
    assert!(counted.contains(&line.to_owned()), "{counted:?}");
    assert!(counted.iter().any(|line| line.contains(r#"route="unmatched",status="404"} 1"#)), "{counted:?}");
    let slow = r#"http_request_duration_seconds_bucket{le="0.025",method="GET",route="/scim"#;
    assert!(samples(&metrics, slow).iter().all(|line| line.ends_with(" 1")), "{}", metrics.exposition());
}

#[test]
fn connections_are_counted_while_they_are_open() {
    let metrics = Metrics::new();
    let (first, second) = (metrics.connection(), metrics.connection());
    assert_eq!(samples(&metrics, "active_connections"), ["active_connections 2"]);
    drop((first, second));
    assert_eq!(samples(&metrics, "active_connections"), ["active_connections 0"]);
}

#[test]
fn tenants_have_labels_up_to_a_bound() {
    let metrics = Metrics::new();
    for number in 0..MOST_TENANTS + 500 {
        metrics.operation(&format!("t{number}"), "User", Operation::Create, Outcome::Success);
    }
    let counted = samples(&metrics, "scim_operations_total");
    assert_eq!(counted.len(), MOST_TENANTS + 1);
    let others = r#"scim_operations_total{tenant="_other",resource_type="User",operation="create",outcome="success"} 500"#;
    assert!(counted.contains(&others.to_owned()), "{:?}", counted.last());
}

#[test]
fn types_of_a_tenant_have_labels_up_to_a_bound() {
    let metrics = Metrics::new();
    for number in 0..1000 {
        metrics.operation("t", &format!("Type{number}"), Operation::Read, Outcome::Refused);
    }
    let counted = samples(&metrics, "scim_operations_total");
    assert!(counted.len() <= 33, "{}", counted.len());
    let sum: u64 = counted.iter().filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum();
    assert_eq!(sum, 1000);
}

#[test]
fn tenants_that_are_gone_make_room() {
    let metrics = Metrics::new();
    let all: Vec<_> = (0..MOST_TENANTS + 2).map(|number| population(&format!("t{number}"), 1, 2)).collect();
    metrics.population(&all);
    assert_eq!(samples(&metrics, "users_total").len(), MOST_TENANTS + 1);
    assert_eq!(samples(&metrics, r#"users_total{tenant="_other"}"#), [r#"users_total{tenant="_other"} 2"#]);
    assert_eq!(samples(&metrics, r#"groups_total{tenant="_other"}"#), [r#"groups_total{tenant="_other"} 4"#]);
    metrics.population(&all[..3]);
    assert_eq!(
        samples(&metrics, "users_total"),
        [0, 1, 2].map(|number| format!(r#"users_total{{tenant="t{number}"}} 1"#))
    );
    metrics.operation("new", "User", Operation::Create, Outcome::Success);
    metrics.population(&all[..3]);
    assert_eq!(samples(&metrics, "scim_operations_total").len(), 1, "what was never counted may be new");
    metrics.population(&all[..3]);
    assert_eq!(samples(&metrics, "scim_operations_total"), [""; 0], "it is not there the second time either");
}

#[test]
fn tenants_that_come_and_go_between_two_counts_make_room() {
    let metrics = Metrics::new();
    for number in 0..MOST_TENANTS {
        metrics.operation(&format!("t{number}"), "User", Operation::Create, Outcome::Success);
    }
    for _ in 0..2 {
        metrics.population(&[]);
    }
    metrics.operation("new", "User", Operation::Create, Outcome::Success);
    assert_eq!(samples(&metrics, r#"scim_operations_total{tenant="new""#).len(), 1);
}

#[test]
fn every_outcome_is_there_from_the_start() {
    let metrics = Metrics::new();
    metrics.authentication(Outcome::Refused);
    metrics.cache(CacheOutcome::Miss);
    assert_eq!(
        samples(&metrics, "auth_attempts_total").iter().filter(|line| line.ends_with(" 0")).count(),
        2
    );
    assert!(
        samples(&metrics, "auth_attempts_total")
            .contains(&r#"auth_attempts_total{outcome="refused"} 1"#.into())
    );
    assert!(
        samples(&metrics, "cache_requests_total")
            .contains(&r#"cache_requests_total{outcome="miss"} 1"#.into())
    );
}

#[test]
fn the_pool_is_asked_when_it_is_there() {
    let metrics = Metrics::new();
    assert_eq!(samples(&metrics, "db_pool").len(), 0);
    metrics.watch_pool(Arc::new(|| PoolFigures { max: 9, open: 5, idle: 2, waiting: 1 }));
    assert_eq!(
        samples(&metrics, "db_pool"),
        [
            r#"db_pool_connections{state="idle"} 2"#,
            r#"db_pool_connections{state="in_use"} 3"#,
            "db_pool_max_connections 9",
            "db_pool_waiting 1"
        ]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_is_measured() {
    let text = Metrics::new().exposition();
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
        "build_info{",
    ] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name}\n{text}");
    }
}
