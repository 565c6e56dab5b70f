//! The settings of what operators are shown: metrics, the log in files, and traces.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use super::reader::Reader;
use super::{Purpose, keys, values};

/// What operators are shown.
#[derive(Debug)]
pub struct TelemetrySettings {
    /// `METRICS_ENABLED`
    pub metrics_enabled: bool,
    /// `LOG_DIR`
    pub log_dir: Option<PathBuf>,
    /// Where traces go, with `TRACING_ENABLED`.
    pub tracing: Option<TracingSettings>,
}

/// Where traces go, and which.
#[derive(Debug)]
pub struct TracingSettings {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, without a slash at its end.
    pub endpoint: String,
    /// `OTEL_EXPORTER_OTLP_PROTOCOL`
    pub protocol: OtlpProtocol,
    /// `OTEL_SERVICE_NAME`
    pub service_name: String,
    /// `OTEL_TRACES_SAMPLER`, with its `OTEL_TRACES_SAMPLER_ARG`.
    pub sampler: TracesSampler,
}

/// How spans are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// Protobuf over HTTP.
    Http,
    /// gRPC.
    Grpc,
}

impl OtlpProtocol {
    /// Where spans go unless the settings say otherwise.
    fn default_endpoint(self) -> &'static str {
        match self {
            Self::Http => "http://localhost:4318",
            Self::Grpc => "http://localhost:4317",
        }
    }
}

impl fmt::Display for OtlpProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http/protobuf",
            Self::Grpc => "grpc",
        })
    }
}

/// Which requests are traced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TracesSampler {
    /// All.
    AlwaysOn,
    /// None.
    AlwaysOff,
    /// This part of them.
    Ratio(f64),
    /// Those that the caller traces, and all that have no trace yet.
    ParentBasedAlwaysOn,
    /// Those that the caller traces.
    ParentBasedAlwaysOff,
    /// Those that the caller traces, and this part of those that have no trace yet.
    ParentBasedRatio(f64),
}

/// What `LOG_DIR` takes.
const DIRECTORY: &str = "a directory that can be written to";

/// Reads everything about metrics and the log in files. Whoever serves is to be able to write to that.
pub(super) fn read(reader: &mut Reader<'_>, purpose: Purpose) -> TelemetrySettings {
    let metrics_enabled = reader.or_default(&keys::METRICS_ENABLED, values::SWITCH, values::switch, true);
    let directory = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    let shown = |directory: &PathBuf| directory.display().to_string();
    let log_dir = reader.optional(&keys::LOG_DIR, DIRECTORY, directory, shown, "none");
    if let Some(directory) = log_dir.as_deref().filter(|_| purpose == Purpose::Serving)
        && let Err(error) = try_to_write(directory)
    {
        let shown = directory.display();
        reader.fault(format!("LOG_DIR: got '{shown}'; expected {DIRECTORY}, but: {error}"));
    }
    TelemetrySettings { metrics_enabled, log_dir, tracing: tracing(reader) }
}

const PROTOCOL: &str = "http/protobuf or grpc";
const SERVICE_NAME: &str = "a name, at most 255 characters";
const DEFAULT_SERVICE_NAME: &str = "scim-server";
const SAMPLER: &str = "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or \
     parentbased_traceidratio";
const DEFAULT_SAMPLER: &str = "parentbased_always_on";
const RATIO: &str = "a number from 0 to 1";
const DEFAULT_RATIO: f64 = 1.0;

/// Reads everything about traces, which is checked where they are off as well.
fn tracing(reader: &mut Reader<'_>) -> Option<TracingSettings> {
    let is_enabled = reader.or_default(&keys::TRACING_ENABLED, values::SWITCH, values::switch, false);
    let protocol = reader.or_default(
        &keys::OTEL_EXPORTER_OTLP_PROTOCOL,
        PROTOCOL,
        |text| [OtlpProtocol::Http, OtlpProtocol::Grpc].into_iter().find(|one| one.to_string() == text),
        OtlpProtocol::Http,
    );
    let endpoint = reader.or_default(
        &keys::OTEL_EXPORTER_OTLP_ENDPOINT,
        values::URL,
        values::url,
        protocol.default_endpoint().to_owned(),
    );
    let name = |text: &str| (1..=255).contains(&text.chars().count()).then(|| text.to_owned());
    let service_name =
        reader.or_default(&keys::OTEL_SERVICE_NAME, SERVICE_NAME, name, DEFAULT_SERVICE_NAME.to_owned());
    let known = |text: &str| sampler(text, DEFAULT_RATIO).map(|_| text.to_owned());
    let sampler_name =
        reader.or_default(&keys::OTEL_TRACES_SAMPLER, SAMPLER, known, DEFAULT_SAMPLER.to_owned());
    let ratio = |text: &str| text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    let ratio = reader.or_default(&keys::OTEL_TRACES_SAMPLER_ARG, RATIO, ratio, DEFAULT_RATIO);
    let sampler = sampler(&sampler_name, ratio)?;
    is_enabled.then_some(TracingSettings { endpoint, protocol, service_name, sampler })
}

