//! What was taken over from the curated source is all there.

use zoo_catalog::facts::{Level, doctor};

use crate::{TODAY, with_all};

#[test]
fn all_facts_together_are_sound() {
    with_all(|sheets| {
        let report = doctor(sheets, TODAY);
        let told: String = report.findings.iter().map(|finding| format!("\n  {:?} {finding}", finding.level)).collect();
        assert_eq!((report.count(Level::Error), report.count(Level::Warning)), (0, 0), "{told}");
    });
}
