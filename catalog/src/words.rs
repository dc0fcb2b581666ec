//! Texts as they are searched: folded alike when they are written and when they are asked for.
//!
//! SQLite's tokenizer splits words, and folds letter case and accents. What it does not know is done here: `ß` is `ss`, and Chinese,
//! Japanese and Korean, which put no spaces between words, become overlapping pairs of characters.

/// The text with letters folded that are no accented ones, and unspaced scripts in pairs.
pub(crate) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut run: Vec<char> = Vec::new();
    for c in text.chars() {
        if is_unspaced(c) {
            run.push(c);
            continue;
        }
        pairs(&mut run, &mut folded);
        match letter(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
    }
    pairs(&mut run, &mut folded);
    folded
}

/// A name without spaces, dashes and dots, beside the name itself: `GPT-2 gpt2`.
pub(crate) fn name(name: &str) -> String {
    let whole = joined(name);
    let folded = folded(name);
    if whole == folded { folded } else { format!("{folded} {whole}") }
}

/// What has to be there for a text typed by a person, one expression of FTS5 a word, each to be matched as a beginning or as a whole.
pub(crate) fn wanted(text: &str, beginnings: bool) -> Vec<String> {
    let mut wanted = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let is_unspaced = |c: &char| self::is_unspaced(*c);
        let characters: Vec<char> = word.chars().collect();
        for run in characters.chunk_by(|a, b| is_unspaced(a) == is_unspaced(b)) {
            let star = if beginnings { " *" } else { "" };
            match run {
                [alone] if is_unspaced(alone) => wanted.push(format!("\"{alone}\" *")),
                [first, ..] if is_unspaced(first) => {
                    let pairs: Vec<String> = run.windows(2).map(|pair| pair.iter().collect()).collect();
                    wanted.push(format!("\"{}\"", pairs.join(" ")));
                }
                _ => wanted.push(format!("\"{}\"{star}", folded(&run.iter().collect::<String>()))),
            }
        }
    }
    wanted
}

/// A name in groups of three characters, its beginning marked `^` and its end `$`; names that share many are spelt alike.
pub(crate) fn pieces(name: &str) -> Vec<String> {
    let inside = joined(name);
    let marked: Vec<char> = "^^".chars().chain(inside.chars()).chain("$$".chars()).collect();
    if inside.is_empty() { Vec::new() } else { marked.windows(3).map(|piece| piece.iter().collect()).collect() }
}

/// Ways in which a name can be like another, as expressions of FTS5 over pieces: the same first half, the same second half, the same
/// two ends. One slip of the finger leaves a half as it is, or both ends; of a short name, it may leave the first letter alone.
pub(crate) fn alike(name: &str) -> Vec<String> {
    let pieces: Vec<String> = pieces(name).into_iter().map(|piece| format!("\"{piece}\"")).collect();
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return Vec::new() };
    let (front, back) = pieces.split_at(pieces.len() / 2);
    let mut alike = vec![front.join(" AND "), back.join(" AND "), format!("{first} AND {last}")];
    if pieces.len() <= SHORT + 2 {
        alike.push(first.clone());
    }
    alike
}

/// Characters of a short name.
const SHORT: usize = 4;

fn joined(name: &str) -> String {
    let small = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    small.map(|c| letter(c).map_or_else(|| c.to_string(), str::to_owned)).collect()
}

/// A run of characters as overlapping pairs, and its last one alone, so that each begins a token.
fn pairs(run: &mut Vec<char>, to: &mut String) {
    for at in 0..run.len() {
        to.push(' ');
        to.extend(&run[at..run.len().min(at + 2)]);
    }
    if !run.is_empty() {
        to.push(' ');
    }
    run.clear();
}

/// Letters that no accent tells from others, as people write them without.
fn letter(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' | 'ẞ' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'þ' | 'Þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

/// Han characters, kana and Hangul.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_fold_and_unspaced_scripts_pair() {
        assert_eq!(folded("Straße 悟道2.0"), "Strasse  悟道 道 2.0");
        assert_eq!(folded("北京智"), " 北京 京智 智 ");
        assert_eq!(name("GPT-2"), "GPT-2 gpt2");
        assert_eq!(name("bert"), "bert");
    }

    #[test]
    fn what_is_typed_is_asked_for_word_by_word() {
        assert_eq!(wanted("Mask-LM", true), ["\"Mask\" *", "\"LM\" *"]);
        assert_eq!(wanted("智源 源", false), ["\"智源\"", "\"源\" *"]);
        assert_eq!(wanted("悟道2", true), ["\"悟道\"", "\"2\" *"]);
        assert_eq!(wanted("\" OR * -- ß", true), ["\"OR\" *", "\"ss\" *"]);
        assert!(wanted("--\"*", true).is_empty());
    }

    #[test]
    fn names_spelt_alike_share_pieces() {
        assert_eq!(pieces("Br-t"), ["^^b", "^br", "brt", "rt$", "t$$"]);
        assert!(pieces("!").is_empty() && alike("-").is_empty());
        assert_eq!(
            alike("brt"),
            [r#""^^b" AND "^br""#, r#""brt" AND "rt$" AND "t$$""#, r#""^^b" AND "t$$""#, r#""^^b""#]
        );
    }
}
