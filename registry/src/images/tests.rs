use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images").join(file)
}

fn preprocessor(config: &Value) -> Result<Preprocessor> {
    Preprocessor::from_object(config.as_object().unwrap(), Path::new(FILE))
}

fn told(config: Value) -> String {
    preprocessor(&config).unwrap_err().to_string()
}

/// Levels between JPEG decoders, at most and on the mean: each rounds its inverse transform and its mixing of colours in its own way,
/// and each fills in colours that are stored for every second pixel as it sees fit.
const JPEG: [f32; 2] = [3.0, 0.5];
const JPEG_OF_EVERY_SECOND_PIXEL: [f32; 2] = [16.0, 1.5];

#[test]
fn every_number_is_that_of_the_reference() {
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(data("cases.json")).unwrap()).unwrap();
    let numbers = std::fs::read(data("expected.bin")).unwrap();
    assert!(cases.len() > 40);
    for case in &cases {
        let (name, file) = (&case["name"], case["image"].as_str().unwrap());
        let images = preprocessor(&case["config"]).unwrap().read(&[data(file)]).unwrap();
        let shape: Vec<usize> =
            case["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
        assert_eq!(images.dims[1..], shape[..], "{name}");
        let bytes = &numbers[case["offset"].as_u64().unwrap() as usize..];
        let expected: Vec<f32> = match case["dtype"].as_str().unwrap() {
            "uint8" => bytes.iter().map(|&level| f32::from(level)).collect(),
            _ => bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect(),
        };
        let off: Vec<f32> = images.pixel_values.iter().zip(&expected).map(|(a, b)| (a - b).abs()).collect();
        let [most, mean] =
            [off.iter().copied().fold(0.0, f32::max), off.iter().sum::<f32>() / images.pixel_values.len() as f32];
        let allowed = match file {
            "sampled.jpg" => JPEG_OF_EVERY_SECOND_PIXEL,
            _ if file.ends_with(".jpg") => JPEG,
            _ => [0.0; 2],
        };
        println!("{name}: off by {most} at most, {mean} on the mean");
        assert!(most <= allowed[0] && mean <= allowed[1], "{name}: off by {most} at most, {mean} on the mean");
    }
}

#[test]
fn a_deep_grey_keeps_its_high_byte() {
    let plain = preprocessor(&json!({ "do_rescale": false })).unwrap();
    // 61372, 26867 and 23715 of 65535.
    assert_eq!(plain.read(&[data("deep-grey.png")]).unwrap().pixel_values[..3], [239.0, 104.0, 92.0]);
}

#[test]
fn images_of_one_size_are_a_batch() {
    let square = json!({ "size": { "height": 4, "width": 5 }, "resample": 2, "do_normalize": false });
    let files = ["gradient.png", "noise.png"].map(data);
    let both = preprocessor(&square).unwrap().read(&files).unwrap();
    assert_eq!(both.dims, [2, 3, 4, 5]);
    let second = preprocessor(&square).unwrap().read(&files[1..]).unwrap();
    assert_eq!(both.pixel_values[60..], second.pixel_values);
    let edge = json!({ "size": { "shortest_edge": 5 }, "resample": 2 });
    let refused = preprocessor(&edge).unwrap().read(&files).unwrap_err().to_string();
    assert!(refused.contains("noise.png: gives 5 × 17 pixels and the images before it 5 × 7"), "{refused}");
}

#[test]
fn settings_that_cannot_be_meant_name_the_field() {
    for (config, parts) in [
        (json!({ "size": 0, "resample": 2 }), ["`size`", "found 0"]),
        (json!({ "size": { "height": 3 }, "resample": 2 }), ["`size`", "{\"height\":3}"]),
        (json!({ "size": { "height": 1u64 << 40, "width": 3 }, "resample": 2 }), ["`size`", "1099511627776"]),
        (json!({ "do_resize": true, "resample": 2 }), ["`size`", "found none"]),
        (json!({ "size": 8 }), ["`resample`", "found none"]),
        (json!({ "size": 8, "resample": 6 }), ["`resample`", "found 6"]),
        (json!({ "do_center_crop": true }), ["`crop_size`", "found none"]),
        (json!({ "crop_size": { "shortest_edge": 3 } }), ["`crop_size`", "a height and a width"]),
        (json!({ "do_resize": "yes" }), ["`do_resize`", "true or false"]),
        (json!({ "rescale_factor": 0 }), ["`rescale_factor`", "found 0"]),
        (json!({ "image_mean": [0.5, 0.5], "image_std": [0.5, 0.5, 0.5] }), ["`image_mean`", "[0.5,0.5]"]),
        (json!({ "image_mean": [0.5, null, 0.5], "image_std": 0.5 }), ["`image_mean`", "null"]),
        (json!({ "image_mean": 1e300, "image_std": 0.5 }), ["`image_mean`", "1e+300"]),
        (json!({ "image_mean": 0.5, "image_std": [0.5, 0.0, 0.5] }), ["`image_std`", "above 0"]),
        (json!({ "image_mean": 0.5, "image_std": 1e-60 }), ["`image_std`", "above 0"]),
        (json!({ "do_normalize": true }), ["`image_mean`", "found none"]),
        (json!({ "do_pad": true }), ["`do_pad`", "not known here"]),
        (json!({ "image_processor_type": "PoolFormerImageProcessor" }), ["`image_processor_type`", "PoolFormer"]),
        (json!({ "feature_extractor_type": 3 }), ["`feature_extractor_type`", "found 3"]),
    ] {
        let said = told(config.clone());
        assert!(parts.iter().all(|part| said.contains(part)), "{config}: {said}");
        assert!(said.starts_with(FILE), "{said}");
    }
    assert!(preprocessor(&json!({ "do_pad": false, "do_convert_rgb": null })).is_ok());
}

