//! Four kinds of tokenizer against what the reference library recorded of them: every case of every section.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

use serde::Deserialize;
use zoo_registry::tokenizer::{Cut, CutOf, Encoded};
use zoo_registry::{Side, TextStream, Tokenizer, Tokens};

const KINDS: [&str; 4] = ["wordpiece", "bpe-bytelevel", "bpe-modern", "unigram"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    #[serde(rename = "library")]
    _library: String,
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "note")]
    _note: String,
    vocab_size: usize,
    encode: Vec<OneText>,
    pairs: Vec<Pair>,
    truncation: Vec<Truncation>,
    padding: Vec<Padding>,
    decode_ids: Vec<Decoding>,
}

/// What a text became. Offsets count code points.
#[derive(Debug, Deserialize)]
struct Recorded {
    ids: Vec<i64>,
    tokens: Vec<String>,
    type_ids: Vec<i64>,
    attention_mask: Vec<u8>,
    special_tokens_mask: Vec<u8>,
    offsets: Vec<(usize, usize)>,
}

#[derive(Deserialize)]
struct OneText {
    text: String,
    #[serde(flatten)]
    whole: Recorded,
    ids_no_special: Vec<i64>,
    decode_skip: String,
    decode_keep: String,
}

#[derive(Deserialize)]
struct Pair {
    text: String,
    pair: String,
    #[serde(flatten)]
    whole: Recorded,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Truncation {
    text: String,
    pair: Option<String>,
    args: TruncationArgs,
    result: Option<Recorded>,
    #[serde(default)]
    overflowing: Vec<Recorded>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TruncationArgs {
    max_length: usize,
    #[serde(default)]
    stride: usize,
    direction: Option<String>,
    strategy: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Padding {
    texts: Vec<String>,
    args: PaddingArgs,
    result: Vec<Recorded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaddingArgs {
    pad_token: String,
    pad_id: i64,
    direction: Option<String>,
    length: Option<usize>,
    pad_to_multiple_of: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decoding {
    ids: Vec<i64>,
    decode_skip: String,
    decode_keep: String,
}

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tokenizers").join(kind)
}

fn tokenizer(kind: &str) -> Tokenizer {
    Tokenizer::open(&folder(kind).join("tokenizer.json")).unwrap()
}

/// Runs `each` on every kind with its cases, and expects at least so many cases.
fn on_every_kind(at_least: usize, each: impl Fn(&str, &Tokenizer, &Cases) -> usize) {
    for kind in KINDS {
        let cases: Cases =
            serde_json::from_str(&std::fs::read_to_string(folder(kind).join("cases.json")).unwrap()).unwrap();
        let seen = each(kind, &tokenizer(kind), &cases);
        assert!(seen >= at_least, "{kind}: {seen} cases");
    }
}

#[track_caller]
fn same(found: &Encoded, expected: &Recorded, texts: [&str; 2], told: &str) {
    assert_eq!(found.ids, expected.ids, "{told}");
    assert_eq!(found.tokens, expected.tokens, "{told}");
    assert_eq!(found.type_ids, expected.type_ids, "{told}");
    assert_eq!(expected.attention_mask, vec![1; found.ids.len()], "{told}");
    let special: Vec<u8> = found.special.iter().map(|&special| special.into()).collect();
    assert_eq!(special, expected.special_tokens_mask, "{told}");
    let code_points = |text: &str, byte: usize| text[..byte].chars().count();
    let offsets = found.offsets.iter().zip(&found.texts).map(|(&(from, to), text)| match text {
        Some(text) => (code_points(texts[*text], from), code_points(texts[*text], to)),
        None => (from, to),
    });
    assert_eq!(offsets.collect::<Vec<_>>(), expected.offsets, "{told}");
}

#[test]
fn texts_become_the_recorded_tokens_and_texts_again() {
    on_every_kind(39, |kind, tokenizer, cases| {
        for case in &cases.encode {
            let told = format!("{kind}, {:?}", case.text);
            let found = tokenizer.encode(&case.text).unwrap();
            same(&found, &case.whole, [&case.text, ""], &told);
            assert_eq!(tokenizer.encode_bare(&case.text).unwrap().ids, case.ids_no_special, "{told}");
            assert_eq!(tokenizer.decode(&found.ids).unwrap(), case.decode_skip, "{told}");
            assert_eq!(tokenizer.decode_with_special(&found.ids).unwrap(), case.decode_keep, "{told}");
        }
        cases.encode.len()
    });
}

#[test]
fn pairs_become_the_recorded_tokens() {
    on_every_kind(4, |kind, tokenizer, cases| {
        for case in &cases.pairs {
            let found = tokenizer.encode_pair(&case.text, &case.pair).unwrap();
            let told = format!("{kind}, {:?} and {:?}", case.text, case.pair);
            same(&found, &case.whole, [&case.text, &case.pair], &told);
        }
        cases.pairs.len()
    });
}

#[test]
fn ids_become_the_recorded_texts() {
    on_every_kind(8, |kind, tokenizer, cases| {
        for case in &cases.decode_ids {
            assert_eq!(tokenizer.decode(&case.ids).unwrap(), case.decode_skip, "{kind}, {:?}", case.ids);
            assert_eq!(tokenizer.decode_with_special(&case.ids).unwrap(), case.decode_keep, "{kind}, {:?}", case.ids);
        }
        cases.decode_ids.len()
    });
}

#[test]
fn long_texts_are_cut_where_the_reference_cuts_them() {
    on_every_kind(6, |kind, tokenizer, cases| {
        for case in &cases.truncation {
            let TruncationArgs { max_length, stride, .. } = case.args;
            let cut = Cut {
                max_tokens: max_length,
                overlap: stride,
                side: match case.args.direction.as_deref() {
                    Some("left") => Side::Left,
                    other => {
                        assert_eq!(other, None);
                        Side::Right
                    }
                },
                of: match case.args.strategy.as_deref() {
                    Some("only_first") => CutOf::First,
                    Some("only_second") => CutOf::Second,
                    other => {
                        assert!(matches!(other, None | Some("longest_first")));
                        CutOf::Longest
                    }
                },
            };
            let texts = [case.text.as_str(), case.pair.as_deref().unwrap_or_default()];
            let told = format!("{kind}, {cut:?}");
            let pieces = tokenizer.encode_pieces(&case.text, case.pair.as_deref(), cut);
            let Some(first) = &case.result else {
                let error = pieces.unwrap_err().to_string();
                assert!(error.contains(case.error.as_deref().unwrap()), "{told}: {error}");
                continue;
            };
            let pieces = pieces.unwrap();
            same(&pieces[0], first, texts, &told);
            if case.pair.is_none() {
                // The first pieces after the first were recorded.
                assert!(case.overflowing.len() >= 3 && pieces.len() > case.overflowing.len(), "{told}");
                for (piece, recorded) in pieces[1..].iter().zip(&case.overflowing) {
                    same(piece, recorded, texts, &told);
                }
                let (within, was_cut) = tokenizer.encode_within(&case.text, max_length).unwrap();
                assert!(was_cut && within.ids.len() == max_length, "{told}");
            }
        }
        cases.truncation.len()
    });
}

#[test]
fn batches_are_filled_up_as_the_reference_does() {
    on_every_kind(4, |kind, tokenizer, cases| {
        for case in &cases.padding {
            let PaddingArgs { pad_id, direction, length, pad_to_multiple_of, .. } = &case.args;
            assert_eq!(tokenizer.id(&case.args.pad_token), Some(*pad_id), "{kind}");
            let side = if direction.as_deref() == Some("left") { Side::Left } else { Side::Right };
            let mut texts: Vec<Vec<i64>> = case.texts.iter().map(|text| tokenizer.encode(text).unwrap().ids).collect();
            // A fixed length is the length of a text that stands beside the others.
            let longest = texts.iter().map(Vec::len).max().unwrap();
            let wanted = pad_to_multiple_of.map_or(longest, |of| longest.next_multiple_of(of));
            let rows: Vec<usize> = (0..texts.len()).collect();
            match length {
                // A length below that of a text leaves the text as it is, beyond what a batch can be.
                Some(length) if *length < longest => texts.retain(|text| text.len() <= *length),
                _ => {}
            }
            let recorded: Vec<&Recorded> = match length {
                Some(length) => case.result.iter().filter(|row| row.ids.len() == *length).collect(),
                None => case.result.iter().collect(),
            };
            let rows = &rows[..texts.len()];
            texts.push(vec![0; length.unwrap_or(wanted)]);
            let tokens = Tokens::padded(&texts, *pad_id, side).unwrap().select(rows);
            assert_eq!(recorded.len(), rows.len(), "{kind}, {length:?}");
            for (&row, recorded) in rows.iter().zip(recorded) {
                assert_eq!(tokens.input_ids.row(row), recorded.ids, "{kind}");
                let mask: Vec<u8> = tokens.mask().row(row).iter().map(|&real| real.into()).collect();
                assert_eq!(mask, recorded.attention_mask, "{kind}");
            }
        }
        cases.padding.len()
    });
}

#[test]
fn a_stream_tells_the_whole_text_and_takes_nothing_back() {
    let mut waited = 0;
    on_every_kind(39 + 8, |kind, tokenizer, cases| {
        let texts = cases.encode.iter().map(|case| &case.whole.ids);
        let all: Vec<&Vec<i64>> = texts.chain(cases.decode_ids.iter().map(|case| &case.ids)).collect();
        for ids in &all {
            let whole = tokenizer.decode(ids).unwrap();
            let mut stream = TextStream::new(tokenizer);
            let mut told = String::new();
            for id in ids.iter() {
                told += &stream.push(&[*id]).unwrap();
                assert!(whole.starts_with(&told), "{kind}: {told:?} is not how {whole:?} begins");
            }
            told += &stream.finish().unwrap();
            assert_eq!(told, whole, "{kind}");
        }
        all.len()
    });
    // Three bytes of one character come one at a time, and are told once.
    let tokenizer = tokenizer("bpe-bytelevel");
    for text in ["今天天气很好", "😀 smile", "ภาษาไทย"] {
        let mut stream = TextStream::new(&tokenizer);
        for id in tokenizer.encode(text).unwrap().ids {
            let new = stream.push(&[id]).unwrap();
            assert!(!new.contains('\u{fffd}'), "{new:?}");
            waited += usize::from(new.is_empty());
        }
    }
    assert!(waited > 10, "characters must come in pieces for this to mean anything");
}

#[test]
fn a_vocabulary_that_does_not_fit_is_refused() {
    on_every_kind(1, |kind, tokenizer, cases| {
        tokenizer.check_fits(cases.vocab_size).unwrap();
        tokenizer.check_fits(cases.vocab_size + 100).unwrap();
        let told = tokenizer.check_fits(cases.vocab_size - 2).unwrap_err();
        let (largest, size) = (cases.vocab_size - 1, cases.vocab_size);
        let expected = format!("expected ids below {}, the model's `vocab_size`, found {largest} for ", size - 2);
        assert!(told.to_string().contains(&expected), "{kind}: {told}");
        assert!(told.to_string().contains("(2 of "), "{kind}: {told}");
        assert!(told.hint().is_some());
        1
    });
}

#[test]
fn cuts_that_cannot_be_made_are_refused() {
    let tokenizer = tokenizer("wordpiece");
    let told = |text, pair, cut| tokenizer.encode_pieces(text, pair, cut).unwrap_err().to_string();
    for max_tokens in [0, 1] {
        let expected = format!("expected room for the 2 special tokens, found {max_tokens}");
        assert!(told("a b c", None, Cut::at(max_tokens)).contains(&expected));
    }
    assert!(told("a b", Some("c d"), Cut::at(2)).contains("expected room for the 3 special tokens, found 2"));
    let overlap = |overlap| Cut { overlap, ..Cut::at(6) };
    assert!(told("a b c d e f", None, overlap(4)).contains("expected an overlap below 4 tokens, found 4"));
    assert_eq!(tokenizer.encode_pieces("a b c d e f", None, overlap(3)).unwrap()[1].ids.len(), 6);
    assert_eq!(tokenizer.encode_pieces("a b", None, Cut::at(2)).unwrap()[0].ids.len(), 2);
}
