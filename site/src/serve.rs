//! A preview on loopback: the files of a built site, its policy as a header, its own page for what is not there.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::handler::HandlerWithoutStateExt;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use tokio::net::TcpListener;
use tower_http::services::ServeDir;

use crate::build::check_site;
use crate::error::{Error, Result};
use crate::preview::Preview;

/// What a page may load: its style sheet and its pictures; and, where its own policy allows more, the code that runs a model.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                          script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; form-action 'self'; \
                          base-uri 'none'; frame-ancestors 'none'";

/// What a picture on its own may load: nothing; it brings its style with it.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// Serves a built site until `shutdown` resolves.
///
/// # Errors
/// [`Error::NotLoopback`], [`Error::NotASite`], or [`Error::Serve`] when the address is taken.
pub async fn serve<F>(dir: &Path, address: SocketAddr, shutdown: F) -> Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    Server::bind(dir, address).await?.run(shutdown).await
}

/// A preview that listens but does not answer yet: it knows its address, also where port 0 asked for any free one.
#[derive(Debug)]
pub struct Server {
    router: Router,
    address: SocketAddr,
    listener: TcpListener,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// See [`serve`].
    pub async fn bind(dir: &Path, address: SocketAddr) -> Result<Self> {
        check_loopback(address)?;
        check_site(dir)?;
        Self::listen(folder(dir), address).await
    }

    /// Listens, and will answer with what a preview shows.
    ///
    /// # Errors
    /// [`Error::NotLoopback`], or [`Error::Serve`] when the address is taken.
    pub async fn preview(preview: &Preview, address: SocketAddr) -> Result<Self> {
        check_loopback(address)?;
        Self::listen(preview.router(), address).await
    }

    async fn listen(router: Router, address: SocketAddr) -> Result<Self> {
        let failed = |source| Error::Serve { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { router: router.layer(from_fn(guard)), address, listener })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` resolves.
    ///
    /// # Errors
    /// [`Error::Serve`].
    pub async fn run<F>(self, shutdown: F) -> Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let address = self.address;
        axum::serve(self.listener, self.router)
            .with_graceful_shutdown(shutdown)
            .await
            .map_err(|source| Error::Serve { address, source })
    }
}

fn check_loopback(address: SocketAddr) -> Result<()> {
    if address.ip().is_loopback() { Ok(()) } else { Err(Error::NotLoopback(address)) }
}

fn folder(dir: &Path) -> Router {
    let page = dir.join("404.html");
    let not_found = move || {
        let page = page.clone();
        async move { absent(&page).await }
    };
    Router::new().fallback_service(ServeDir::new(dir).fallback(not_found.into_service()))
}

/// The page for what is not there. It answers at any depth, so its links lead to the top by their full path.
async fn absent(page: &Path) -> Response {
    let html = tokio::fs::read_to_string(page).await.unwrap_or_default();
    (StatusCode::NOT_FOUND, Html(at_any_depth(&html))).into_response()
}

/// A page whose links lead to the top of the host by their full path.
pub(crate) fn at_any_depth(html: &str) -> String {
    html.replace("=\"./", "=\"/")
}

async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let picture = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"image/svg"));
    let policy = if picture { PICTURE_POLICY } else { POLICY };
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
