//! Downloads, end to end, from a hub on this machine.
#![cfg(feature = "hub")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::Duration;

use server::{Asked, COMMIT, Fault, Repository, Server, tag};
use tempfile::TempDir;
use zoo_registry::hub::{Hub, Pulled, Source};
use zoo_registry::{Error, HubTrouble};

const ID: &str = "toys/bear";
const CONFIG: &[u8] = b"{\"model_type\": \"bear\"}\n";
const TOKENIZER: &[u8] = b"{\"version\": \"1.0\"}";

/// Bytes that no two places share.
fn weights(len: usize, salt: u32) -> Vec<u8> {
    (0..len as u32).map(|at| (at.wrapping_mul(2_654_435_761).wrapping_add(salt) >> 13) as u8).collect()
}

/// A hub with a repository, and an empty cache.
struct Here {
    server: Server,
    home: TempDir,
    hub: Hub,
}

fn here(repository: Repository) -> Here {
    let (server, home) = (Server::start(), tempfile::tempdir().unwrap());
    server.put(ID, repository);
    let mut hub = Hub::new(home.path());
    hub.endpoint.clone_from(&server.endpoint);
    hub.retries = 0;
    Here { server, home, hub }
}

fn whole(weights: &[u8]) -> Repository {
    Repository::of(&[
        ("config.json", CONFIG),
        ("model.safetensors", weights),
        ("tokenizer.json", TOKENIZER),
        ("README.md", b"# Bear"),
        ("pytorch_model.bin", b"\x80\x02"),
    ])
}

fn source() -> Source {
    Source::new(ID, None).unwrap()
}

impl Here {
    fn pull(&self) -> Result<Pulled, Error> {
        self.hub.pull(&source(), &mut |_| {})
    }

    #[track_caller]
    fn trouble(&self) -> HubTrouble {
        trouble(self.pull())
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("models--toys--bear")
    }

    fn blob(&self, name: &str, content: &[u8]) -> PathBuf {
        self.folder().join("blobs").join(tag(name, content))
    }

    fn part(&self, name: &str, content: &[u8]) -> PathBuf {
        self.blob(name, content).with_added_extension("incomplete")
    }

    fn offline(&self) -> Hub {
        Hub { offline: true, ..self.hub.clone() }
    }
}

#[track_caller]
fn trouble<T: std::fmt::Debug>(result: Result<T, Error>) -> HubTrouble {
    match result.unwrap_err() {
        Error::Hub { trouble, .. } => trouble,
        other => panic!("{other}"),
    }
}

/// Requests that carry content: path and range.
fn fetched(asked: &[Asked]) -> Vec<(&str, Option<&str>)> {
    let content = asked.iter().filter(|asked| asked.method == "GET" && !asked.path.starts_with("/api/models/"));
    let last = content.filter(|asked| asked.of_cdn || asked.path.starts_with("/api/resolve-cache/"));
    last.map(|asked| (asked.path.rsplit('/').next().unwrap().split('?').next().unwrap(), asked.range.as_deref()))
        .collect()
}

