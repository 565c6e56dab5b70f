//! Issuers of tokens (RFC 7519) that a tenant trusts beside this server.

mod algorithm;
mod keys;
mod uri;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::input::{Field, InputError as ConfigError, Section};
use crate::keyword::keywords;
use crate::scope::{Scope, Scopes};

pub use algorithm::JwtAlgorithm;
pub use keys::IssuerKeys;
pub(super) use uri::http_uri;

/// An issuer whose tokens open a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// What `iss` has to be, to the letter.
    pub issuer: String,
    /// What the signatures are checked with.
    pub keys: IssuerKeys,
    /// `aud` has to have one of these. Never empty.
    pub audiences: Vec<String>,
    /// Claims that a token has to have: each with one of these values.
    pub required_claims: BTreeMap<String, Vec<Value>>,
    /// Which claim tells the user that `/Me` means, and how; `None` where the tokens speak for nobody.
    pub subject: Option<SubjectMapping>,
    /// What the tokens allow.
    pub scopes: Scopes,
    /// What the tokens may be signed with. Never empty.
    pub algorithms: Vec<JwtAlgorithm>,
}

/// How a user is found by a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectMapping {
    /// The claim.
    pub claim: String,
    /// The attribute of User that has the same value.
    pub attribute: SubjectAttribute,
}

/// An attribute of User by which a token can name one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectAttribute {
    /// `userName`
    UserName,
    /// `externalId`
    ExternalId,
    /// `id`
    Id,
    /// `emails.value`
    EmailsValue,
}

keywords!(SubjectAttribute {
    UserName = "userName",
    ExternalId = "externalId",
    Id = "id",
    EmailsValue = "emails.value",
});

/// At most so many issuers, audiences, claims, values of a claim and scopes.
const MOST: usize = 32;
/// The longest text, in bytes.
const LONGEST: usize = 2048;

impl TrustedIssuer {
    /// The first required claim that `claims` does not have with one of its values: where the token has
    /// an array, one of the elements has to be such a value. `None` where nothing is missing.
    pub fn missing_claim(&self, claims: &Map<String, Value>) -> Option<&str> {
        let has = |value: Option<&Value>, accepted: &[Value]| match value {
            Some(Value::Array(items)) => items.iter().any(|item| accepted.contains(item)),
            Some(single) => accepted.contains(single),
            None => false,
        };
        let missing = self.required_claims.iter().find(|(name, accepted)| !has(claims.get(*name), accepted));
        missing.map(|(name, _)| name.as_str())
    }

    pub(super) fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("issuer".into(), json!(self.issuer));
        match &self.keys {
            IssuerKeys::Uri(uri) => object.insert("jwksUri".into(), json!(uri)),
            IssuerKeys::Set(set) => object.insert("jwks".into(), set.clone()),
        };
        object.insert("audiences".into(), json!(self.audiences));
        if !self.required_claims.is_empty() {
            object.insert("requiredClaims".into(), json!(self.required_claims));
        }
        if let Some(subject) = &self.subject {
            object.insert("subjectClaim".into(), json!(subject.claim));
            object.insert("subjectAttribute".into(), json!(subject.attribute.as_str()));
        }
        if self.scopes != Scopes::default() {
            let scopes: Vec<String> = self.scopes.iter().map(ToString::to_string).collect();
            object.insert("scopes".into(), json!(scopes));
        }
        if self.algorithms != JwtAlgorithm::every() {
            let names: Vec<&str> = self.algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
            object.insert("algorithms".into(), json!(names));
        }
        Value::Object(object)
    }

    fn read(field: &Field<'_>) -> Result<Self, ConfigError> {
        let mut object = field.section()?;
        let issuer = Self {
            issuer: object.take_required("issuer", |field| field.text(LONGEST).map(str::to_owned))?,
            keys: IssuerKeys::read(field, &mut object)?,
            audiences: object.take_required("audiences", texts)?,
            required_claims: object.take_or("requiredClaims", BTreeMap::new(), required_claims)?,
            subject: subject(&mut object)?,
            scopes: object.take_or("scopes", Scopes::default(), scopes)?,
            algorithms: object.take_or("algorithms", JwtAlgorithm::every(), JwtAlgorithm::read_all)?,
        };
        object.finish()?;
        Ok(issuer)
    }
}

/// The value of `trustedIssuers`. No issuer is in it twice: a token names its issuer and nothing else
/// that would tell two entries apart.
pub(super) fn read_all(field: &Field<'_>) -> Result<Vec<TrustedIssuer>, ConfigError> {
    let mut issuers: Vec<TrustedIssuer> = Vec::new();
    for item in field.items(&(0..=MOST))? {
        let issuer = TrustedIssuer::read(&item)?;
        if issuers.iter().any(|known| known.issuer == issuer.issuer) {
            return Err(ConfigError {
                key: format!("{}.issuer", item.path()),
                problem: "occurs twice: give one entry all of its audiences".into(),
            });
        }
        issuers.push(issuer);
    }
    Ok(issuers)
}

fn texts(field: &Field<'_>) -> Result<Vec<String>, ConfigError> {
    field.items(&(1..=MOST))?.iter().map(|item| item.text(LONGEST).map(str::to_owned)).collect()
}

/// Each claim with the values that it may have: one, or an array of them.
fn required_claims(field: &Field<'_>) -> Result<BTreeMap<String, Vec<Value>>, ConfigError> {
    let simple = |field: &Field<'_>| match field.value() {
        Value::Bool(_) | Value::Number(_) => Ok(field.value().clone()),
        _ => field.text(LONGEST).map(Value::from),
    };
    let claims = field.section()?.take_all();
    if claims.len() > MOST {
        return Err(field.refuse(format!("expected at most {MOST} claims, got {}", claims.len())));
    }
    let read = |(name, field): (&str, Field<'_>)| {
        let values = if field.value().is_array() {
            field.items(&(1..=MOST))?.iter().map(simple).collect::<Result<_, _>>()?
        } else {
            vec![simple(&field)?]
        };
        Ok((name.to_owned(), values))
    };
    claims.into_iter().map(read).collect()
}

fn subject(object: &mut Section<'_>) -> Result<Option<SubjectMapping>, ConfigError> {
    let claim = object.take_some("subjectClaim", |field| field.text(LONGEST).map(str::to_owned))?;
    let Some(claim) = claim else {
        return match object.take("subjectAttribute") {
            Some(field) => {
                Err(field.refuse("needs subjectClaim beside it, the claim that it is matched with"))
            }
            None => Ok(None),
        };
    };
    let attribute = object.take_or("subjectAttribute", SubjectAttribute::UserName, |field| {
        field.keyword(SubjectAttribute::ALL)
    })?;
    Ok(Some(SubjectMapping { claim, attribute }))
}

fn scopes(field: &Field<'_>) -> Result<Scopes, ConfigError> {
    let scope = |item: &Field<'_>| {
        item.value().as_str().and_then(Scope::parse).ok_or_else(|| {
            item.expected(
                "'read', 'write', 'bulk', 'discovery', or 'read:' or 'write:' and a resource type's name",
            )
        })
    };
    Ok(Scopes::new(field.items(&(1..=MOST))?.iter().map(scope).collect::<Result<Vec<_>, _>>()?))
}

#[cfg(test)]
mod tests;
