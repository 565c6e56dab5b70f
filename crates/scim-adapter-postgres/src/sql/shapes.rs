//! How many shapes of statements clients may have kept.
//!
//! What is kept prepared stays on a connection for as long as that lives, here and in the database. A
//! search has the shape of its filter, of which there are more than anybody has memory for.

use std::collections::HashSet;
use std::sync::LazyLock;

use parking_lot::Mutex;

/// The most shapes that are kept; a product or a few of them have some dozens.
const MOST: usize = 500;

static KEPT: LazyLock<Mutex<Shapes>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Shapes(HashSet<Box<str>>);

/// Whether statements of this text are kept: those that came first are.
pub(super) fn is_kept(text: &str) -> bool {
    KEPT.lock().is_kept(text)
}

impl Shapes {
    fn is_kept(&mut self, text: &str) -> bool {
        self.0.contains(text) || (self.0.len() < MOST && self.0.insert(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_came_first_are_kept() {
        let mut shapes = Shapes::default();
        for number in 0..MOST {
            assert!(shapes.is_kept(&number.to_string()));
        }
        assert!(!shapes.is_kept("one more") && shapes.is_kept("0"));
        assert_eq!(shapes.0.len(), MOST);
    }
}
