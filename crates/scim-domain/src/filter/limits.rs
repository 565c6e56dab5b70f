//! How large a filter or path may be. The bounds are checked before anything recurses, so neither
//! parsing, binding, matching, printing nor dropping a filter can overflow the stack.

/// The most bytes of a filter or of a PATCH path. A filter that names 200 ids, a full page, needs about
/// 10 KB. Every node of a syntax tree takes some bytes of text, so this bounds their number too.
pub const MAX_LENGTH: usize = 16 * 1024;

/// How deep `(…)`, `not (…)` and `[…]` may nest, each counting as one level.
pub const MAX_DEPTH: usize = 64;
