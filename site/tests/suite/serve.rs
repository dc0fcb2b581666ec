//! The preview answers what it should and nothing else.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use zoo_site::serve::Server;
use zoo_site::{Error, render, write};

use crate::fixture;

struct Preview {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    _work: tempfile::TempDir,
}

impl Preview {
    /// A site in `public`, with a secret beside it.
    async fn start() -> Self {
        let work = tempfile::tempdir().unwrap();
        let out = work.path().join("public");
        write(&render(&fixture::content()).unwrap(), &out).unwrap();
        std::fs::write(work.path().join("secret.txt"), "the secret").unwrap();
        let server = Server::bind(&out, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
        Self { address, stop: Some(stop), _work: work }
    }

    /// Sends a path to the letter, as no client would.
    async fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        (status, answer)
    }
}

#[tokio::test]
async fn pages_come_with_the_policy() {
    let preview = Preview::start().await;
    for path in ["/", "/models/", "/models/bert/", "/zoo.css"] {
        let (status, answer) = preview.get(path).await;
        assert_eq!(status, 200, "{path}");
        assert!(answer.contains("content-security-policy: default-src 'none'; style-src 'self'"), "{path}: {answer}");
        assert!(answer.contains("x-content-type-options: nosniff"), "{path}");
    }
    let (status, picture) = preview.get("/models/bert.svg").await;
    assert_eq!(status, 200);
    assert!(picture.contains("default-src 'none'; style-src 'unsafe-inline'"), "{picture}");
}

#[tokio::test]
async fn what_is_not_there_is_told_at_any_depth() {
    let preview = Preview::start().await;
    let (status, answer) = preview.get("/no/such/page/").await;
    assert_eq!(status, 404);
    assert!(answer.contains("Not found") && answer.contains("href=\"/zoo.css\""), "{answer}");
    assert!(answer.contains("content-security-policy: default-src 'none'"), "{answer}");
}

#[tokio::test]
async fn nothing_outside_the_folder_is_served() {
    let preview = Preview::start().await;
    for path in [
        "/../secret.txt",
        "/models/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/models/bert/..%2f..%2f..%2fsecret.txt",
        "/index.html%00.txt",
    ] {
        let (status, answer) = preview.get(path).await;
        assert!(status == 404 || status == 400, "{path}: {status}");
        assert!(!answer.contains("the secret"), "{path}");
    }
}

#[tokio::test]
async fn it_stops_when_told() {
    let mut preview = Preview::start().await;
    assert_eq!(preview.get("/").await.0, 200);
    preview.stop.take().unwrap().send(()).unwrap();
    for _ in 0..50 {
        if TcpStream::connect(preview.address).await.is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it still answers");
}

#[tokio::test]
async fn only_loopback_and_only_sites() {
    let work = tempfile::tempdir().unwrap();
    let site = Server::bind(work.path(), "127.0.0.1:0".parse().unwrap()).await;
    assert!(matches!(site, Err(Error::NotASite { .. })));
    write(&render(&fixture::content()).unwrap(), &work.path().join("public")).unwrap();
    let open = Server::bind(&work.path().join("public"), "0.0.0.0:0".parse().unwrap()).await;
    assert!(matches!(open, Err(Error::NotLoopback(_))));
}
