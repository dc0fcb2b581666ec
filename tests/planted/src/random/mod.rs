//! Bugs that nobody chose.
