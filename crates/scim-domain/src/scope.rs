//! What a credential allows (RFC 6749 §3.3 for the form of scopes).

use std::fmt;

use smol_str::SmolStr;

/// The longest name of a resource type in a scope, in bytes.
const LONGEST_NAME: usize = 128;

/// What a request does, as far as scopes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access<'a> {
    /// GET and `.search` on resources of this type.
    Read(&'a str),
    /// POST, PUT, PATCH and DELETE on resources of this type.
    Write(&'a str),
    /// `/Bulk`; each operation in it needs its own as well.
    Bulk,
    /// The discovery endpoints.
    Discovery,
}

/// One scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `read`, or `read:User` for one type.
    Read(Option<SmolStr>),
    /// `write`, or `write:User` for one type.
    Write(Option<SmolStr>),
    /// `bulk`
    Bulk,
    /// `discovery`: for a credential that may do nothing else.
    Discovery,
}

impl Scope {
    /// Reads a scope; `None` for what is none. A type is not looked up: a tenant may define it later.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, resource_type) = match text.split_once(':') {
            Some((name, resource_type)) => (name, Some(resource_type)),
            None => (text, None),
        };
        if resource_type.is_some_and(|name| !is_type_name(name)) {
            return None;
        }
        match (name, resource_type) {
            ("read", resource_type) => Some(Self::Read(resource_type.map(SmolStr::from))),
            ("write", resource_type) => Some(Self::Write(resource_type.map(SmolStr::from))),
            ("bulk", None) => Some(Self::Bulk),
            ("discovery", None) => Some(Self::Discovery),
            _ => None,
        }
    }
}

/// Whether `name` may follow the colon: a scope is separated by spaces and has no quotes in it (RFC 6749 §3.3).
fn is_type_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, resource_type) = match self {
            Self::Read(resource_type) => ("read", resource_type.as_ref()),
            Self::Write(resource_type) => ("write", resource_type.as_ref()),
            Self::Bulk => ("bulk", None),
            Self::Discovery => ("discovery", None),
        };
        match resource_type {
            Some(resource_type) => write!(f, "{name}:{resource_type}"),
            None => f.write_str(name),
        }
    }
}

/// What a credential allows: the union of its scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Default for Scopes {
    /// `read`, `write` and `bulk`.
    fn default() -> Self {
        Self(vec![Scope::Read(None), Scope::Write(None), Scope::Bulk])
    }
}

impl Scopes {
    /// These scopes, each once, in their order.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Self {
        let mut list = Vec::new();
        for scope in scopes {
            if !list.contains(&scope) {
                list.push(scope);
            }
        }
        Self(list)
    }

    /// Reads a list of scopes.
    ///
    /// # Errors
    /// The first that is none.
    pub fn parse<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let read = |text: &str| Scope::parse(text).ok_or_else(|| text.to_owned());
        Ok(Self::new(scopes.into_iter().map(read).collect::<Result<Vec<_>, _>>()?))
    }

    /// The scopes.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a request may do this. Type names compare without regard to case, as endpoints do.
    pub fn allow(&self, access: Access<'_>) -> bool {
        let is_for = |scope: &Option<SmolStr>, name: &str| {
            scope.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(name))
        };
        match access {
            // Whoever may do anything has to find out how.
            Access::Discovery => !self.0.is_empty(),
            Access::Bulk => self.0.contains(&Scope::Bulk),
            Access::Read(name) => {
                self.0.iter().any(|scope| matches!(scope, Scope::Read(own) if is_for(own, name)))
            }
            Access::Write(name) => {
                self.0.iter().any(|scope| matches!(scope, Scope::Write(own) if is_for(own, name)))
            }
        }
    }

    /// Whether everything that `other` allows is allowed by these.
    pub fn include(&self, other: &Self) -> bool {
        other.0.iter().all(|scope| match scope {
            Scope::Read(Some(name)) => self.allow(Access::Read(name)),
            Scope::Write(Some(name)) => self.allow(Access::Write(name)),
            Scope::Read(None) | Scope::Write(None) | Scope::Bulk => self.0.contains(scope),
            Scope::Discovery => self.allow(Access::Discovery),
        })
    }
}

/// The scopes, separated by spaces (RFC 6749 §3.3).
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            scope.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scopes: &str, access: Access<'_>, expected: bool) {
        let scopes = Scopes::parse(scopes.split_whitespace()).expect("scopes");
        assert_eq!(scopes.allow(access), expected, "{scopes} {access:?}");
    }

    #[test]
    fn scopes_allow_what_they_name() {
        check("read", Access::Read("User"), true);
        check("read", Access::Write("User"), false);
        check("read:User", Access::Read("User"), true);
        check("read:user", Access::Read("User"), true);
        check("read:User", Access::Read("Group"), false);
        check("write:Group read", Access::Write("Group"), true);
        check("write:Group read", Access::Write("User"), false);
        check("write", Access::Bulk, false);
        check("bulk", Access::Bulk, true);
        check("bulk", Access::Discovery, true);
        check("discovery", Access::Discovery, true);
        check("discovery", Access::Read("User"), false);
        check("", Access::Discovery, false);
    }

    #[test]
    fn scopes_print_as_they_are_read() {
        for text in ["read write bulk", "read:User discovery", ""] {
            assert_eq!(Scopes::parse(text.split_whitespace()).expect("scopes").to_string(), text);
        }
        assert_eq!(Scopes::default().to_string(), "read write bulk");
        assert_eq!(Scopes::parse(["read", "read"]).expect("scopes").to_string(), "read");
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        for text in ["admin", "read:", "bulk:User", "READ", "read:a b", "read:\"", ""] {
            assert_eq!(Scopes::parse(["write", text]), Err(text.to_owned()));
        }
    }

    #[test]
    fn scopes_include_narrower_ones() {
        let scopes = |text: &str| Scopes::parse(text.split_whitespace()).expect("scopes");
        assert!(scopes("read write").include(&scopes("read:User write")));
        assert!(scopes("read").include(&scopes("discovery")));
        assert!(!scopes("read:User").include(&scopes("read")));
        assert!(!scopes("read").include(&scopes("bulk")));
    }
}
