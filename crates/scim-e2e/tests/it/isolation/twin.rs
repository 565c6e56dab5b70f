//! One of two tenants that do the same: what one sends names things of a third, what the other sends
//! names things that are nowhere.

use reqwest::Method;
use scim_e2e::{Answer, Client, encode};
use serde_json::{Value, json};

use super::operation::{Operation, Sender};

/// Headers that differ from answer to answer.
const INCIDENTAL: [&str; 2] = ["date", "x-request-id"];

pub(crate) struct Twin {
    /// By [`Sender`].
    pub(crate) clients: [Client; 6],
    /// What names mean.
    pub(crate) names: Vec<(String, String)>,
}

/// What is the same of two answers where nothing of a third tenant is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Twin {
    /// Sends it.
    pub(crate) async fn send(&self, operation: &Operation) -> Answer {
        let client = match operation.sender {
            Sender::Main => &self.clients[0],
            Sender::Reader => &self.clients[1],
            Sender::Subject => &self.clients[2],
            Sender::OtherTenant => &self.clients[3],
            Sender::OtherCredential => &self.clients[4],
            Sender::WrongSecret => &self.clients[5],
        };
        let mut path = self.resolve(&operation.path);
        if !operation.parameters.is_empty() {
            let parameters: Vec<(&str, String)> =
                operation.parameters.iter().map(|(name, value)| (*name, self.resolve(value))).collect();
            let parameters: Vec<(&str, &str)> =
                parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
            path = format!("{path}?{}", encode(&parameters));
        }
        let mut request =
            client.at(&self.resolve(&operation.mount)).request(operation.method.clone(), &path);
        for (name, value) in &operation.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &operation.body {
            request = request.body("application/scim+json", self.resolve(&body.to_string()));
        }
        request.send().await
    }

    /// Gives a name a meaning.
    pub(crate) fn name(&mut self, name: &str, meaning: &str) {
        self.names.retain(|(known, _)| known != name);
        self.names.push((name.to_owned(), meaning.to_owned()));
    }

    /// The answer, with names in place of what they mean.
    pub(crate) fn told(&self, answer: &Answer) -> Told {
        let headers = answer.headers.iter().filter(|(name, _)| !INCIDENTAL.contains(&name.as_str()));
        let mut headers: Vec<(String, String)> = headers
            .map(|(name, value)| (name.to_string(), self.named(value.to_str().expect("readable"))))
            .collect();
        headers.sort_unstable();
        let mut body = answer.body.clone();
        hide_incidental(&mut body);
        let body = self.named(&body.to_string());
        // Not every moment is as long as another.
        headers.retain(|(name, _)| name != "content-length" || !body.contains("<moment>"));
        let body = serde_json::from_str(&body).expect("still JSON");
        Told { status: answer.status, headers, body }
    }

    /// Everything that the tenant has, as it tells it itself.
    pub(crate) async fn everything(&self) -> Told {
        self.told(&self.send(&Operation::new(Method::GET, "/").with("count", "200")).await)
    }

    fn resolve(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, meaning) in self.names.iter().filter(|_| text.contains('<')).collect::<Vec<_>>() {
            text = text.replace(name, meaning);
        }
        assert!(!text.contains('<'), "a name without a meaning: {text}");
        text
    }

    fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, meaning)| text.replace(meaning, name))
    }
}

/// Moments, and cursors, of which no two are alike.
fn hide_incidental(body: &mut Value) {
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "created" | "lastModified" => *value = json!("<moment>"),
                    "nextCursor" | "previousCursor" => *value = json!("<cursor>"),
                    _ => hide_incidental(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide_incidental),
        _ => {}
    }
}
