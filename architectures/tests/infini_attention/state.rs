//! What is remembered from one piece of a text to the next: all that matters, and no more as the text grows.

use serde_json::{Map, Value, json};
use zoo_conformance::values::{VISIBLE, WHOLE_MODEL};
use zoo_registry::{Decode, DecodeState, Error, Model, Rows, Side, Tokens};

use crate::subject::{advance, config, gap, model, noise, scores, text, tokens, weights};

fn hot(config: &Map<String, Value>) -> Box<dyn Model> {
    model(config, &weights(config))
}

/// Every way to cut `len` tokens into pieces.
fn all_cuts(len: usize) -> Vec<Vec<usize>> {
    let cut = |borders: usize| {
        let mut pieces = vec![1];
        for at in 0..len - 1 {
            if borders >> at & 1 == 1 {
                pieces.push(1);
            } else {
                *pieces.last_mut().unwrap() += 1;
            }
        }
        pieces
    };
    (0..1 << (len - 1)).map(cut).collect()
}

/// Scores of a batch read in pieces, `[batch][len][vocab_size]`.
fn in_pieces(decoder: &dyn Decode, tokens: &Tokens, pieces: &[usize]) -> (DecodeState, Vec<Vec<Vec<f32>>>) {
    let [batch, _] = tokens.input_ids.dims();
    let mut state = decoder.start(batch, None).unwrap();
    let mut read = vec![Vec::new(); batch];
    let mut from = 0;
    for piece in pieces {
        let new = advance(decoder, &mut state, &tokens.columns(from, from + piece));
        for (read, new) in read.iter_mut().zip(new) {
            read.extend(new);
        }
        from += piece;
    }
    (state, read)
}

#[test]
fn a_text_in_any_pieces_is_the_text() {
    for update in ["linear", "delta"] {
        let config = config(json!({ "update": update }));
        let (model, text) = (hot(&config), text(&config, "pieces", 9));
        let noise = noise(&config, std::slice::from_ref(&text));
        let whole = scores(model.as_ref(), &text);
        for pieces in all_cuts(9) {
            let (_, read) = in_pieces(model.decoder().unwrap(), &tokens(std::slice::from_ref(&text)), &pieces);
            let apart = gap(&read[0], &whole) / noise;
            assert!(apart <= WHOLE_MODEL, "{update}, {pieces:?}: {apart:.1} × noise");
        }
        let without_past = gap(&whole[8..], &scores(model.as_ref(), &text[8..])) / noise;
        assert!(without_past > VISIBLE, "{without_past:.1} × noise");
    }
}

#[test]
fn texts_at_different_places_in_their_segments_do_not_disturb_each_other() {
    let config = config(json!({ "update": "delta", "segment_len": 3, "n_layers": 2 }));
    let model = hot(&config);
    let texts: Vec<Vec<i64>> = [8, 5, 2].map(|len| text(&config, &format!("of {len}"), len)).into();
    let noise = noise(&config, &texts);
    let batch = Tokens::padded(&texts, 0, Side::Left).unwrap();
    for pieces in all_cuts(8) {
        let (_, read) = in_pieces(model.decoder().unwrap(), &batch, &pieces);
        for (text, read) in texts.iter().zip(read) {
            let apart = gap(&read[8 - text.len()..], &scores(model.as_ref(), text)) / noise;
            assert!(apart <= WHOLE_MODEL, "a text of {} in {pieces:?}: {apart:.1} × noise", text.len());
        }
    }
    // Padding between a text's tokens, after it, and a text that ended while others go on.
    let mask = ["11011101", "01010101", "11000000"].map(|mask| mask.chars().map(|c| c == '1').collect::<Vec<bool>>());
    let ids = tokens(&[text(&config, "a", 8), text(&config, "b", 8), text(&config, "c", 8)]);
    let gappy = Tokens { attention_mask: Rows::new(&mask), ..ids.clone() };
    for pieces in all_cuts(8) {
        let (_, read) = in_pieces(model.decoder().unwrap(), &gappy, &pieces);
        for (row, mask) in mask.iter().enumerate() {
            let real: Vec<usize> = (0..8).filter(|&at| mask[at]).collect();
            let alone: Vec<i64> = real.iter().map(|&at| ids.input_ids.row(row)[at]).collect();
            let read: Vec<Vec<f32>> = real.iter().map(|&at| read[row][at].clone()).collect();
            let apart = gap(&read, &scores(model.as_ref(), &alone)) / noise;
            assert!(apart <= WHOLE_MODEL, "text {row} in {pieces:?}: {apart:.1} × noise");
        }
    }
}

