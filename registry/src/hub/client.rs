//! Requests to the hub. The token goes to the hub's own address and to no other.

use std::collections::BTreeSet;
use std::time::Duration;

use hf_hub::api::RepoInfo;
use ureq::http::uri::{Scheme, Uri};
use ureq::http::{Response, header};
use ureq::{Agent, Body};

use super::cache::repo;
use super::names::{Source, etag, is_commit, is_hex};
use super::{ENDPOINT, Hub};
use crate::error::{Error, HubTrouble, Result};

/// Requests about one repository.
pub(super) struct Client<'a> {
    hub: &'a Hub,
    source: &'a Source,
    endpoint: Uri,
    agent: Agent,
}

/// What the hub says of a revision.
pub(super) struct Listing {
    pub(super) commit: String,
    pub(super) files: BTreeSet<String>,
}

/// What the hub says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// The name of its blob.
    pub(super) etag: String,
    /// Bytes.
    pub(super) size: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Head,
    Get,
}

/// A listing of many thousand files.
const LARGEST_LISTING: u64 = 32 << 20;
const MOST_REDIRECTS: usize = 10;
const CONNECT: Duration = Duration::from_secs(20);

impl<'a> Client<'a> {
    pub(super) fn new(hub: &'a Hub, source: &'a Source) -> Result<Self> {
        let setting =
            |name: &str, reason: String| Error::Hub { asked: name.to_owned(), trouble: HubTrouble::Setting { reason } };
        let endpoint: Option<Uri> = hub.endpoint.parse().ok();
        let endpoint = endpoint.filter(|uri| origin(uri).is_some() && uri.query().is_none()).ok_or_else(|| {
            let reason = format!("expected the address of a hub, such as `{ENDPOINT}`, found `{}`", hub.endpoint);
            setting("HF_ENDPOINT", reason)
        })?;
        if hub.token.as_ref().is_some_and(|token| !token.bytes().all(|c| c.is_ascii_graphic())) {
            return Err(setting("HF_TOKEN", "expected a token without spaces and control characters".into()));
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // Followed here, for the token's sake.
            .max_redirects(0)
            .https_only(endpoint.scheme() == Some(&Scheme::HTTPS))
            .user_agent(concat!("zoo/", env!("CARGO_PKG_VERSION")))
            // Sizes and checksums are those of the files.
            .accept_encoding("identity")
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(hub.patience))
            .timeout_per_read(Some(hub.patience))
            .timeout_per_write(Some(hub.patience));
        if endpoint.host().is_some_and(|host| host == "localhost" || host.starts_with("127.")) {
            // No proxy reaches this machine's own addresses.
            config = config.proxy(None);
        }
        Ok(Self { hub, source, endpoint, agent: config.build().new_agent() })
    }

    /// The commit and the files of the revision.
    pub(super) fn listing(&self) -> Result<Listing> {
        let mut answer = self.send(Method::Get, &format!("api/{}", repo(self.source).api_url()), None)?;
        self.expect_success(&answer, None)?;
        let body = answer.body_mut().with_config().limit(LARGEST_LISTING).read_to_vec();
        let body = body.map_err(|error| self.unreachable(&self.endpoint, &error))?;
        let info: RepoInfo = serde_json::from_slice(&body)
            .map_err(|error| self.source.untrusted(format!("expected a list of files: {error}")))?;
        if !is_commit(&info.sha) {
            return Err(self.source.untrusted(format!("expected the 40 digits of a commit, found {:?}", info.sha)));
        }
        Ok(Listing { commit: info.sha, files: info.siblings.into_iter().map(|file| file.rfilename).collect() })
    }