/// The sampler of this name (the OpenTelemetry specification, "General SDK Configuration").
fn sampler(name: &str, ratio: f64) -> Option<TracesSampler> {
    Some(match name {
        "always_on" => TracesSampler::AlwaysOn,
        "always_off" => TracesSampler::AlwaysOff,
        "traceidratio" => TracesSampler::Ratio(ratio),
        "parentbased_always_on" => TracesSampler::ParentBasedAlwaysOn,
        "parentbased_always_off" => TracesSampler::ParentBasedAlwaysOff,
        "parentbased_traceidratio" => TracesSampler::ParentBasedRatio(ratio),
        _ => return None,
    })
}

/// Makes the directory where it is not there, and a file in it, which is removed at once.
fn try_to_write(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    let file = directory.join(format!(".scim-server-{}", std::process::id()));
    fs::write(&file, [])?;
    fs::remove_file(file)
}

#[cfg(test)]
mod tests {
    use super::super::{Environment, Flags, Settings};
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<TelemetrySettings, String> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let settings = Settings::read(&Flags::default(), &Environment::new(variables), Purpose::Tool);
        settings
            .map(|settings| settings.telemetry)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    fn traced(variables: &[(&str, &str)]) -> TracingSettings {
        let variables = [&[("TRACING_ENABLED", "true")], variables].concat();
        read(&variables).expect("valid").tracing.expect("traces")
    }

    #[test]
    fn metrics_are_on_and_the_rest_is_off() {
        let settings = read(&[]).expect("valid");
        assert!(settings.metrics_enabled && settings.log_dir.is_none() && settings.tracing.is_none());
        assert!(!read(&[("METRICS_ENABLED", "false")]).expect("valid").metrics_enabled);
        let log_dir = read(&[("LOG_DIR", "/var/log/scim")]).expect("valid").log_dir;
        assert_eq!(log_dir.as_deref(), Some(Path::new("/var/log/scim")));
    }

    #[test]
    fn traces_go_where_they_are_sent() {
        let settings = traced(&[]);
        assert_eq!(
            (settings.endpoint.as_str(), settings.protocol),
            ("http://localhost:4318", OtlpProtocol::Http)
        );
        assert_eq!(settings.service_name, "scim-server");
        assert_eq!(settings.sampler, TracesSampler::ParentBasedAlwaysOn);
        let settings =
            traced(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_SERVICE_NAME", "identities")]);
        assert_eq!(
            (settings.endpoint.as_str(), settings.protocol),
            ("http://localhost:4317", OtlpProtocol::Grpc)
        );
        assert_eq!(settings.service_name, "identities");
        let given =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example/"), ("JAEGER_ENDPOINT", "http://x")];
        assert_eq!(traced(&given).endpoint, "https://otel.example");
        assert_eq!(traced(&[("JAEGER_ENDPOINT", "http://jaeger:4318")]).endpoint, "http://jaeger:4318");
    }

    #[test]
    fn samplers_are_known_by_their_names() {
        let sampler =
            |name| traced(&[("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", "0.25")]).sampler;
        for (name, expected) in [
            ("always_on", TracesSampler::AlwaysOn),
            ("always_off", TracesSampler::AlwaysOff),
            ("traceidratio", TracesSampler::Ratio(0.25)),
            ("parentbased_always_on", TracesSampler::ParentBasedAlwaysOn),
            ("parentbased_always_off", TracesSampler::ParentBasedAlwaysOff),
            ("parentbased_traceidratio", TracesSampler::ParentBasedRatio(0.25)),
        ] {
            assert_eq!(sampler(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_even_where_traces_are_off() {
        for ratio in ["-0.1", "NaN", "half"] {
            let told = read(&[("OTEL_TRACES_SAMPLER_ARG", ratio)]).expect_err("refused");
            let expected =
                format!("OTEL_TRACES_SAMPLER_ARG: got '{ratio}' from the environment; expected {RATIO}");
            assert_eq!(told, expected);
        }
    }
}
