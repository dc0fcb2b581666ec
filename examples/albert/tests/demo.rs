//! The demo was trained on the lesson, and passes it.

use zoo_albert::albert::AlbertFamily;
use zoo_registry::{Architecture, demo};

#[test]
fn the_demo_passes_the_lesson() {
    let lesson = Architecture::lesson(&AlbertFamily).expect("ALBERT has a lesson");
    let model = demo::load(&AlbertFamily, "flex").expect("it loads").expect("there is one");
    for (field, value) in &lesson.config() {
        assert_eq!(&model.config()[field], value, "the demo was trained with another `{field}`");
    }
    for grade in lesson.grades(model.as_ref()).expect("it runs") {
        assert!(grade.score >= grade.pass && grade.score > grade.chance, "{grade:?}");
    }
}
