//! Building blocks come back with their code and their models.

use zoo_catalog::{Catalog, build, parts};
use zoo_registry::picture;

use crate::fixtures::*;

#[tokio::test]
async fn building_blocks_come_back_whole() {
    let (_folder, _path, catalog) = catalog().await;
    let found = catalog.parts().await.unwrap();
    let kinds: Vec<_> = found.kinds.iter().map(|kind| kind.id.as_str()).collect();
    assert_eq!(kinds, parts::kinds().iter().map(|kind| kind.id.as_str()).collect::<Vec<_>>());
    let part = |kind: &str, id: &str| {
        let kind = found.kinds.iter().find(|known| known.id == kind).unwrap();
        kind.parts.iter().find(|part| part.id == id).unwrap()
    };
    let causal = part("attention", "causal");
    let sheet = parts::sheets().iter().find(|sheet| (&*sheet.kind, &*sheet.id) == ("attention", "causal")).unwrap();
    assert_eq!((&causal.text, &causal.equations, &causal.see), (&sheet.text, &sheet.equations, &sheet.see));
    assert_eq!(causal.names["zh"], "因果注意力");
    assert_eq!(causal.picture, picture::picture("attention", "causal"));
    assert!(causal.code.is_empty(), "no such code was handed over");
    let dense = part("mlp", "dense");
    assert_eq!(dense.label, "Feed-forward network");
    let [code] = &dense.code[..] else { panic!("{:?}", dense.code) };
    assert_eq!((&*code.path, &*code.item, code.first, code.last), ("mlp.rs", "Mlp", 3, 7));
    let files: Vec<_> = found.blocks.iter().map(|file| (&*file.source.path, &*file.source.text)).collect();
    assert_eq!(files, [("mlp.rs", MLP), ("nasty.rs", NASTY)]);
    assert_eq!(found.blocks[0].users, ["toy"]);
    assert_eq!(found.words.len(), parts::words().len());
}

#[tokio::test]
async fn a_block_is_used_by_what_names_builds_or_configures_it() {
    let (_folder, path) = folder();
    let users = async |record: zoo_registry::Record, place: &str| -> Vec<String> {
        build(&path, &[record, block()], &suite(), &[]).await.unwrap();
        let found = Catalog::open(&path).await.unwrap().parts().await.unwrap();
        let (kind, id) = place.split_once('/').unwrap();
        let kind = found.kinds.into_iter().find(|known| known.id == kind).unwrap();
        kind.parts.into_iter().find(|part| part.id == id).unwrap().users
    };
    for place in ["mlp/dense", "head/scalar", "mlp/mixture-of-experts", "embedding/patch"] {
        assert_eq!(users(toy(), place).await, Vec::<String>::new(), "{place}");
    }
    let mut named = toy();
    named.descriptor.components[0].part = Some("head/scalar".into());
    assert_eq!(users(named, "head/scalar").await, ["toy"]);
    let mut built = toy();
    built.sizes[0].modules.children[0].kind = "PatchEmbedding".into();
    assert_eq!(users(built, "embedding/patch").await, ["toy"]);
    let mut configured = toy();
    configured.descriptor.presets[0].config.insert("n_experts".into(), 4.into());
    assert_eq!(users(configured, "mlp/mixture-of-experts").await, ["toy"]);
}