/// Every file under a folder, by path, links and all.
fn tree(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => open.push(entry.path()),
                false => found.push(entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned()),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_cache_is_laid_out_as_hugging_face_does() {
    let weights = weights(300_000, 1);
    let here = here(whole(&weights));
    let pulled = here.pull().unwrap();
    assert_eq!((pulled.commit.as_str(), pulled.revision.as_str(), pulled.id.as_str()), (COMMIT, "main", ID));
    let names: Vec<&str> = pulled.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["config.json", "model.safetensors", "tokenizer.json"], "and no README and no pickle");
    assert_eq!(pulled.folder, here.folder().join("snapshots").join(COMMIT));
    assert_eq!(fs::read(pulled.folder.join("model.safetensors")).unwrap(), weights);
    assert_eq!(fs::read(pulled.folder.join("config.json")).unwrap(), CONFIG);
    assert_eq!(fs::read_to_string(here.folder().join("refs/main")).unwrap(), COMMIT);

    let contents = [("config.json", CONFIG), ("model.safetensors", &weights), ("tokenizer.json", TOKENIZER)];
    let mut expected: Vec<String> = Vec::new();
    for (name, content) in contents {
        let tag = tag(name, content);
        #[cfg(unix)]
        {
            let link = fs::read_link(pulled.folder.join(name)).unwrap();
            assert_eq!(link, Path::new("../../blobs").join(&tag));
        }
        expected.push(format!("models--toys--bear/blobs/{tag}"));
        expected.push(format!("models--toys--bear/snapshots/{COMMIT}/{name}"));
        expected.push(format!(".locks/models--toys--bear/{tag}.lock"));
    }
    for absent in
        ["tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "preprocessor_config.json"]
    {
        expected.push(format!("models--toys--bear/.no_exist/{COMMIT}/{absent}"));
    }
    expected.extend(["models--toys--bear/refs/main".into(), ".locks/models--toys--bear/refs.lock".into()]);
    expected.sort();
    assert_eq!(tree(here.home.path()), expected);

    let sha256 = |name: &str| pulled.files.iter().find(|file| file.name == name).unwrap().sha256().unwrap();
    assert_eq!(sha256("model.safetensors"), tag("x.safetensors", &weights));
    assert_eq!(sha256("config.json"), tag("x.safetensors", CONFIG), "not the name that git gives it");
}

#[test]
fn a_second_pull_downloads_nothing() {
    let here = here(whole(&weights(1000, 1)));
    let first = here.pull().unwrap();
    assert_eq!(
        first.files.iter().map(|file| file.received).sum::<u64>(),
        1000 + (CONFIG.len() + TOKENIZER.len()) as u64
    );
    here.server.asked();
    let second = here.pull().unwrap();
    assert_eq!(here.server.asked().len(), 1, "one question: where is `main`");
    assert!(second.files.iter().all(|file| file.received == 0));
    assert_eq!((second.folder, second.commit), (first.folder, first.commit));
    here.hub.find_or_pull(&source(), &mut |_| panic!("nothing moves")).unwrap();
    assert_eq!(here.server.asked(), [], "the cache is enough");
}

#[test]
fn a_download_goes_on_where_the_connection_broke() {
    let weights = weights(700_000, 2);
    let here = here(whole(&weights));
    here.server.fault("model.safetensors", Fault::Cut(350_000), 1);
    match here.trouble() {
        HubTrouble::BrokenOff { file, have: 350_000, of: 700_000, .. } => assert_eq!(file, "model.safetensors"),
        other => panic!("{other}"),
    }
    assert!(!here.blob("model.safetensors", &weights).exists() && !here.folder().join("refs").exists());
    assert_eq!(fs::metadata(here.part("model.safetensors", &weights)).unwrap().len(), 350_000);
    assert!(here.hub.find(&source()).unwrap().is_none(), "a part is not a checkpoint");
    here.server.asked();

    let mut seen = Vec::new();
    let pulled = here.hub.pull(&source(), &mut |progress| seen.push((progress.done, progress.total))).unwrap();
    assert_eq!(fetched(&here.server.asked()), [("model.safetensors", Some("bytes=350000-"))], "and nothing else again");
    let received: u64 = pulled.files.iter().map(|file| file.received).sum();
    assert_eq!(received, 350_000);
    assert_eq!(fs::read(pulled.folder.join("model.safetensors")).unwrap(), weights);
    assert!(!here.part("model.safetensors", &weights).exists());
    assert_eq!((seen[0], *seen.last().unwrap()), ((350_000, 700_000), (700_000, 700_000)));
    assert!(seen.is_sorted());
}

#[test]
fn a_broken_connection_is_tried_again_at_once() {
    let weights = weights(90_000, 3);
    let mut here = here(whole(&weights));
    here.hub.retries = 2;
    here.server.fault("model.safetensors", Fault::Cut(30_000), 1);
    here.server.fault("model.safetensors", Fault::Status(503), 1);
    here.server.fault("config.json", Fault::HeadStatus(502), 1);
    let pulled = here.pull().unwrap();
    assert_eq!(fs::read(pulled.folder.join("model.safetensors")).unwrap(), weights);
    let ranges: Vec<_> = fetched(&here.server.asked())
        .into_iter()
        .filter(|(name, _)| *name == "model.safetensors")
        .map(|(_, range)| range.map(str::to_owned))
        .collect();
    assert_eq!(ranges, [None, Some("bytes=30000-".to_owned()), Some("bytes=30000-".to_owned())]);
}

#[test]
fn a_silent_server_is_given_up_on() {
    let mut here = here(whole(&weights(1000, 1)));
    here.hub.patience = Duration::from_millis(200);
    here.server.fault("model.safetensors", Fault::Stall(10), 1);
    let HubTrouble::BrokenOff { have: 10, reason, .. } = here.trouble() else { panic!() };
    assert!(reason.contains("timeout"), "{reason}");
    here.pull().unwrap();
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let weights = weights(1000, 4);
    let here = here(whole(&weights));
    fs::create_dir_all(here.folder().join("blobs")).unwrap();
    fs::write(here.part("model.safetensors", &weights), &weights[..600]).unwrap();
    here.server.fault("model.safetensors", Fault::NoRanges, 1);
    let pulled = here.pull().unwrap();
    assert_eq!(fs::read(pulled.folder.join("model.safetensors")).unwrap(), weights);
}

#[test]
fn a_part_that_is_whole_or_too_long_is_no_trouble() {
    let weights = weights(1000, 5);
    for (part, asked) in [(weights.clone(), 0), ([&weights[..], b"more"].concat(), 1)] {
        let here = here(whole(&weights));
        fs::create_dir_all(here.folder().join("blobs")).unwrap();
        fs::write(here.part("model.safetensors", &weights), part).unwrap();
        let pulled = here.pull().unwrap();
        assert_eq!(fs::read(pulled.folder.join("model.safetensors")).unwrap(), weights);
        let weights =
            fetched(&here.server.asked()).into_iter().filter(|(name, _)| *name == "model.safetensors").count();
        assert_eq!(weights, asked);
    }
}

#[test]
fn a_wrong_checksum_leaves_nothing() {
    let weights = weights(1000, 6);
    let here = here(whole(&weights));
    for (file, content, kind) in [("model.safetensors", &weights[..], "SHA-256"), ("config.json", CONFIG, "git SHA-1")]
    {
        here.server.fault(file, Fault::Flip, 1);
        let HubTrouble::Checksum { file: named, kind: found, expected, .. } = here.trouble() else { panic!("{file}") };
        assert_eq!((named.as_str(), found, expected), (file, kind, tag(file, content)));
        assert!(!here.blob(file, content).exists() && !here.part(file, content).exists());
        assert!(here.hub.find(&source()).unwrap().is_none());
        fs::remove_dir_all(here.folder()).unwrap();
    }
    here.pull().unwrap();
}

#[test]
fn a_part_that_was_spoiled_is_found_out() {
    let weights = weights(1000, 7);
    let here = here(whole(&weights));
    fs::create_dir_all(here.folder().join("blobs")).unwrap();
    fs::write(here.part("model.safetensors", &weights), [0; 500]).unwrap();
    assert!(matches!(here.trouble(), HubTrouble::Checksum { .. }));
    here.pull().unwrap();
}

#[test]
fn more_bytes_than_were_announced_are_refused() {
    let here = here(whole(&weights(1000, 8)));
    here.server.fault("model.safetensors", Fault::Longer, 9);
    assert!(matches!(here.trouble(), HubTrouble::Untrusted { .. }));
    here.server.mend();
    here.pull().unwrap();
}

#[test]
fn offline_the_cache_is_all_there_is() {
    let here = here(whole(&weights(1000, 9)));
    let HubTrouble::Offline { missing, cache } = trouble(here.offline().pull(&source(), &mut |_| {})) else { panic!() };
    assert_eq!(
        (missing, cache.as_path()),
        (vec!["config.json".to_owned(), "model.safetensors".to_owned()], here.home.path())
    );
    assert!(matches!(trouble(here.offline().find_or_pull(&source(), &mut |_| {})), HubTrouble::Offline { .. }));
    assert_eq!(here.server.asked(), []);

    let online = here.pull().unwrap();
    here.server.asked();
    let offline = here.offline().pull(&source(), &mut |_| {}).unwrap();
    assert_eq!((offline.folder, offline.commit), (online.folder.clone(), online.commit));
    assert_eq!(here.server.asked(), []);
    let at_commit = Source::new(ID, Some(COMMIT)).unwrap();
    assert_eq!(here.offline().pull(&at_commit, &mut |_| {}).unwrap().folder, online.folder);

    fs::remove_file(online.folder.join("model.safetensors")).unwrap();
    let HubTrouble::Offline { missing, .. } = trouble(here.offline().pull(&source(), &mut |_| {})) else { panic!() };
    assert_eq!(missing, ["model.safetensors"]);
}

#[test]
fn the_token_goes_to_the_hub_and_to_no_other_host() {
    let mut here = here(Repository { closed: Some("GatedRepo"), ..whole(&weights(1000, 10)) });
    here.server.accept("hf_secret");
    here.hub.token = Some("hf_secret".into());
    here.pull().unwrap();
    let asked = here.server.asked();
    assert!(asked.iter().any(|asked| asked.of_cdn) && asked.iter().any(|asked| asked.path.contains("resolve-cache")));
    for asked in asked {
        let expected = (!asked.of_cdn).then(|| "Bearer hf_secret".to_owned());
        assert_eq!(asked.token, expected, "{asked:?}");
    }
}

#[test]
fn closed_doors_are_told_apart() {
    let mut here = here(Repository { closed: Some("GatedRepo"), ..whole(&weights(10, 11)) });
    here.server.accept("hf_secret");
    let page = format!("{}/{ID}", here.server.endpoint);
    assert_eq!(here.trouble(), HubTrouble::Gated { page, with_token: false });
    here.hub.token = Some("hf_wrong".into());
    assert_eq!(here.trouble(), HubTrouble::Denied { status: 401, with_token: true });
    here.hub.token = None;
    let nobody = Source::new("toys/nobody", None).unwrap();
    let none = |with_token| HubTrouble::NotFound { near: vec![], with_token };
    assert_eq!(trouble(here.hub.pull(&nobody, &mut |_| {})), none(false));
    here.hub.token = Some("hf_secret".into());
    assert_eq!(trouble(here.hub.pull(&nobody, &mut |_| {})), none(true));
    let revision = Source::new(ID, Some("v9")).unwrap();
    assert_eq!(trouble(here.hub.pull(&revision, &mut |_| {})), HubTrouble::NoRevision { revision: "v9".into() });
    for (trouble, word) in [(none(false), "HF_TOKEN"), (none(true), "account")] {
        assert!(trouble.hint().unwrap().contains(word));
    }
}

#[test]
fn a_server_in_trouble_and_a_server_that_is_not_there_are_told() {
    let mut here = here(whole(&weights(10, 12)));
    for status in [500, 429] {
        here.server.fault("model.safetensors", Fault::Status(status), 1);
        assert_eq!(here.trouble(), HubTrouble::Status { host: "127.0.0.1".into(), status });
    }
    here.server.fault("/api/models/", Fault::Status(404), 1);
    assert!(matches!(here.trouble(), HubTrouble::NotFound { .. }));
    here.server.fault("config.json", Fault::Status(404), 1);
    fs::remove_dir_all(here.folder()).unwrap();
    assert_eq!(here.trouble(), HubTrouble::NoFile { file: "config.json".into() });
    // Nobody listens at port 9, and if someone does it is no hub.
    here.hub.endpoint = "http://127.0.0.1:9".into();
    assert!(matches!(here.trouble(), HubTrouble::Unreachable { .. }));
}

#[test]
fn a_hub_that_does_not_answer_is_no_trouble_for_what_is_there() {
    let mut here = here(whole(&weights(1000, 13)));
    let folder = here.pull().unwrap().folder;
    // As after a library that fetched the model and not its tokenizer.
    fs::remove_file(folder.join("tokenizer.json")).unwrap();
    fs::remove_dir_all(here.folder().join(".no_exist")).unwrap();
    let endpoint = std::mem::replace(&mut here.hub.endpoint, "http://127.0.0.1:9".into());
    let found = here.hub.find_or_pull(&source(), &mut |_| {}).unwrap();
    assert_eq!(found.files.len(), 2);
    here.hub.endpoint = endpoint;
    // A branch that moved on does not matter: the files are of the commit that is there.
    let mut moved = whole(&weights(1000, 13));
    moved.commit("main", &"2".repeat(40), &[("config.json", CONFIG), ("model.safetensors", &weights(9, 9))]);
    here.server.put(ID, moved);
    let found = here.hub.find_or_pull(&source(), &mut |_| {}).unwrap();
    assert_eq!((found.files.len(), found.folder, found.revision.as_str()), (3, folder, "main"));
}

#[test]
fn shards_are_those_that_the_index_names() {
    let (one, two) = (weights(500, 14), weights(600, 15));
    let index =
        br#"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}"#;
    let files: [(&str, &[u8]); 5] = [
        ("config.json", CONFIG),
        ("model.safetensors.index.json", index),
        ("model-1.safetensors", &one),
        ("model-2.safetensors", &two),
        ("model-3.safetensors", b"of another index"),
    ];
    let here = here(Repository::of(&files));
    here.server.fault("model-2.safetensors", Fault::Cut(100), 1);
    assert!(matches!(here.trouble(), HubTrouble::BrokenOff { .. }));
    let missing = trouble(here.offline().pull(&Source::new(ID, Some(COMMIT)).unwrap(), &mut |_| {}));
    assert!(matches!(missing, HubTrouble::Offline { missing, .. } if missing == ["model-2.safetensors"]));
    let pulled = here.pull().unwrap();
    let names: Vec<&str> = pulled.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["config.json", "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json"]);
    assert_eq!(fs::read(pulled.folder.join("model-2.safetensors")).unwrap(), two);

    here.server.put(ID, Repository::of(&files[..3]));
    fs::remove_dir_all(here.folder()).unwrap();
    assert_eq!(here.trouble(), HubTrouble::NoFile { file: "model-2.safetensors".into() });
}

