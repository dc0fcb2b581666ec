//! The checkpoints that families ship do what their lessons teach, and their figures can be measured again.

use zoo_architectures::ARCHITECTURES;
use zoo_registry::demo;

#[test]
fn every_family_has_a_lesson_and_a_demo_that_passes_it() {
    for architecture in ARCHITECTURES {
        let id = &architecture.descriptor().id;
        let lesson = architecture.lesson().unwrap_or_else(|| panic!("`{id}` has no lesson"));
        let model = demo::load(*architecture, "flex").unwrap().unwrap_or_else(|| panic!("`{id}` ships no demo"));
        for (field, value) in &lesson.config() {
            let found = &model.config()[field];
            assert_eq!(found, value, "the demo of `{id}` was trained with another `{field}` than the lesson has now");
        }
        for grade in lesson.grades(model.as_ref()).unwrap() {
            assert!(grade.score >= grade.pass && grade.score > grade.chance, "`{id}`: {grade:?}");
        }
    }
}

#[test]
fn a_demo_holds_what_its_lesson_says_a_checkpoint_needs() {
    for architecture in ARCHITECTURES {
        let (id, demo) = (&architecture.descriptor().id, demo::folder(*architecture).unwrap());
        for (name, expected) in architecture.lesson().unwrap().files() {
            let file =
                demo.get_file(demo.path().join(name)).unwrap_or_else(|| panic!("the demo of `{id}` lacks {name}"));
            let found: serde_json::Value = serde_json::from_slice(file.contents()).unwrap();
            for (field, expected) in expected {
                assert_eq!(found[&field], expected, "{name} of the demo of `{id}`");
            }
        }
    }
}

#[test]
fn a_model_that_learnt_nothing_fails_every_lesson() {
    for architecture in ARCHITECTURES {
        let lesson = architecture.lesson().unwrap();
        let config = architecture.complete(&lesson.config()).unwrap();
        let mut model = architecture.build(&config, &burn::tensor::Device::flex()).unwrap();
        model.init(0);
        for grade in lesson.grades(model.as_ref()).unwrap() {
            assert!(grade.score < grade.pass, "`{}`: {grade:?}", architecture.descriptor().id);
        }
    }
}

#[test]
fn what_measures_a_figure_is_there() {
    let mut figures = 0;
    for architecture in ARCHITECTURES {
        let id = &architecture.descriptor().id;
        for figure in zoo_registry::architecture::figures(*architecture).unwrap() {
            let example = figure.command.strip_prefix("cargo run --release --example ");
            let example = example.unwrap_or_else(|| panic!("`{id}`: `{}` is no example of this crate", figure.command));
            let file = format!("{}/examples/{example}.rs", env!("CARGO_MANIFEST_DIR"));
            assert!(std::path::Path::new(&file).is_file(), "`{id}`: the figure `{}` asks for {file}", figure.title);
            figures += 1;
        }
    }
    assert_ne!(figures, 0);
}
