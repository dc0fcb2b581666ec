//! A site that is shown while it is worked on: its pages stand in memory, and browsers load them again when they change.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{Stream, unfold};
use tokio::sync::watch;

use crate::pages::Pages;
use crate::serve::at_any_depth;

/// Where browsers hear of changes; no page of a site has such an address.
const CHANGES: &str = "/.zoo/changes";
const RELOAD: &str = "/.zoo/reload.js";

/// What is shown. Copies show the same.
#[derive(Debug, Clone)]
pub struct Preview {
    pages: Arc<watch::Sender<Arc<Pages>>>,
}

impl Preview {
    /// Shows these pages.
    pub fn new(pages: Pages) -> Self {
        Self { pages: Arc::new(watch::Sender::new(Arc::new(pages))) }
    }

    /// Shows other pages from now on, and has browsers load what they show again.
    pub fn show(&self, pages: Pages) {
        self.pages.send_replace(Arc::new(pages));
    }

    /// Shows these files in the place of those at their addresses, and has browsers load what they show again.
    pub fn show_over(&self, files: Pages) {
        self.pages.send_modify(|shown| Arc::make_mut(shown).extend(files));
    }

    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route(CHANGES, get(changes))
            .route(RELOAD, get(|| async { ([(CONTENT_TYPE, "text/javascript")], include_str!("../static/reload.js")) }))
            .fallback(page)
            .with_state(self.clone())
    }
}

async fn changes(State(preview): State<Preview>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let pages = preview.pages.subscribe();
    Sse::new(unfold(pages, |mut pages| async move {
        pages.changed().await.ok()?;
        Some((Ok(Event::default().event("changed").data("")), pages))
    }))
}

async fn page(State(preview): State<Preview>, request: Request) -> Response {
    let pages = preview.pages.borrow().clone();
    let path = address(request.uri());
    let index =
        if path.is_empty() { "index.html".to_owned() } else { format!("{}/index.html", path.trim_end_matches('/')) };
    if let Some(file) = pages.get(path) {
        return answer(StatusCode::OK, path, file);
    }
    match pages.get(&index) {
        // Links are relative, so a page is shown at its own address only.
        Some(_) if !path.is_empty() && !path.ends_with('/') => {
            (StatusCode::TEMPORARY_REDIRECT, [("location", format!("/{path}/"))]).into_response()
        }
        Some(file) => answer(StatusCode::OK, &index, file),
        None => {
            let absent = String::from_utf8_lossy(pages.get("404.html").unwrap_or_default());
            answer(StatusCode::NOT_FOUND, "404.html", at_any_depth(&absent).as_bytes())
        }
    }
}

fn address(uri: &Uri) -> &str {
    uri.path().trim_start_matches('/')
}

fn answer(status: StatusCode, path: &str, file: &[u8]) -> Response {
    let kind = match path.rsplit_once('.').map_or("", |(_, kind)| kind) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "txt" | "sha256" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    let body =
        if path.ends_with(".html") { listening(&String::from_utf8_lossy(file)).into_bytes() } else { file.to_vec() };
    (status, [(CONTENT_TYPE, kind)], body).into_response()
}

/// The page with a script that hears of changes, and a policy that lets it.
fn listening(html: &str) -> String {
    let script = format!("<script type=\"module\" src=\"{RELOAD}\"></script>\n</head>");
    let html = html.replacen("</head>", &script, 1);
    let policy = html.lines().find(|line| line.contains("Content-Security-Policy")).unwrap_or_default();
    if policy.contains("connect-src") {
        return html;
    }
    html.replacen("form-action 'self'", "connect-src 'self'; form-action 'self'", 1)
}