#[test]
fn a_state_is_as_large_after_a_long_text_as_after_a_short_one() {
    let config = config(json!({ "n_layers": 2 }));
    let (model, batch) = (hot(&config), 2);
    let decoder = model.decoder().unwrap();
    // Two layers of three heads: M and z, then keys and values of the unfinished segment, in f32; a count a text.
    let expected = |held: usize| batch * (2 * 3 * (8 * 8 + 8 + 2 * held * 8) * 4 + 8);
    for (len, held) in [(4, 0), (5, 1), (7, 3), (8, 0), (40, 0), (403, 3), (4003, 3)] {
        let tokens = tokens(&[text(&config, "left", len), text(&config, "right", len)]);
        let (state, _) = in_pieces(decoder, &tokens, &[len]);
        assert_eq!((state.len(), state.bytes()), (len, expected(held)), "{len} tokens");
    }
    // Padding is not remembered either.
    let padded = Tokens::padded(&[text(&config, "left", 403), text(&config, "right", 3)], 0, Side::Left).unwrap();
    assert_eq!(in_pieces(decoder, &padded, &[403]).0.bytes(), expected(3));
}

#[test]
fn the_memory_of_the_papers_model_is_as_large_as_the_paper_says() {
    // Heads and layers of §4.2; other sizes do not matter. Table 2 has 1.6M, table 1 d_key (d_value + 1) H l.
    let sizes = json!({ "n_layers": 12, "n_heads": 8, "head_dim": 128, "segment_len": 2, "d_model": 4, "d_ff": 4, "vocab_size": 61 });
    let config = config(sizes);
    let (state, _) = in_pieces(hot(&config).decoder().unwrap(), &tokens(&[text(&config, "two", 2)]), &[2]);
    let count_of_texts = 8;
    assert_eq!((state.bytes() - count_of_texts) / 4, 128 * 129 * 8 * 12);
    assert_eq!(128 * 129 * 8 * 12, 1_585_152);
}

#[test]
fn a_saved_state_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(json!({ "update": "delta" }));
    let (model, again) = (hot(&config), hot(&config));
    let (decoder, path) = (model.decoder().unwrap(), folder.path().join("state.safetensors"));
    let texts = [text(&config, "left", 11), text(&config, "right", 8)];
    let tokens = Tokens::padded(&texts, 0, Side::Left).unwrap();
    let noise = noise(&config, &texts);
    // Nothing read yet, within a segment, at a border.
    for cut in [0, 2, 6, 8] {
        let mut state = decoder.start(2, None).unwrap();
        if cut > 0 {
            advance(decoder, &mut state, &tokens.columns(0, cut));
        }
        model.save_state(&state, &path).unwrap();
        let mut resumed = again.resume(&path).unwrap();
        assert_eq!((resumed.len(), resumed.bytes()), (state.len(), state.bytes()));
        let rest = tokens.columns(cut, 11);
        let (expected, found) = (advance(decoder, &mut state, &rest), advance(decoder, &mut resumed, &rest));
        for (row, (expected, found)) in expected.iter().zip(&found).enumerate() {
            let real = |at: &usize| tokens.mask().row(row)[cut + at];
            let real: Vec<usize> = (0..11 - cut).filter(real).collect();
            let of = |scores: &[Vec<f32>]| real.iter().map(|&at| scores[at].clone()).collect::<Vec<_>>();
            assert!(gap(&of(expected), &of(found)) <= noise, "text {row} cut at {cut}");
        }
    }
}

#[test]
fn a_state_of_another_configuration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let config = config(json!({}));
    let model = hot(&config);
    let (state, _) = in_pieces(model.decoder().unwrap(), &tokens(&[text(&config, "some", 6)]), &[6]);
    model.save_state(&state, &path).unwrap();
    let other = hot(&crate::subject::config(json!({ "segment_len": 5 })));
    let told = other.resume(&path).err().unwrap();
    assert!(matches!(told, Error::State { .. }));
    assert!(told.to_string().contains("another `segment_len`"), "{told}");
}
