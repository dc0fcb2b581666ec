//! Every check of the conformance suite, for every architecture of this crate.

zoo_conformance::suite!(zoo_architectures::ARCHITECTURES);