#[test]
fn an_index_cannot_lead_out_of_its_folder() {
    for evil in [
        "../evil.safetensors",
        "/tmp/evil.safetensors",
        "a/../../evil.safetensors",
        "..\\evil.safetensors",
        "evil\n.safetensors",
        "evil.bin",
        "",
    ] {
        let index = serde_json::json!({ "weight_map": { "a": evil } }).to_string();
        let mut repository = Repository::of(&[
            ("config.json", CONFIG),
            ("model.safetensors.index.json", index.as_bytes()),
            (evil, b"evil"),
        ]);
        repository.listed.push(evil.to_owned());
        let here = here(repository);
        assert!(matches!(here.trouble(), HubTrouble::Untrusted { .. }), "{evil:?}");
        assert!(!here.server.asked().iter().any(|asked| asked.path.contains("evil")), "{evil:?}");
        assert!(!tree(here.home.path()).iter().any(|path| path.contains("evil")));
    }
}

#[test]
fn hostile_names_of_files_are_never_used() {
    let mut repository = whole(&weights(100, 16));
    let evil = [
        "../../evil",
        "/etc/evil",
        "a/../../../evil.json",
        "evil\u{0}.safetensors",
        "C:\\evil",
        "\u{1b}[2Jevil",
        "config.json/../evil",
    ];
    repository.listed.extend(evil.map(str::to_owned));
    let here = here(repository);
    here.pull().unwrap();
    assert!(!here.server.asked().iter().any(|asked| asked.path.contains("evil")));
    assert!(!tree(here.home.path()).iter().any(|path| path.contains("evil")));
}