    /// What the hub says of `file`; the source's revision is a commit here.
    pub(super) fn facts(&self, file: &str) -> Result<Facts> {
        let answer = self.send(Method::Head, &self.path(file), None)?;
        if !answer.status().is_redirection() {
            self.expect_success(&answer, Some(file))?;
        }
        let told = |name: &str| text(&answer, name);
        let untrusted = |what: &str| self.source.untrusted(format!("expected {what} of `{file}`"));
        if told("x-repo-commit").is_some_and(|commit| commit != self.source.revision()) {
            return Err(untrusted("the commit that was asked for in `X-Repo-Commit`"));
        }
        let tag = told("x-linked-etag").or(told("etag")).and_then(etag);
        let plain = || told("content-length").filter(|_| answer.status().is_success());
        let size = told("x-linked-size").or_else(plain).and_then(|size| size.parse().ok());
        Ok(Facts {
            etag: tag.ok_or_else(|| untrusted("a usable `ETag`"))?.to_owned(),
            size: size.ok_or_else(|| untrusted("the size"))?,
        })
    }

    /// The bytes of `file` from `start` on, if the status says so.
    pub(super) fn content(&self, file: &str, start: u64) -> Result<Response<Body>> {
        let answer = self.send(Method::Get, &self.path(file), (start > 0).then_some(start))?;
        if answer.status().as_u16() != 416 {
            self.expect_success(&answer, Some(file))?;
        }
        Ok(answer)
    }

    fn path(&self, file: &str) -> String {
        let repo = repo(self.source);
        format!("{}/resolve/{}/{file}", repo.url(), repo.url_revision())
    }

    /// Sends a request and follows redirects. `Head` stays with the hub: what it says of a file stands in its own answer.
    fn send(&self, method: Method, path: &str, start: Option<u64>) -> Result<Response<Body>> {
        let address = format!("{}/{path}", self.hub.endpoint.trim_end_matches('/'));
        let mut uri: Uri = address.parse().map_err(|_| self.source.untrusted(format!("no address: {address}")))?;
        for _ in 0..=MOST_REDIRECTS {
            let mut request = match method {
                Method::Head => self.agent.head(&uri),
                Method::Get => self.agent.get(&uri),
            };
            if let Some(token) = self.hub.token.as_ref().filter(|_| self.is_ours(&uri)) {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            if let Some(start) = start {
                request = request.header(header::RANGE, format!("bytes={start}-"));
            }
            let answer = request.call().map_err(|error| self.unreachable(&uri, &error))?;
            let location = text(&answer, "location").filter(|_| answer.status().is_redirection());
            let Some(location) = location else { return Ok(answer) };
            let next = redirected(&uri, location)
                .ok_or_else(|| self.source.untrusted(format!("a redirect leads to {location:?}")))?;
            if method == Method::Head && !self.is_ours(&next) {
                return Ok(answer);
            }
            uri = next;
        }
        Err(self.source.untrusted(format!("more than {MOST_REDIRECTS} redirects")))
    }

    fn is_ours(&self, uri: &Uri) -> bool {
        origin(uri) == origin(&self.endpoint)
    }

    /// Turns any status but success into an error that says why.
    fn expect_success(&self, answer: &Response<Body>, file: Option<&str>) -> Result<()> {
        let status = answer.status().as_u16();
        if answer.status().is_success() {
            return Ok(());
        }
        let with_token = self.hub.token.is_some();
        let revision = self.source.revision().to_owned();
        let trouble = match (status, text(answer, "x-error-code"), file) {
            (_, Some("GatedRepo"), _) => HubTrouble::Gated { page: self.page(), with_token },
            (_, Some("RepoNotFound"), _) => HubTrouble::NotFound { near: Vec::new(), with_token },
            (_, Some("RevisionNotFound"), _) => HubTrouble::NoRevision { revision },
            // The hub says 401 to strangers who ask for what is not there.
            (401, None, None) if !with_token => HubTrouble::NotFound { near: Vec::new(), with_token },
            (401 | 403, ..) => HubTrouble::Denied { status, with_token },
            (404, _, Some(file)) => HubTrouble::NoFile { file: file.to_owned() },
            (404, ..) => HubTrouble::NotFound { near: Vec::new(), with_token },
            _ => HubTrouble::Status { host: self.host(), status },
        };
        Err(self.source.error(trouble))
    }

    fn page(&self) -> String {
        format!("{}/{}", self.hub.endpoint.trim_end_matches('/'), self.source.id())
    }

    fn host(&self) -> String {
        self.endpoint.host().unwrap_or_default().to_owned()
    }

    fn unreachable(&self, uri: &Uri, error: &ureq::Error) -> Error {
        let reason = match error {
            ureq::Error::Timeout(_) => format!("nothing came within {} s", self.hub.patience.as_secs_f32()),
            error => error.to_string(),
        };
        self.source.error(HubTrouble::Unreachable { host: uri.host().unwrap_or_default().to_owned(), reason })
    }
}

impl Facts {
    /// The SHA-256 of the file, where the hub names it by that.
    pub(super) fn sha256(&self) -> Option<&str> {
        Some(self.etag.as_str()).filter(|tag| is_hex(tag, 64))
    }

