//! No question that is about some models looks at all of them.
//!
//! The statements are those that SQLite was really given: every connection of a catalog tells of each, and each is explained.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::sync::{Arc, Mutex};

use libsqlite3_sys::{SQLITE_TRACE_STMT, sqlite3_trace_v2};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, Connection};
use zoo_registry::{Descriptor, Record, SuiteFacts};

use super::{Catalog, Filter, Key, Range, Sort, options};

/// Tables that do not grow with the number of models: the vocabularies, the suite, and what a query made itself.
const SMALL: [&str; 11] = [
    "axis",
    "term",
    "level",
    "suite",
    "conformance_check",
    "conformance_catch",
    "conformance_seen",
    "json_each",
    "main.search_config",
    "main.search_name_config",
    "main.name_piece_config",
];

/// Questions about the whole catalog, which look at all of it, and questions in the words of a person.
const WHOLE: [&str; 16] = [
    "open",
    "history",
    "changes_since",
    "models",
    "families",
    "matrix",
    "axes",
    "parts",
    "answers",
    "labs",
    "licences",
    "stats",
    "tables",
    "descriptors",
    "dump",
    "table",
];
const TYPED: [&str; 2] = ["sql", "sql_within"];

type Told = Arc<Mutex<Vec<String>>>;

/// A catalog that writes down every statement.
async fn listening(folder: &std::path::Path) -> (Catalog, Told) {
    let toml = |id: &str, parent: &str| {
        format!(
            "id = \"{id}\"\nname = \"{id}\"\nsummary = \"A toy.\"\nfamily = \"toys\"\ndate = \"2020-02\"\nlabs = [\"google\"]\n\
             licence = {{ code = \"MIT\", weights = \"MIT\" }}\nlineage = [{{ id = \"{parent}\", relation = \"derives-from\" }}]\n\
             papers = [{{ title = \"Toys\", authors = [\"A. Child\"], year = 2020, url = \"https://example.org\" }}]\n\
             heads = [{{ id = \"none\", summary = \"The body.\" }}]\ntaxonomy = {{ attention = [\"causal\"] }}\ntiny = {{ d_model = 8 }}\n\
             presets = [{{ id = \"{id}-base\", parameters = 7 }}]"
        )
    };
    let record = |id, parent| Record::without_code(Descriptor::parse(&toml(id, parent)).unwrap());
    let path = folder.join("catalog.sqlite");
    crate::build(&path, &[record("toy", "block"), record("block", "wood")], &SuiteFacts::default(), &[]).await.unwrap();
    let told = Told::default();
    let listener = Arc::clone(&told);
    let pool = SqlitePoolOptions::new().after_connect(move |connection, _| {
        let listener = Arc::clone(&listener);
        Box::pin(async move {
            let mut handle = connection.lock_handle().await?;
            let raw = handle.as_raw_handle().as_ptr();
            // SAFETY: the connection is open, and the list lives as long as the process: its count is never taken down.
            unsafe {
                sqlite3_trace_v2(
                    raw,
                    SQLITE_TRACE_STMT as c_uint,
                    Some(listen),
                    Arc::into_raw(listener).cast_mut().cast(),
                )
            };
            Ok(())
        })
    });
    (Catalog { pool: pool.connect_lazy_with(options(&path)), path }, told)
}

/// SQLite's word on a statement that begins.
unsafe extern "C" fn listen(_: c_uint, told: *mut c_void, statement: *mut c_void, sql: *mut c_void) -> c_int {
    let _ = statement;
    // SAFETY: `told` is the list that `listening` handed over, and `sql` a text of SQLite's own that ends in a zero byte.
    let (told, sql) =
        unsafe { (&*told.cast_const().cast::<Mutex<Vec<String>>>(), CStr::from_ptr(sql.cast_const().cast())) };
    told.lock().unwrap().push(sql.to_string_lossy().into_owned());
    0
}

