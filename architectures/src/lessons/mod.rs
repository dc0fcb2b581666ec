//! Small tasks with data made on the spot. Each family says which one it learns, and at what size.

pub mod grammar;
mod words;

pub use words::Words;
