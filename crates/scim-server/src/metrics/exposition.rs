//! The text format of Prometheus (version 0.0.4), which every collector reads, from that of `OpenMetrics`,
//! which is what the registry writes.
//!
//! They differ in the comments: `OpenMetrics` names a family without the suffix of its samples, has types
//! of its own, and an end mark.

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::registry::Registry;

/// Everything in the registry.
pub(super) fn text(registry: &Registry) -> String {
    let mut metrics = String::new();
    match encode_registry(&mut metrics, registry) {
        Ok(()) => of_open_metrics(&metrics),
        // Writing to memory does not fail, and no label of ours does.
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            String::new()
        }
    }
}

fn of_open_metrics(metrics: &str) -> String {
    let mut text = String::with_capacity(metrics.len().saturating_add(1024));
    // The help comes before the type, and only that tells how the family is called.
    let mut help = "";
    for line in metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').map_or("", |(_, help)| help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            for part in ["# HELP ", name, suffix, " ", help, "\n# TYPE ", name, suffix, " ", kind, "\n"] {
                text.push_str(part);
            }
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_called_as_their_samples() {
        let metrics = "# HELP a So many.\n# TYPE a counter\na_total{x=\"# TYPE\"} 1\n\
                       # HELP b What.\n# TYPE b info\nb_info{v=\"1\"} 1\n\
                       # HELP c_total Some.\n# TYPE c_total unknown\nc_total 2\n\
                       # HELP d Long.\n# TYPE d gauge\n# UNIT d seconds\nd 1.5\n# EOF\n";
        let text = "# HELP a_total So many.\n# TYPE a_total counter\na_total{x=\"# TYPE\"} 1\n\
                    # HELP b_info What.\n# TYPE b_info gauge\nb_info{v=\"1\"} 1\n\
                    # HELP c_total Some.\n# TYPE c_total untyped\nc_total 2\n\
                    # HELP d Long.\n# TYPE d gauge\nd 1.5\n";
        assert_eq!(of_open_metrics(metrics), text);
    }
}