#[test]
fn a_hub_that_lies_about_the_commit_is_not_believed() {
    for commit in ["main", "../../../evil", "", "11111"] {
        let mut repository = Repository::default();
        repository.commit("main", commit, &[("config.json", CONFIG), ("model.safetensors", b"x")]);
        let here = here(repository);
        assert!(matches!(here.trouble(), HubTrouble::Untrusted { .. }), "{commit:?}");
        assert_eq!(tree(here.home.path()), Vec::<String>::new());
    }
}

#[test]
fn a_huge_configuration_is_not_fetched() {
    let huge = vec![b' '; (16 << 20) + 1];
    let here = here(Repository::of(&[("config.json", &huge), ("model.safetensors", b"x")]));
    assert!(matches!(here.trouble(), HubTrouble::Untrusted { .. }));
    assert_eq!(fetched(&here.server.asked()), []);
}

#[test]
fn pickles_are_refused_before_anything_is_fetched() {
    let here =
        here(Repository::of(&[("config.json", CONFIG), ("pytorch_model.bin", b"\x80\x02"), ("rust_model.ot", b"")]));
    assert_eq!(here.trouble(), HubTrouble::Pickle { files: vec!["pytorch_model.bin".into()] });
    assert_eq!(here.server.asked().len(), 1);
    let error = here.pull().unwrap_err();
    assert!(error.to_string().contains("run code") && error.hint().unwrap().contains("safetensors"));
}

