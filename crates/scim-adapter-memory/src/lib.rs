//! The embedded store: complete, indexed, in memory.
