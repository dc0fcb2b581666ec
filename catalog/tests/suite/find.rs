//! Words find models, and statements make a copy.

use zoo_catalog::Catalog;

use crate::fixtures::*;

#[tokio::test]
async fn words_are_folded_alike_in_facts_and_questions() {
    let (_folder, _path, catalog) = catalog().await;
    let found =
        async |text: &str| catalog.search(text, 9).await.unwrap().into_iter().map(|hit| hit.id).collect::<Vec<_>>();
    for text in [
        "玩具",
        "具模",
        "模型",
        "型",
        "spielzeugmass",
        "SPIELZEUGMASS",
        "Spielzeugmaß",
        "spielz",
        "élan",
        "ELAN",
        "toys all you",
        "变形金刚 wheels",
    ] {
        assert_eq!(found(text).await, ["toy"], "{text}");
    }
    assert_eq!(found("plaything").await, ["toy"]);
    assert_eq!(found("wood").await, ["block", "toy"], "of equally good ones, what others descend from comes first");
    assert_eq!(found("toy-giant").await, ["toy"]);
    assert_eq!(found("具玩").await, Vec::<String>::new());
    assert_eq!(catalog.search("wood", 1).await.unwrap().len(), 1);
    assert_eq!(catalog.search("wood", 0).await.unwrap().len(), 0);
}

#[tokio::test]
async fn of_many_names_that_are_alike_the_nearest_is_suggested() {
    let (_folder, path) = folder();
    let mut many = block();
    many.descriptor.aliases = (0..900).map(|at| format!("same-old-name-{at:03}")).collect();
    zoo_catalog::build(&path, &[many], &suite(), &[]).await.unwrap();
    let catalog = Catalog::open(&path).await.unwrap();
    for at in ["000", "451", "899"] {
        let near = catalog.suggest(&format!("same-od-name-{at}")).await.unwrap();
        assert_eq!(near[0], format!("same-old-name-{at}"));
    }
}

/// Everything but the indexes of words, which hold nothing of their own.
#[tokio::test]
async fn statements_make_the_catalog_anew() {
    let (_folder, _path, catalog) = catalog().await;
    let mut script = String::new();
    let written = catalog.dump(|statement| {
        script.push_str(statement);
        script.push('\n');
        Ok::<_, zoo_catalog::Error>(())
    });
    written.await.unwrap();
    let (_there, path) = folder();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let copy = Catalog::open(&path).await.unwrap();
    let indexes = ["search", "search_name", "name_piece"];
    let ours =
        |tables: Vec<String>| tables.into_iter().filter(|name| !indexes.contains(&name.as_str())).collect::<Vec<_>>();
    let tables = ours(catalog.tables().await.unwrap());
    assert_eq!(ours(copy.tables().await.unwrap()), tables);
    assert!(tables.len() > 45, "{tables:?}");
    for table in &tables {
        assert_eq!(copy.table(table).await.unwrap(), catalog.table(table).await.unwrap(), "{table}");
    }
    assert_eq!(copy.model("toy").await.unwrap(), catalog.model("toy").await.unwrap());
    let told = catalog.table("modle\"; DROP TABLE lab").await.unwrap_err().to_string();
    assert!(told.starts_with("there is no table or view `modle\"; DROP TABLE lab`"), "{told}");
}
