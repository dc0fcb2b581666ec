//! Every check of the conformance suite.

zoo_conformance::suite!(zoo_albert::ARCHITECTURES);
