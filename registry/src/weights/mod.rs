//! Published weights: which tensor of a file is which parameter of ours, reading them, writing them back.
//!
//! Layout differences are data: a family writes two columns of module paths with a verb between them, and both
//! directions, the shape check and the report follow from it.

mod load;
mod publish;
mod source;
mod table;

pub use load::{LoadReport, Misfit, load};
pub(crate) use publish::write;
pub use publish::{publish, save};
pub use source::{MemoryWeights, SafetensorsWeights, TensorFacts, WeightSource};
pub use table::{Pattern, Row, Verb, WeightNames};