/// Full scans of what may be large, statement by statement.
async fn scans(catalog: &Catalog, statements: Vec<String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut connection = catalog.pool.acquire().await.unwrap();
    for sql in statements.iter().filter(|sql| sql.starts_with("SELECT") || sql.starts_with("WITH")) {
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        assert!(!plan.is_empty(), "no plan for {sql}");
        for (.., step) in plan {
            // An index of words is looked up, though SQLite calls that a scan too.
            let is_lookup = step.contains("VIRTUAL TABLE INDEX") && !step.ends_with("VIRTUAL TABLE INDEX 0:");
            let Some(table) = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()) else { continue };
            let own = ["kin", "matched", "wanted", "n", "CONSTANT"].contains(&table);
            if !is_lookup && !own && !SMALL.contains(&table) {
                found.push(format!("{step}, in {sql}"));
            }
        }
    }
    connection.ping().await.unwrap();
    found
}

/// Every question about some models, by the name of its function.
async fn ask(catalog: &Catalog, question: &str) {
    let causal = || vec![("attention".to_owned(), "causal".to_owned())];
    let range = |text| Range::parse(text).ok();
    let filters = [
        Filter { terms: causal(), ..Filter::default() },
        Filter { family: Some("toys".into()), ..Filter::default() },
        Filter { lab: Some("google".into()), ..Filter::default() },
        Filter { licence: Some("MIT".into()), ..Filter::default() },
        Filter { years: range("2020.."), ..Filter::default() },
        Filter { years: range("..2021"), terms: causal(), parameters: range("1..9"), ..Filter::default() },
        Filter { parameters: range("..1B"), ..Filter::default() },
        Filter { name: Some("toy".into()), ..Filter::default() },
        Filter { code: true, ..Filter::default() },
    ];
    match question {
        "model" => _ = catalog.model("toy").await.unwrap().unwrap(),
        "whole" => {
            let toy = catalog.model("toy").await.unwrap().unwrap();
            assert_eq!(catalog.whole(vec![toy.summary.clone()]).await.unwrap(), [toy]);
        }
        "resolve" => _ = catalog.resolve("toy-base").await.unwrap().unwrap(),
        "suggest" => assert!(!catalog.suggest("toy-bsae").await.unwrap().is_empty()),
        "search" => assert_eq!(catalog.search("toy", 5).await.unwrap().len(), 2),
        "lineage" => assert_eq!(catalog.lineage("toy").await.unwrap().ancestors.len(), 2),
        "sizes" => {
            for filter in &filters {
                for key in [Key::Name, Key::Parameters, Key::Date] {
                    assert!(
                        filter.code || !catalog.sizes(filter, Sort { key, descending: true }).await.unwrap().is_empty(),
                        "{filter:?}"
                    );
                }
            }
        }
        "facets" => {
            for filter in &filters {
                assert!(filter.code || !catalog.facets(filter).await.unwrap().is_empty(), "{filter:?}");
            }
        }
        _ => panic!("`{question}` is a new question: ask it here, or say above why it looks at everything"),
    }
}

/// Names of all public functions that ask something, from the sources.
fn questions() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = std::fs::read_dir(folder.join("query")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| !path.ends_with("plans.rs"));
    let text: String =
        files.chain([folder.join("query.rs")]).map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let after = text.split("    pub async fn ").skip(1);
    after.map(|rest| rest.split(['(', '<']).next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn questions_about_some_models_look_at_no_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, told) = listening(folder.path()).await;
    let questions = questions();
    let narrow: Vec<_> =
        questions.iter().filter(|name| !WHOLE.contains(&name.as_str()) && !TYPED.contains(&name.as_str())).collect();
    assert!(
        narrow.len() >= 7 && WHOLE.iter().chain(&TYPED).all(|name| questions.iter().any(|known| known == name)),
        "{questions:?}"
    );
    for question in narrow {
        told.lock().unwrap().clear();
        ask(&catalog, question).await;
        let statements = std::mem::take(&mut *told.lock().unwrap());
        assert!(
            statements.iter().any(|sql| sql.starts_with("SELECT") || sql.starts_with("WITH")),
            "`{question}` was not heard"
        );
        assert_eq!(scans(&catalog, statements).await, Vec::<String>::new(), "`{question}`");
    }
    // What does look at everything is seen to.
    told.lock().unwrap().clear();
    catalog.models().await.unwrap();
    let statements = std::mem::take(&mut *told.lock().unwrap());
    assert!(!scans(&catalog, statements).await.is_empty());
}