#[test]
fn one_number_means_what_the_processor_says() {
    let size =
        |kind: &str| preprocessor(&json!({ "feature_extractor_type": kind, "size": 9, "resample": 3 })).unwrap().resize;
    assert_eq!(size("ViTFeatureExtractor"), Some((Size::Exact([9, 9]), Filter::Bicubic)));
    assert_eq!(size("CLIPFeatureExtractor"), Some((Size::ShortestEdge(9), Filter::Bicubic)));
}

/// A PNG that promises pixels it does not have.
fn promising(height: u32, width: u32) -> Vec<u8> {
    let mut png = std::fs::read(data("gradient.png")).unwrap();
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png
}

/// As PNG checks its chunks.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

#[test]
fn files_that_are_no_images_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let plain = preprocessor(&json!({})).unwrap();
    let refused = |name: &str, bytes: Option<&[u8]>| {
        let path = folder.path().join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        let told = plain.read(&[path]).unwrap_err().to_string();
        assert!(told.contains(name), "{told}");
        told
    };
    assert_eq!(crc(b"IEND"), 0xae42_6082, "as every PNG ends");
    assert!(refused("none.png", None).contains("No such file"));
    assert!(refused("empty.png", Some(b"")).contains("found neither"));
    assert!(refused("text.png", Some(b"not an image at all")).contains("found neither"));
    assert!(refused("moving.gif", Some(b"GIF89a\x01\0\x01\0\0\0\0;")).contains("found Gif"));
    let whole = std::fs::read(data("noise.png")).unwrap();
    refused("cut.png", Some(&whole[..whole.len() / 2]));
    refused("cut.jpg", Some(&std::fs::read(data("turned.jpg")).unwrap()[..60]));
    let mut broken = whole.clone();
    broken[60] ^= 0xff;
    refused("broken.png", Some(&broken));
    assert!(
        refused("enormous.png", Some(&promising(60_000, 60_000))).contains("at most 67108864, found 60000 × 60000")
    );
    refused("flat.png", Some(&promising(0, 4)));
    assert!(plain.read(&[folder.path().to_owned()]).unwrap_err().to_string().contains("found a folder"));
}

#[test]
fn elongated_images_do_not_grow_without_bound() {
    let edge = preprocessor(&json!({ "size": { "shortest_edge": 60_000 }, "resample": 0 })).unwrap();
    let told = edge.read(&[data("wide.png")]).unwrap_err().to_string();
    assert!(told.contains("at most 67108864") && told.contains("[60000, 400000]"), "{told}");
    let deep = preprocessor(&json!({ "size": { "height": 1, "width": 16_000_000 }, "resample": 2 })).unwrap();
    assert!(deep.read(&[data("wide.png")]).unwrap_err().to_string().contains("at most 67108864"));
}

#[test]
fn a_batch_is_bounded() {
    let large = preprocessor(&json!({ "size": 500, "resample": 0 })).unwrap();
    let files = vec![data("wide.png"); 300];
    let told = large.read(&files).unwrap_err().to_string();
    assert!(told.contains("found 300 × 250000"), "{told}");
}

#[test]
fn a_folder_without_settings_is_told_apart_from_a_family_without_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let told = Preprocessor::of_folder(folder.path()).unwrap_err().to_string();
    assert!(told.contains(FILE) && told.contains("is not there"), "{told}");
    let mut toy = Descriptor::parse(crate::descriptor::tests::TOY).unwrap();
    let told = Preprocessor::of_family(&toy).unwrap_err().to_string();
    assert_eq!(told, "`toy` has no published way to prepare images");
    toy.published.preprocessor = json!({ "size": 4, "resample": 2 }).as_object().unwrap().clone();
    std::fs::write(folder.path().join(FILE), r#"{ "size": 4, "resample": 2 }"#).unwrap();
    assert_eq!(Preprocessor::of_family(&toy).unwrap(), Preprocessor::of_folder(folder.path()).unwrap());
}

#[test]
fn a_picture_in_memory_is_prepared_like_its_file() {
    let plain =
        preprocessor(&json!({ "image_processor_type": "ViTImageProcessor", "do_resize": false, "do_rescale": false,
                                      "do_normalize": false }))
        .unwrap();
    let levels = vec![[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12], [13, 14, 15], [16, 17, 18]];
    let images = plain.picture(Path::new("drawing"), 3, levels.clone()).unwrap();
    assert_eq!(images.dims, [1, 3, 2, 3]);
    assert_eq!(images.pixel_values[..7], [1.0, 4.0, 7.0, 10.0, 13.0, 16.0, 2.0]);
    for width in [0, 4] {
        let told = plain.picture(Path::new("drawing"), width, levels.clone()).unwrap_err().to_string();
        assert!(told.contains("image drawing: expected 1 to") && told.ends_with("found 6"), "{told}");
    }
    assert!(plain.picture(Path::new("drawing"), 1, Vec::new()).is_err());
}