#[test]
fn revisions_are_branches_tags_and_commits() {
    let other = "2".repeat(40);
    let mut repository = whole(&weights(100, 17));
    let newer = weights(100, 18);
    repository.commit("refs/pr/1", &other, &[("config.json", CONFIG), ("model.safetensors", &newer)]);
    let here = here(repository);
    let pull = |revision: &str| here.hub.pull(&Source::new(ID, Some(revision)).unwrap(), &mut |_| {}).unwrap();
    let pulled = pull("refs/pr/1");
    assert_eq!(fs::read(pulled.folder.join("model.safetensors")).unwrap(), newer);
    assert_eq!(fs::read_to_string(here.folder().join("refs/refs/pr/1")).unwrap(), other);
    assert_eq!(pull(&other).folder, pulled.folder);
    assert_eq!(pull(COMMIT).commit, COMMIT);
    assert_eq!(
        tree(&here.folder().join("refs")),
        ["refs/pr/1"],
        "nobody asked where `main` is, and a commit is itself"
    );
    let config = here.blob("config.json", CONFIG);
    assert_eq!(fs::read(config).unwrap(), CONFIG, "one blob for both commits");
}

#[test]
fn a_branch_that_moves_leaves_what_was_there() {
    let mut repository = whole(&weights(100, 19));
    let here = here(repository.clone());
    let first = here.pull().unwrap();
    repository.commit("main", &"3".repeat(40), &[("config.json", CONFIG), ("model.safetensors", &weights(5000, 20))]);
    here.server.put(ID, repository);
    here.server.fault("model.safetensors", Fault::Cut(100), 1);
    here.trouble();
    assert_eq!(here.hub.find(&source()).unwrap().unwrap().commit, first.commit, "until the newer one is whole");
    assert_eq!(here.pull().unwrap().commit, "3".repeat(40));
    assert!(first.folder.join("model.safetensors").exists());
}