    /// What git calls the file, where the hub names it by that.
    pub(super) fn git_sha1(&self) -> Option<&str> {
        Some(self.etag.as_str()).filter(|tag| is_hex(tag, 40))
    }
}

/// A header as text.
pub(super) fn text<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|value| !value.is_empty())
}

/// Scheme, host and port: who gets the token.
fn origin(uri: &Uri) -> Option<(&str, String, u16)> {
    let scheme = uri.scheme_str()?;
    let usual = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    Some((scheme, uri.host()?.to_ascii_lowercase(), uri.port_u16().unwrap_or(usual)))
}

/// Where a redirect leads: to another address, or to another path of the same.
fn redirected(from: &Uri, location: &str) -> Option<Uri> {
    let to: Uri = match location.strip_prefix('/') {
        Some(rest) if !rest.starts_with(['/', '\\']) => Uri::builder()
            .scheme(from.scheme()?.clone())
            .authority(from.authority()?.clone())
            .path_and_query(location)
            .build(),
        Some(_) => return None,
        None => return location.parse().ok().filter(|to| origin(to).is_some()),
    }
    .ok()?;
    Some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn the_token_belongs_to_scheme_host_and_port() {
        let hub = Hub { endpoint: "https://hub.example/mirror/".into(), ..Hub::new("/tmp") };
        let source = Source::new("a/b", None).unwrap();
        let client = Client::new(&hub, &source).unwrap();
        for ours in ["https://hub.example/x", "https://HUB.example:443/y?z"] {
            assert!(client.is_ours(&uri(ours)), "{ours}");
        }
        let others = [
            "http://hub.example/x",
            "https://hub.example:444/x",
            "https://cdn.hub.example/x",
            "https://hub.example.evil/x",
            "https://evil/hub.example",
            "https://hub.example@evil/x",
        ];
        for other in others {
            assert!(!client.is_ours(&uri(other)), "{other}");
        }
    }

    #[test]
    fn redirects_lead_to_addresses_and_paths() {
        let from = uri("https://hub.example/a/b?c");
        assert_eq!(redirected(&from, "/x/y?z"), Some(uri("https://hub.example/x/y?z")));
        assert_eq!(redirected(&from, "http://cdn.example:8/x"), Some(uri("http://cdn.example:8/x")));
        for other in ["", "//evil/x", "/\\evil", "x/y", "ftp://h/x", "file:///etc/passwd", "javascript:x"] {
            assert_eq!(redirected(&from, other), None, "{other}");
        }
    }

    #[test]
    fn addresses_and_tokens_are_checked_before_any_request() {
        let source = Source::new("a/b", None).unwrap();
        for endpoint in ["", "huggingface.co", "ftp://h", "https://", "https://h?x=", "file:///x"] {
            let hub = Hub { endpoint: endpoint.into(), ..Hub::new("/tmp") };
            assert!(Client::new(&hub, &source).is_err(), "{endpoint}");
        }
        let hub = Hub { token: Some("two words".into()), ..Hub::new("/tmp") };
        assert!(Client::new(&hub, &source).is_err());
    }
}