#[test]
fn several_pulls_at_once_fetch_a_file_once() {
    let weights = weights(2_000_000, 21);
    let here = here(whole(&weights));
    let together = Barrier::new(4);
    let received: Vec<u64> = std::thread::scope(|scope| {
        let pull = || {
            together.wait();
            let pulled = here.pull().unwrap();
            assert_eq!(fs::read(pulled.folder.join("model.safetensors")).unwrap(), weights);
            pulled.files.iter().map(|file| file.received).sum()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(pull)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(received.iter().sum::<u64>(), (2_000_000 + CONFIG.len() + TOKENIZER.len()) as u64);
    let fetched = here.server.asked();
    assert_eq!(self::fetched(&fetched).len(), 3);
}

#[test]
fn a_link_to_nothing_is_made_anew() {
    let weights = weights(100, 22);
    let here = here(whole(&weights));
    let folder = here.pull().unwrap().folder;
    let link = folder.join("model.safetensors");
    let spoil: [&dyn Fn(); 2] = [&|| fs::remove_file(here.blob("model.safetensors", &weights)).unwrap(), &|| {
        fs::remove_file(&link).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("../../blobs/of-yesterday", &link).unwrap();
    }];
    for spoil in spoil {
        spoil();
        assert!(here.hub.find(&source()).unwrap().is_none());
        here.pull().unwrap();
        assert_eq!(fs::read(&link).unwrap(), weights);
        #[cfg(unix)]
        assert!(link.is_symlink(), "a copy would take the room twice");
    }
}
